"""Time every variant and modifier against the plain cell and against a hand-written torch loop, in turn in one process.

    python benchmarks/variants.py [--quick] [--variants PeepholeLSTM zoneout ...] [--seconds S] [--json FILE]

A training call is forward and backward with the gradients of the input and of every weight, an inference call runs
under `torch.no_grad()`. The plain cell is the LSTM, or the GRU for GRUs; modifiers change an LSTM. The loops are those
of `rivals/loops.py`: the same weights and equations in plain torch. Before anything is timed the loop's output, and in
training its gradients, are held against ours (where masks are drawn in training, in evaluation only).

`cost` is our time with the variant divided by the plain cell's, `ratio` the loop's time divided by ours. Below come
`inspect` beside a forward that saves for backward, and how much memory is saved for backward (without input and
weights), counted by torch's own hooks on saved tensors.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from anaphora import nn
from measure import bars, facts, program, turns
from measure.case import check, nudge_of
from rivals import loops

QUICK = [(100, 1, 64), (100, 32, 128)]  # T, B, H, and as many inputs as units
SHAPES = [(100, 1, 64), (100, 32, 64), (100, 32, 128), (100, 32, 256)]
RESETS = 0.02  # of all steps
CLOSE = 5e-3  # of the largest: the norm of the first step, where h is 0, multiplies rounding on the way back by 316
MASKS_DRAWN = ("zoneout", "recurrent_dropout", "weight_drop")
TRAIN_ONLY = ("recurrent_dropout", "weight_drop", "clip_gradients", "recompute")
Loop = Callable[[dict[str, Tensor], Tensor, bool], Tensor]


class Variant(NamedTuple):
    """One of them on one shape: our module, what else its forward takes, and the same as a loop."""

    module: Any
    options: dict[str, Any]
    loop: Loop


def lstm(H: int) -> Any:
    """What the modifiers change."""
    return nn.LSTM(H, H)


def variant(name: str, T: int, B: int, H: int) -> Variant:
    """A variant by the name of its class or function."""
    changes: dict[str, tuple[Callable[[Any], Any], Loop]] = {
        "zoneout": (
            lambda module: nn.zoneout(module, 0.05, 0.5),
            functools.partial(loops.zoneout, hidden=0.05, memory=0.5),
        ),
        "recurrent_dropout": (
            lambda module: nn.recurrent_dropout(module, 0.3),
            functools.partial(loops.recurrent_dropout, p=0.3),
        ),
        "weight_drop": (lambda module: nn.weight_drop(module, 0.3), functools.partial(loops.weight_drop, p=0.3)),
        "learned_state": (nn.learned_state, loops.learned_state),
        "clip_gradients": (
            lambda module: nn.clip_gradients(module, 0.01),
            functools.partial(loops.clip_gradients, limit=0.01),
        ),
        "recompute": (
            lambda module: nn.recompute(module, root(T)),
            functools.partial(loops.recompute, steps=root(T)),
        ),
    }
    if name in changes:
        change, loop = changes[name]
        return Variant(change(lstm(H)), {}, loop)
    if name == "reset":
        where = torch.rand(T, B) < RESETS
        return Variant(lstm(H), {"reset": where}, functools.partial(loops.reset, where=where))
    return Variant(getattr(nn, name)(H, H), {}, CELLS[name])


CELLS: dict[str, Loop] = {
    "LayerNormLSTM": loops.layer_norm_lstm,
    "LayerNormGRU": loops.layer_norm_gru,
    "PeepholeLSTM": loops.peephole,
    "CoupledLSTM": loops.coupled,
    "ResetBeforeGRU": loops.reset_before,
}
NAMES = (*CELLS, *MASKS_DRAWN, "learned_state", "clip_gradients", "recompute", "reset")


def root(T: int) -> int:
    """The length of a segment that saves the most memory."""
    return math.isqrt(T)


def plain_of(name: str, H: int) -> Any:
    """The plain cell that a variant is held against."""
    return nn.GRU(H, H) if name.endswith("GRU") else lstm(H)


class Numbers(NamedTuple):
    """The input and the output's gradient."""

    x: Tensor
    dy: Tensor


def call_of(run: Callable[[Tensor], Tensor], mode: str, numbers: Numbers, leaves: list[Tensor]) -> Callable[[], Tensor]:
    """What is timed: a whole training step of a layer, or its output alone."""
    x = numbers.x.clone().requires_grad_()
    leaves.insert(0, x)

    def train() -> Tensor:
        for leaf in leaves:
            leaf.grad = None
        y = run(x)
        y.backward(numbers.dy)
        return y

    def infer() -> Tensor:
        with torch.no_grad():
            return run(x)

    return train if mode == "train" else infer


def outputs(call: Callable[[], Tensor], mode: str, leaves: list[Tensor]) -> dict[str, np.ndarray]:
    """The output, and each leaf's gradient by its place."""
    found = {"y": call().detach().numpy()}
    if mode == "train":
        found |= {f"gradient {at}": leaf.grad.numpy() for at, leaf in enumerate(leaves) if leaf.grad is not None}
    return found


