"""Count the Python functions between `module.forward` and the kernels: one warm call, each function as it is entered.

    python benchmarks/calls.py [--cell LSTM] [--train]

A short walk takes the kernels less time than thirty Python functions take, so their number is held in a test
(`tests/nn/test_calls.py`). Torch's own functions count too; its two around `forward` (`Module.__call__`) do not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from anaphora import nn


def entered(function: Callable[[], Any]) -> list[str]:
    """The Python functions that a call of `function` enters, itself left out: file and name of each, in order."""
    names: list[str] = []

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            names.append(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return names[1:]


def functions_of(cell: str, train: bool) -> list[str]:
    """The functions that a warm forward of a layer enters, over one row of 100 steps and 16 units."""
    layer, x = getattr(nn, cell)(16, 16), torch.randn(100, 1, 16)
    with torch.set_grad_enabled(train):
        layer(x)  # the first call builds the index of the batch
        return entered(lambda: layer.forward(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", default="LSTM", help="a module of anaphora.nn")
    parser.add_argument("--train", action="store_true", help="with gradients")
    asked = parser.parse_args()
    names = functions_of(asked.cell, asked.train)
    print(*names, f"{len(names)} functions, {len(set(names))} different ones", sep="\n")


if __name__ == "__main__":
    main()
