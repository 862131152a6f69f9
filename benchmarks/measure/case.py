"""One recurrent layer or stack with its numbers, and our side of it.

Every side of a case computes from the same weights, rows and output gradient, and can say what it got: the output and,
in training, the gradients of the input and of every weight under torch's names, all as padded arrays with zeros past a
row's end. ``check`` holds two of them against each other: a rival that computes something else is no rival.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from anaphora.nn import GRU, LSTM, RNN, Ragged
from measure.turns import Side

OURS: dict[str, Any] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
CLOSE = 2e-4  # of the largest value of each array: float32 sums over up to 50,000 lines, in other orders
Outputs = dict[str, np.ndarray]


class Rival(NamedTuple):
    """A side under its name, with what it got; ``note`` says in which of several ways it was best."""

    name: str
    side: Side
    outputs: Callable[[], Outputs]
    note: str = ""


class Case(NamedTuple):
    """One row of the plan. T steps, B rows, I inputs, H units; ``mode`` is train or infer."""

    cell: str
    mode: str
    ragged: bool
    layers: int
    directions: int
    T: int
    B: int
    I: int
    H: int

    @property
    def shape(self) -> str:
        """The shape for people."""
        stack = f" L{self.layers}" * (self.layers > 1) + f" D{self.directions}" * (self.directions > 1)
        return f"T{self.T} B{self.B} I{self.I} H{self.H}{stack}{' ragged' * self.ragged}"


class Problem:
    """The numbers of a case: our layer, the padded input and output gradient, the rows' lengths."""

    def __init__(self, case: Case) -> None:
        torch.manual_seed(0)
        self.case = case
        self.layer = OURS[case.cell](case.I, case.H, case.layers, bidirectional=case.directions == 2)
        self.lengths = torch.full((case.B,), case.T)
        if case.ragged:  # spread evenly over 10 to 100 % of T, in any order
            self.lengths = (
                torch.linspace(0.1 * case.T, case.T, case.B).round().long().clamp(min=1)[torch.randperm(case.B)]
            )
        self.mask = torch.arange(case.T)[:, None] < self.lengths  # (T, B)
        self.x = torch.randn(case.T, case.B, case.I) * self.mask[:, :, None]
        self.dy = torch.randn(case.T, case.B, case.directions * case.H) * self.mask[:, :, None]

    @property
    def share(self) -> float:
        """The part of the padded batch that are steps of rows."""
        return float(self.mask.float().mean())

    @cached_property
    def ours(self) -> Rival:
        """Our side: a Ragged where rows differ in length, made outside of the clock."""
        if not self.case.ragged:
            leaf = self.x.clone().requires_grad_()
            return torch_side("anaphora", self, self.layer, leaf, leaf, self.dy)
        ragged = Ragged.from_padded(self.x, self.lengths)
        leaf = ragged.data.clone().requires_grad_()
        dy = Ragged.from_padded(self.dy, self.lengths).data
        return torch_side("anaphora", self, self.layer, ragged.with_data(leaf), leaf, dy)

    def padded(self, batch: Any) -> np.ndarray:
        """Any of torch's batches, or ours, as (T, B, ·)."""
        if isinstance(batch, Ragged):
            batch = batch.to_padded(steps_at_least=self.case.T)
        elif isinstance(batch, PackedSequence):
            batch = pad_packed_sequence(batch)[0]
        return batch.detach().numpy().copy()


def torch_side(name: str, problem: Problem, layer: Any, batch: Any, leaf: Tensor, dy: Tensor) -> Rival:
    """A torch module's side: ``batch`` goes in, ``leaf`` is the tensor inside of it to derive by."""
    training = problem.case.mode == "train"

    def train() -> Any:
        layer.zero_grad(set_to_none=True)
        leaf.grad = None
        y, _ = layer(batch)
        (y if isinstance(y, Tensor) else y.data).backward(dy)
        return y

    def infer() -> Any:
        with torch.no_grad():
            return layer(batch)[0]

    call = train if training else infer

    def outputs() -> Outputs:
        found = {"y": problem.padded(call())}
        if training:
            found["x"] = problem.padded(leaf.grad if batch is leaf else with_data(batch, leaf.grad))
            found |= {name: weight.grad.numpy().copy() for name, weight in layer.named_parameters()}
        return found

    return Rival(name, Side(call, nudge_of(layer)), outputs)


def with_data(batch: Any, data: Any) -> Any:
    """The same rows with other values."""
    if isinstance(batch, Ragged):
        return batch.with_data(data)
    return PackedSequence(data, batch.batch_sizes, batch.sorted_indices, batch.unsorted_indices)


def nudge_of(layer: torch.nn.Module) -> Callable[[], None]:
    """What changes the weights a little before every call, so that nothing can be kept from the call before."""
    changes = [1e-4 * torch.randn_like(weight) for weight in layer.parameters()]
    signs = itertools.cycle((1, -1))

    def nudge() -> None:
        sign = next(signs)
        with torch.no_grad():
            for weight, change in zip(layer.parameters(), changes, strict=True):
                weight.add_(change, alpha=sign)

    return nudge


def check(name: str, ours: Outputs, theirs: Outputs, close: float = CLOSE) -> None:
    """Raise ValueError unless the output and gradients of ``name`` are ours, but for rounding."""
    for array in theirs:
        scale = np.abs(ours[array]).max()
        worst = np.abs(theirs[array] - ours[array]).max() / scale
        if not worst <= close:
            raise ValueError(
                f"{name} computes something else: {array} is off by {worst:.1e} of its largest, {scale:.1e}"
            )