def measure(name: str, mode: str, shape: tuple[int, int, int], seconds: float) -> dict[str, Any]:
    """A variant, the plain cell and the loop in turn: the variant's row."""
    T, B, H = shape
    torch.manual_seed(0)
    found, plain = variant(name, T, B, H), plain_of(name, H)
    with torch.no_grad():
        for weight in found.module.parameters():  # gains and first states that are not all alike
            weight.add_(0.05 * torch.randn_like(weight))
    numbers = Numbers(torch.randn(T, B, H), torch.randn(T, B, H))
    held = {key: weight.detach().clone().requires_grad_() for key, weight in found.module.named_parameters()}
    named = {key.removesuffix("_l0"): weight for key, weight in held.items()}
    sides = {
        "ours": (lambda x: found.module(x, **found.options)[0], list(found.module.parameters())),
        "plain": (lambda x: plain(x)[0], list(plain.parameters())),
        "loop": (lambda x: found.loop(named, x, found.module.training), list(held.values())),
    }
    found.module.train(mode == "train" and name not in MASKS_DRAWN)
    for proof in ("infer", "train")[: 2 if mode == "train" else 1]:
        ours, theirs = (
            outputs(call_of(run, proof, numbers, leaves := list(weights)), proof, leaves)
            for run, weights in (sides["ours"], sides["loop"])
        )
        check(f"a torch loop, {name} {proof} T{T} B{B} H{H}", ours, theirs, CLOSE)
    found.module.train(mode == "train")
    before = {"ours": nudge_of(found.module), "plain": nudge_of(plain), "loop": lambda: None}
    timed = [
        turns.Side(call_of(run, mode, numbers, list(weights)), before[side]) for side, (run, weights) in sides.items()
    ]
    rounds = turns.in_turn(timed, seconds)
    return {
        "variant": name,
        "mode": mode,
        "T": T,
        "B": B,
        "H": H,
        **{f"{side}_ms": turns.median_of(rounds, at) for at, side in enumerate(sides)},
        "cost": turns.ratio_of(rounds, 0, 1),
        "ratio": turns.ratio_of(rounds, 2, 0),
    }


def inspected(cell: str, shape: tuple[int, int, int], seconds: float) -> dict[str, Any]:
    """`inspect` and a training forward in turn."""
    T, B, H = shape
    torch.manual_seed(0)
    module, x = getattr(nn, cell)(H, H), torch.randn(T, B, H)
    before = nudge_of(module)
    sides = [turns.Side(lambda: nn.inspect(module, x), before), turns.Side(lambda: module(x), before)]
    rounds = turns.in_turn(sides, seconds)
    return {
        "variant": f"inspect({cell})",
        "mode": "look",
        "T": T,
        "B": B,
        "H": H,
        "ours_ms": turns.median_of(rounds, 0),
        "forward_ms": turns.median_of(rounds, 1),
        "cost": turns.ratio_of(rounds, 0, 1),
    }


def saved_bytes(module: torch.nn.Module, x: Tensor) -> int:
    """What a forward keeps for backward, each piece of memory once, without what it was given."""
    known = {tensor.untyped_storage().data_ptr() for tensor in (x, *module.parameters())}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y, _ = module(x)
    assert y.requires_grad
    return sum(kept.values())


def memory(shape: tuple[int, int, int]) -> dict[str, Any]:
    """Bytes saved for backward by an LSTM that recomputes, by a plain one and by torch's."""
    T, B, H = shape
    torch.manual_seed(0)
    x = torch.randn(T, B, H, requires_grad=True)
    modules = {"ours": nn.recompute(lstm(H), root(T)), "plain": lstm(H), "torch": torch.nn.LSTM(H, H)}
    return {
        "variant": "recompute",
        "mode": "memory",
        "T": T,
        "B": B,
        "H": H,
        "steps": root(T),
        **{f"{side}_bytes": saved_bytes(module, x) for side, module in modules.items()},
    }


def shape_of(row: bars.Row) -> str:
    """The shape of a row for people."""
    return f"{row['variant']} {row['mode']} T{row['T']} B{row['B']} H{row['H']}"


def timed_line(row: dict[str, Any]) -> str:
    """A variant's row for people."""
    times = f"{row['ours_ms']:10.3f}{row['plain_ms']:10.3f}{row['loop_ms']:10.3f}"
    return f"{shape_of(row):42}{times}{row['cost']:8.2f}{row['ratio']:8.2f}"


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = program.options(__doc__, "two shapes")
    parser.add_argument("--variants", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    seconds = program.seconds_of(asked)
    shapes = QUICK if asked.quick else SHAPES
    print(facts.header())
    print(f"{'variant':42}{'ours ms':>10}{'plain ms':>10}{'loop ms':>10}{'cost':>8}{'ratio':>8}")
    rows = []
    for name in asked.variants:
        for mode in ("train",) if name in TRAIN_ONLY else ("train", "infer"):
            for shape in shapes:
                rows.append(measure(name, mode, shape, seconds))
                print(timed_line(rows[-1]), flush=True)
    print(f"\n{'inspection cost':42}{'inspect ms':>10}{'forward ms':>12}{'cost':>8}")
    for cell in ("LSTM", "GRU", "LayerNormLSTM"):
        for shape in shapes:
            row = inspected(cell, shape, seconds)
            rows.append(row)
            times = f"{row['ours_ms']:10.3f}{row['forward_ms']:12.3f}"
            print(f"{shape_of(row):42}{times}{row['cost']:8.3f}", flush=True)
    print(f"\n{'saved for backward, MiB':42}{'recompute':>10}{'plain':>10}{'torch.nn':>10}")
    for shape in shapes:
        row = memory(shape)
        rows.append(row)
        kept = (row["ours_bytes"], row["plain_bytes"], row["torch_bytes"])
        print(f"{shape_of(row):42}" + "".join(f"{bytes_kept / 2**20:10.2f}" for bytes_kept in kept))
    print()
    print(bars.table(bars.judge(bars.variants(asked.variants), rows), shape_of))
    program.leave(asked, rows)


if __name__ == "__main__":
    sys.exit(main())
