"""One build of anaphora, in a process of its own: it waits for the number of a row and answers with seconds per call.

    python build_side.py FOLDER       rows on standard input, one number per line; seconds on standard output

Only names that builds share are used: the layers of `anaphora.nn`, and a model file that the runtime steps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from anaphora import nn, runtime

LAYERS = [  # T, B, H, layers, directions, ragged
    (100, 1, 16, 1, 1, False),
    (100, 1, 64, 1, 1, False),
    (100, 32, 64, 1, 1, False),
    (100, 32, 64, 1, 1, True),
    (100, 32, 128, 1, 1, False),
    (100, 32, 128, 1, 1, True),
    (100, 1, 64, 2, 2, False),
    (100, 32, 128, 2, 2, False),
]
TURN_S = 0.02
REPEATS = 3
Call = Callable[[], object]


def layer_rows() -> Iterator[tuple[str, Call]]:
    """Each cell, forward alone and with gradients, on every shape."""
    for cell in ("RNN", "GRU", "LSTM"):
        for training in (False, True):
            for T, B, H, layers, directions, ragged in LAYERS:
                module = getattr(nn, cell)(H, H, layers, bidirectional=directions == 2)
                x: torch.Tensor | nn.Ragged = torch.randn(T, B, H, requires_grad=training)
                if ragged:
                    lengths = torch.linspace(0.1 * T, T, B).round().long()[torch.randperm(B)]
                    x = nn.Ragged(torch.randn(int(lengths.sum()), H, requires_grad=training), lengths)
                stack = f" L{layers} D{directions}" if layers > 1 else ""
                name = f"{cell.lower()} {'train' if training else 'infer'} T{T} B{B} H{H}{stack}{' ragged' * ragged}"
                yield name, training_call(module, x) if training else inference_call(module, x)


def training_call(module: torch.nn.Module, x: torch.Tensor | nn.Ragged) -> Call:
    """Forward, backward, and the gradient of every weight."""
    weights = list(module.parameters())

    def call() -> None:
        y, _ = module(x)
        torch.autograd.grad((y if isinstance(y, torch.Tensor) else y.data).sum(), weights)

    return call


def inference_call(module: torch.nn.Module, x: torch.Tensor | nn.Ragged) -> Call:
    """Forward alone."""

    def call() -> None:
        with torch.no_grad():
            module(x)

    return call


def step_rows(folder: Path) -> Iterator[tuple[str, Call]]:
    """A step of every model in the folder, through bound buffers and as a value."""
    for path in sorted(folder.glob("*.anaphora")):
        model = runtime.load(path)
        bound, state = model.stepper(), model.initial()
        yield f"{path.stem} step, bound", bound.step
        yield f"{path.stem} step, by value", lambda model=model, state=state: model.step(state, 1)


def seconds(call: Call, count: int) -> float:
    """Processor seconds per call: the least of a few repeats."""
    took = []
    for _ in range(REPEATS):
        begun = time.process_time()
        for _ in range(count):
            call()
        took.append((time.process_time() - begun) / count)
    return min(took)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = [*layer_rows(), *step_rows(Path(sys.argv[1]))]
    counts = []
    for _, call in rows:
        call()
        counts.append(max(1, round(TURN_S / REPEATS / seconds(call, 1))))
    print(*(name for name, _ in rows), sep="\t", flush=True)
    for line in sys.stdin:
        number = int(line)
        print(seconds(rows[number][1], counts[number]), flush=True)


if __name__ == "__main__":
    main()
