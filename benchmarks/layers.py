"""Time one recurrent layer, ours and torch.nn's in turn in one process.

    python benchmarks/layers.py [--quick] [--json FILE] [--cells rnn gru lstm]

Both layers hold the same weights, which change before every call, so that nothing can be kept from the call before.
A training call is forward and backward with every gradient (input, weights); an inference call runs under
`torch.no_grad()`. Ragged batches have lengths spread evenly over 10 to 100 % of T; torch gets them as a PackedSequence,
we as a Ragged, both made outside the clock.

The two take turns call by call. A row holds the medians of both, and of the ratio of each pair, rival / ours: above 1
we are faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

import anaphora
from anaphora import kernels
from anaphora.nn import GRU, LSTM, RNN, Ragged

CELLS: dict[str, tuple[type[torch.nn.Module], type[torch.nn.Module]]] = {
    "rnn": (RNN, torch.nn.RNN),
    "gru": (GRU, torch.nn.GRU),
    "lstm": (LSTM, torch.nn.LSTM),
}
QUICK = [(100, 1, 64, 64), (100, 32, 64, 64), (100, 32, 128, 128)]  # T, B, I, H
SHAPES = [
    *QUICK,
    (100, 32, 256, 256),
    (100, 64, 512, 512),
    (1000, 8, 128, 128),
    (35, 20, 650, 650),
    (784, 64, 1, 128),
]
RAGGED = [(100, 32, 64, 64), (100, 32, 128, 128)]
COLUMNS = ("cell", "mode", "ragged", "T", "B", "I", "H", "ours_ms", "rival", "rival_ms", "ratio")


def nudge(layers: tuple[torch.nn.Module, ...]) -> None:
    """Change the weights of every layer a little, all alike."""
    with torch.no_grad():
        for alike in zip(*(layer.parameters() for layer in layers), strict=True):
            change = 1e-4 * torch.randn_like(alike[0])
            for weight in alike:
                weight.add_(change)


def inference(layer: torch.nn.Module, batch: Any) -> Callable[[], None]:
    """A call that only looks at the output."""

    def call() -> None:
        with torch.no_grad():
            layer(batch)

    return call


def training(layer: torch.nn.Module, batch: Any, leaf: Tensor, gradient: Tensor) -> Callable[[], None]:
    """A call that walks forward and back, from and to fresh gradients."""

    def call() -> None:
        layer.zero_grad(set_to_none=True)
        leaf.grad = None
        y, _ = layer(batch)
        data = y if isinstance(y, Tensor) else y.data
        data.backward(gradient)

    return call


def in_turn(
    ours: Callable[[], None], rival: Callable[[], None], between: Callable[[], None], seconds: float
) -> list[tuple[float, float]]:
    """Milliseconds of both, pair after pair, for about so many seconds and at least five pairs; two pairs warm up."""
    pairs: list[tuple[float, float]] = []
    begun = time.perf_counter()
    while len(pairs) < 7 or time.perf_counter() - begun < seconds:
        took = []
        for call in (ours, rival):
            between()
            start = time.perf_counter()
            call()
            took.append(1e3 * (time.perf_counter() - start))
        pairs.append((took[0], took[1]))
    return pairs[2:]


def batches(ragged: bool, T: int, B: int, I: int, H: int) -> tuple[Any, Any, Tensor, Tensor, Tensor]:
    """Our batch and the rival's with the same rows, the leaves to derive by, and the gradient of the output's lines."""
    if not ragged:
        x = torch.randn(T, B, I)
        leaves = x.clone().requires_grad_(), x.clone().requires_grad_()
        return leaves[0], leaves[1], *leaves, torch.randn(T, B, H)
    lengths = torch.linspace(0.1 * T, T, B).round().long()[torch.randperm(B)]
    rows = [torch.randn(int(length), I) for length in lengths]
    packed = torch.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)
    leaf = packed.data.clone().requires_grad_()
    theirs = torch.nn.utils.rnn.PackedSequence(leaf, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    ours = Ragged.from_list(rows)
    own_leaf = ours.data.clone().requires_grad_()
    return Ragged(own_leaf, ours.lengths), theirs, own_leaf, leaf, torch.randn(len(leaf), H)


def measure(cell: str, mode: str, ragged: bool, shape: tuple[int, int, int, int], seconds: float) -> dict[str, Any]:
    """One row of the table."""
    T, B, I, H = shape
    torch.manual_seed(0)
    ours, rival = CELLS[cell][0](I, H), CELLS[cell][1](I, H)
    rival.load_state_dict(ours.state_dict())
    batch, rival_batch, leaf, rival_leaf, gradient = batches(ragged, T, B, I, H)
    if mode == "train":
        calls = training(ours, batch, leaf, gradient), training(rival, rival_batch, rival_leaf, gradient)
    else:
        calls = inference(ours, batch), inference(rival, rival_batch)
    pairs = in_turn(*calls, lambda: nudge((ours, rival)), seconds)
    values = (
        *(cell, mode, ragged, T, B, I, H),
        statistics.median(mine for mine, _ in pairs),
        "torch.nn packed" if ragged else "torch.nn",
        statistics.median(theirs for _, theirs in pairs),
        statistics.median(theirs / mine for mine, theirs in pairs),
    )
    return dict(zip(COLUMNS, values, strict=True))


def rows(quick: bool, cells: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """Every row asked for, as it is measured."""
    for cell in cells:
        for mode in ("train", "infer"):
            for shape in QUICK if quick else SHAPES:
                yield measure(cell, mode, False, shape, seconds)
            for shape in RAGGED[:1] if quick else RAGGED:
                yield measure(cell, mode, True, shape, seconds)


def line(row: dict[str, Any]) -> str:
    """A row for people."""
    shape = f"T{row['T']} B{row['B']} I{row['I']} H{row['H']}" + (" ragged" if row["ragged"] else "")
    figures = f"{row['ours_ms']:10.3f}{row['rival_ms']:11.3f}{row['ratio']:9.2f}"
    return f"{row['cell']:5}{row['mode']:6}{shape:28}{figures}  {row['rival']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three shapes, less time each")
    parser.add_argument("--json", metavar="FILE", help="also write the rows there, as a JSON list")
    parser.add_argument("--cells", nargs="+", choices=[*CELLS], default=[*CELLS], help="only these")
    parser.add_argument("--seconds", type=float, help="about how long to spend on each row (0.5 if quick, else 2)")
    asked = parser.parse_args()
    seconds = asked.seconds if asked.seconds is not None else 0.5 if asked.quick else 2.0
    rival = f"torch {torch.__version__} ({torch.get_num_threads()} threads)"
    print(f"anaphora {anaphora.__version__} ({kernels.arch()}, {kernels.get_threads()} threads) and {rival}")
    print(f"{'cell':5}{'mode':6}{'shape':28}{'ours ms':>10}{'rival ms':>11}{'ratio':>9}  rival")
    found = []
    for row in rows(asked.quick, asked.cells, seconds):
        found.append(row)
        print(line(row), flush=True)
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
