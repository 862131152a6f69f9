"""The one list of all recurrent things that every law runs over, and what a law needs to ask of one of them.

A `Case` says which module in which layout; a `Problem` brings it to life: random weights, different per gate, biases
not zero, rows of random numbers, given initial states. Rows are leaves, so gradients can be read row by row in any
layout.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence, pad_sequence

from anaphora import nn

Rows = list[Tensor]

# Layouts that torch knows too, and those that it doesn't.
TORCHS = ("dense", "batch_first", "unbatched", "packed", "unsorted")
OURS = ("ragged", "lengths", "lengths_batch_first")
RAGGED = ("packed", "unsorted", *OURS)


@dataclass(frozen=True)
class Case:
    cell: str
    layout: str
    layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    dropout: bool = False
    proj: bool = False
    states: bool = True
    width: int = 5
    H: int = 17

    def __str__(self) -> str:
        options = [name for name in ("bidirectional", "dropout", "proj", "states") if getattr(self, name)]
        plain = [] if self.bias else ["nobias"]
        return "-".join([self.cell, self.layout, f"{self.layers}x{self.width}x{self.H}", *options, *plain])

    @property
    def P(self) -> int:
        return 6 if self.proj else self.H

    @property
    def lengths(self) -> list[int]:
        if self.layout == "unbatched":
            return [7]
        if self.layout == "packed":
            return [8, 7, 7, 4, 1]
        if self.layout == "unsorted":
            return [4, 8, 1, 7, 7]
        if self.layout in OURS:
            return [4, 0, 8, 1, 7, 0, 7]
        return [7] * 5

    def module(self, kind: Any = nn, **more: Any) -> Any:
        name = "RNN" if self.cell.startswith("rnn") else self.cell.upper()
        options: dict[str, Any] = {
            "num_layers": self.layers,
            "bidirectional": self.bidirectional,
            "bias": self.bias,
            "batch_first": self.layout in ("batch_first", "lengths_batch_first"),
            "dropout": 0.4 if self.dropout else 0.0,
        }
        if self.proj:
            options["proj_size"] = self.P
        if name == "RNN":
            options["nonlinearity"] = self.cell.removeprefix("rnn_")
        return getattr(kind, name)(self.width, self.H, **options, **more)


def _product() -> Iterator[Case]:
    yes_no = (False, True)
    for cell, layout, layers, both, bias, dropout, proj, states in itertools.product(
        ("rnn_tanh", "rnn_relu", "gru", "lstm"), TORCHS + OURS, (1, 2), yes_no, yes_no, yes_no, yes_no, yes_no
    ):
        if (proj and cell != "lstm") or (dropout and layers == 1):
            continue
        for width, H in ((5, 17), (1, 7 if proj else 1), (19, 32)):
            yield Case(cell, layout, layers, both, bias, dropout, proj, states, width, H)


def _pairs(case: Case) -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    values = [(name, getattr(case, name)) for name in Case.__dataclass_fields__ if name != "width"]
    return set(itertools.combinations(values, 2))


def _pairwise(cases: list[Case]) -> list[Case]:
    """Few cases in which every two options meet: take the case with most pairs unseen until none is left."""
    wanted = {case: _pairs(case) for case in cases}
    random.Random(7).shuffle(cases)
    missing, chosen = set().union(*wanted.values()), []
    while missing:
        best = max(cases, key=lambda case: len(wanted[case] & missing))
        chosen.append(best)
        missing -= wanted[best]
    return chosen


@functools.cache
def every_case(soak: bool) -> list[Case]:
    """All combinations of all options in the soak; otherwise few, in which every two options meet."""
    return list(_product()) if soak else _pairwise(list(_product()))


class Problem:
    """A module of ours, torch's twin with the same weights, rows, states, and something to differentiate."""

    def __init__(self, case: Case, seed: int = 0, lengths: list[int] | None = None) -> None:
        self.case = case
        self.lengths = case.lengths if lengths is None else lengths
        draw = torch.Generator().manual_seed(seed)
        self.ours, self.torchs = case.module(), case.module(torch.nn)
        with torch.no_grad():
            for number, weight in enumerate(self.ours.parameters()):
                scale = 1.2 * weight.shape[-1] ** -0.5 if weight.dim() == 2 else 0.7
                weight.copy_(torch.randn(weight.shape, generator=draw) * scale + 0.02 * (number % 3))
        self.torchs.load_state_dict(self.ours.state_dict())
        D = 2 if case.bidirectional else 1
        B = len(self.lengths)
        self.rows = [torch.randn(T, case.width, generator=draw).requires_grad_() for T in self.lengths]
        sizes = (case.P, case.H) if case.cell == "lstm" else (case.P,)
        shapes = [(case.layers * D, B, size) for size in sizes]
        self.states = [(0.8 * torch.randn(shape, generator=draw)).requires_grad_() for shape in shapes]
        self.d_rows = [torch.randn(T, D * case.P, generator=draw) for T in self.lengths]
        self.d_states = [torch.randn(shape, generator=draw) for shape in shapes]

    def double(self) -> Problem:
        """The same problem in float64."""
        other = Problem(self.case, lengths=self.lengths)
        for name in ("rows", "states"):
            setattr(other, name, [t.detach().double().requires_grad_() for t in getattr(self, name)])
        for name in ("d_rows", "d_states"):
            setattr(other, name, [t.double() for t in getattr(self, name)])
        other.ours.load_state_dict(self.ours.state_dict())
        other.torchs.load_state_dict(self.torchs.state_dict())
        other.ours.double(), other.torchs.double()
        return other

    def bring(self, rows: Rows, layout: str | None = None, padding: float = 0.0) -> tuple[Any, dict[str, Any]]:
        """Rows in the case's layout, and the keyword arguments that go with it."""
        layout = layout or self.case.layout
        if layout == "unbatched":
            return rows[0], {}
        if layout in ("packed", "unsorted"):
            return pack_sequence(rows, enforce_sorted=layout == "packed"), {}
        if layout == "ragged":
            return nn.Ragged(torch.cat(rows), torch.tensor([len(row) for row in rows])), {}
        padded = pad_sequence(rows, batch_first=layout.endswith("batch_first"), padding_value=padding)
        return padded, {"lengths": torch.tensor([len(row) for row in rows])} if layout.startswith("lengths") else {}

    def take(self, output: Any) -> Rows:
        """The rows of an output in any layout."""
        layout = self.case.layout
        if layout == "unbatched":
            return [output]
        if isinstance(output, nn.Ragged):
            return output.rows()
        if isinstance(output, PackedSequence):
            padded, lengths = pad_packed_sequence(output)
            return [padded[:T, b] for b, T in enumerate(lengths)]
        padded = output.transpose(0, 1) if self.ours.batch_first else output
        return [padded[:T, b] for b, T in enumerate(self.lengths)]

    def hx(self, states: list[Tensor]) -> Any:
        if not self.case.states:
            return None
        states = [state[:, 0] for state in states] if self.case.layout == "unbatched" else states
        return states[0] if len(states) == 1 else tuple(states)

    def run(self, module: Any, padding: float = 0.0) -> tuple[Rows, list[Tensor]]:
        """Rows of the output and the states, whatever the layout."""
        batch, keywords = self.bring(self.rows, padding=padding)
        output, state = module(batch, self.hx(self.states), **keywords)
        states = list(state) if isinstance(state, tuple) else [state]
        return self.take(output), [s.unsqueeze(1) if s.dim() == 2 else s for s in states]

    def run_each_alone(self, module: Any) -> tuple[Rows, list[Tensor]]:
        """Every row as a batch of its own; an empty row, which torch doesn't take, keeps its initial state."""
        outputs, ends = [], []
        layout, states = "batch_first" if module.batch_first else "dense", self.states
        initial = states if self.case.states else [torch.zeros_like(s) for s in states]
        for b, row in enumerate(self.rows):
            mine = [state[:, b : b + 1] for state in initial]
            if not len(row):
                outputs.append(row.new_zeros(0, self.d_rows[b].shape[1]))
                ends.append(mine)
                continue
            batch, _ = self.bring([row], layout)
            output, state = module(batch, mine[0] if len(mine) == 1 else tuple(mine))
            outputs.append(output.flatten(0, 1))
            ends.append(list(state) if isinstance(state, tuple) else [state])
        return outputs, [torch.cat(column, dim=1) for column in zip(*ends, strict=True)]

    def run_torch(self) -> tuple[Rows, list[Tensor]]:
        """Torch's answer, in the case's own layout where torch knows it."""
        return self.run(self.torchs) if self.case.layout in TORCHS else self.run_each_alone(self.torchs)

    def gradients(self, module: Any, found: tuple[Rows, list[Tensor]], create_graph: bool = False) -> dict[str, Tensor]:
        """Every gradient of Σ output·d_output + Σ state·d_state, by name."""
        outputs, states = found
        arrived = [*self.d_rows, *self.d_states]
        loss = sum((value * d).sum() for value, d in zip([*outputs, *states], arrived, strict=True))
        names, sources = zip(*module.named_parameters(), strict=True)
        sources = (*sources, *self.rows, *self.states)
        names = (*names, *[f"row {b}" for b in range(len(self.rows))], *["h_0", "c_0"][: len(self.states)])
        got = torch.autograd.grad(loss, sources, create_graph=create_graph, allow_unused=True, materialize_grads=True)
        return dict(zip(names, got, strict=True))


def values(found: tuple[Rows, list[Tensor]]) -> dict[str, Tensor]:
    outputs, states = found
    return {**{f"output {b}": row for b, row in enumerate(outputs)}, **dict(zip(("h_n", "c_n"), states, strict=False))}


def distance(got: dict[str, Tensor], expected: dict[str, Tensor], least: float = 1e-30) -> dict[str, float]:
    """The largest difference per name, relative to the largest expected value of that name, or to `least` if that is
    more.
    """
    assert got.keys() == expected.keys()
    far = {}
    for name, value in got.items():
        assert value.shape == expected[name].shape, f"{name}: {tuple(value.shape)}, not {tuple(expected[name].shape)}"
        if value.numel():
            gap = (value.double() - expected[name].double()).abs().max().item()
            far[name] = gap / max(least, expected[name].abs().max().item())
            assert far[name] == far[name], f"{name}: NaN"
    return far


def with_layout(case: Case, layout: str) -> Case:
    return replace(case, layout=layout)
