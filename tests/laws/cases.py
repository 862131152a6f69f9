"""The one list of all recurrent things that every law runs over, and what a law needs to ask of one of them.

A `Case` says which module in which layout; a `Problem` brings it to life: random weights, different per gate, biases
not zero, rows of random numbers, given initial states. Rows are leaves, so gradients can be read row by row in any
layout.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence, pad_sequence

from anaphora import nn
from laws.twins import MEMORY, Twin

Rows = list[Tensor]

# Layouts that torch knows too, and those that it doesn't.
TORCHS = ("dense", "batch_first", "unbatched", "packed", "unsorted")
OURS = ("ragged", "lengths", "lengths_batch_first")
RAGGED = ("packed", "unsorted", *OURS)
PLAIN = ("rnn_tanh", "rnn_relu", "gru", "lstm")
MODULES = {
    "rnn_tanh": "RNN",
    "rnn_relu": "RNN",
    "gru": "GRU",
    "gru_reset_before": "ResetBeforeGRU",
    "gru_layer_norm": "LayerNormGRU",
    "lstm": "LSTM",
    "lstm_peephole": "PeepholeLSTM",
    "lstm_coupled": "CoupledLSTM",
    "lstm_layer_norm": "LayerNormLSTM",
}
HIDDEN, KEPT, LIMIT = 0.3, 0.4, 0.1
MASKS = 11  # the seed of dropout
LEAST = 0.1  # terms of about 1 may cancel: what is less counts as that much
MODIFIERS: dict[str, Callable[[Any], Any]] = {
    "zoneout": lambda module: nn.zoneout(module, HIDDEN, KEPT),
    "recurrent_dropout": lambda module: nn.recurrent_dropout(module, 0.3),
    "weight_drop": lambda module: nn.weight_drop(module, 0.3),
    "learned_state": nn.learned_state,
    "clip_gradients": lambda module: nn.clip_gradients(module, LIMIT),
    "recompute": lambda module: nn.recompute(module, 3),
}
SIZES = ((5, 17), (1, 1), (19, 32))
# Normalised, one feature is its sign, and few units are often nearly equal: their differences have few digits left.
NORMALISED_AT_LEAST = 7


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
    modifier: str = ""  # names in MODIFIERS, "every" or none

    def __str__(self) -> str:
        options = [name for name in ("bidirectional", "dropout", "proj", "states") if getattr(self, name)]
        plain = [] if self.bias else ["nobias"]
        sizes = f"{self.layers}x{self.width}x{self.H}"
        return "-".join([self.cell, self.layout, sizes, *options, *plain, *self.modifier.split()])

    @property
    def P(self) -> int:
        return 6 if self.proj else self.H

    @property
    def batch_first(self) -> bool:
        return self.layout in ("batch_first", "lengths_batch_first")

    @property
    def torchs(self) -> bool:
        """Whether torch has this module."""
        return self.cell in PLAIN and not self.modifier

    @property
    def modifiers(self) -> list[str]:
        return list(MODIFIERS) if self.modifier == "every" else self.modifier.split()

    @property
    def random(self) -> bool:
        """Whether a training forward draws more than torch's own does."""
        return bool({"zoneout", "recurrent_dropout", "weight_drop"}.intersection(self.modifiers))

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
        """Our module; of ``torch.nn``, or the twin by hand where torch has none."""
        if kind is torch.nn and not self.torchs:
            zoned = (HIDDEN, KEPT if self.cell in MEMORY else 0.0) if "zoneout" in self.modifiers else (0.0, 0.0)
            return Twin(self, zoned, LIMIT if "clip_gradients" in self.modifiers else 0.0)
        name = MODULES[self.cell]
        options: dict[str, Any] = {
            "num_layers": self.layers,
            "bidirectional": self.bidirectional,
            "bias": self.bias,
            "batch_first": self.batch_first,
            "dropout": 0.4 if self.dropout else 0.0,
        }
        if self.proj:
            options["proj_size"] = self.P
        if name == "RNN":
            options["nonlinearity"] = self.cell.removeprefix("rnn_")
        module = getattr(kind, name)(self.width, self.H, **options, **more)
        for modifier in self.modifiers:
            MODIFIERS[modifier](module)
        return module


_YES_NO = (False, True)
_CHOICES: dict[str, tuple[Any, ...]] = {
    "cell": tuple(MODULES),
    "layout": TORCHS + OURS,
    "layers": (1, 2),
    "bidirectional": _YES_NO,
    "bias": _YES_NO,
    "dropout": _YES_NO,
    "proj": _YES_NO,
    "states": _YES_NO,
    "size": (0, 1, 2),
    "modifier": ("", "zoneout weight_drop", "recurrent_dropout clip_gradients", "learned_state recompute", "every"),
}


def _possible(options: dict[str, Any]) -> bool:
    """Dropout stands between layers; only the LSTM is projected, and then knows no zoneout."""
    if options.get("dropout") and options.get("layers", 2) == 1:
        return False
    return not options.get("proj") or (
        options.get("cell", "lstm") == "lstm" and not options.get("modifier", "").startswith(("zoneout", "every"))
    )


def _case(options: dict[str, Any]) -> Case:
    least = NORMALISED_AT_LEAST if options["cell"].endswith("layer_norm") else 1
    width, H = (max(size, least) for size in SIZES[options["size"]])
    fields = {name: value for name, value in options.items() if name != "size"}
    return Case(**fields, width=width, H=max(H, 7) if options["proj"] else H)


def _product(**choices: tuple[Any, ...]) -> list[Case]:
    names, values = zip(*(_CHOICES | choices).items(), strict=True)
    combined = (dict(zip(names, each, strict=True)) for each in itertools.product(*values))
    return [_case(options) for options in combined if _possible(options)]


def _pairs(options: dict[str, Any]) -> list[tuple[tuple[str, Any], tuple[str, Any]]]:
    return list(itertools.combinations(options.items(), 2))


def _pairwise(seen: set[Any], **choices: tuple[Any, ...]) -> list[Case]:
    """Few cases in which every two options meet: around one pair unseen, of thirty drawn the one with most unseen."""
    choices = _CHOICES | choices
    ones = [(name, value) for name, values in choices.items() for value in values]
    every = [pair for pair in itertools.combinations(ones, 2) if pair[0][0] != pair[1][0] and _possible(dict(pair))]
    missing = {pair: None for pair in every if pair not in seen}
    draw, chosen = random.Random(7), []
    while missing:
        found: list[dict[str, Any]] = []
        while len(found) < 30:
            drawn = {name: draw.choice(values) for name, values in choices.items()} | dict(next(iter(missing)))
            found += [drawn] if _possible(drawn) else []
        best = max(found, key=lambda options: sum(pair in missing for pair in _pairs(options)))
        for pair in _pairs(best):
            missing.pop(pair, None)
        chosen.append(_case(best))
    seen.update(every)
    return chosen


@functools.cache
def few_cases() -> list[Case]:
    """Cases in which every two options meet, of torch's modules and of all."""
    seen: set[Any] = set()
    return [*_pairwise(seen, cell=PLAIN, modifier=("",)), *_pairwise(seen)]


@functools.cache
def many_cases(whole: bool) -> list[Case]:
    """The few and some hundreds more, drawn from all; as a whole: every one that torch has a module for."""
    draw, torchs = random.Random(7), _product(cell=PLAIN, modifier=("",))
    return list(
        dict.fromkeys([*few_cases(), *(torchs if whole else draw.sample(torchs, 150)), *draw.sample(_product(), 350)])
    )


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
        sizes = (case.P, case.H) if case.cell in MEMORY else (case.P,)
        shapes = [(case.layers * D, B, size) for size in sizes]
        self.states = [(0.8 * torch.randn(shape, generator=draw)).requires_grad_() for shape in shapes]
        self.d_rows = [torch.randn(T, D * case.P, generator=draw) for T in self.lengths]
        self.d_states = [torch.randn(shape, generator=draw) for shape in shapes]
        self.resets: Rows | None = None  # booleans, for each step of each row

    def double(self, device: str = "cpu") -> Problem:
        """The same problem in float64, on any device."""
        other = Problem(self.case, lengths=self.lengths)
        for name in ("rows", "states"):
            setattr(other, name, [t.detach().double().to(device).requires_grad_() for t in getattr(self, name)])
        for name in ("d_rows", "d_states"):
            setattr(other, name, [t.double().to(device) for t in getattr(self, name)])
        other.resets = self.resets
        other.ours.load_state_dict(self.ours.state_dict())
        other.torchs.load_state_dict(self.torchs.state_dict())
        other.ours.double().to(device), other.torchs.double().to(device)
        return other

    def initial(self, module: Any) -> list[Tensor]:
        """The states that rows begin with, given or not: (L·D, B, ·) each."""
        if self.case.states:
            return self.states
        held = dict(module.named_parameters())
        learned = [held.get(name) for name in ("h_0", "c_0")]
        return [
            torch.zeros_like(state) if mine is None else mine.expand_as(state)
            for state, mine in zip(self.states, learned, strict=False)
        ]

    def bring(
        self, rows: Rows, layout: str | None = None, padding: float = 0.0, resets: Rows | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Rows in the case's layout, and the keyword arguments that go with it."""
        if resets is not None:
            batch, keywords = self.bring(rows, layout, padding)
            mask, _ = self.bring([reset.unsqueeze(1) for reset in resets], layout)
            mask = mask if isinstance(mask, Tensor) else mask.data
            return batch, {**keywords, "reset": mask.squeeze(-1)}
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
        if self.resets is not None and isinstance(module, Twin):
            states = self.states if self.case.states else None
            return module.walk(self.rows, states, [reset.tolist() for reset in self.resets])
        batch, keywords = self.bring(self.rows, padding=padding, resets=self.resets)
        output, state = module(batch, self.hx(self.states), **keywords)
        states = list(state) if isinstance(state, tuple) else [state]
        return self.take(output), [s.unsqueeze(1) if s.dim() == 2 else s for s in states]

    def run_each_alone(self, module: Any) -> tuple[Rows, list[Tensor]]:
        """Every row as a batch of its own; an empty row, which torch doesn't take, keeps its initial state."""
        outputs, ends = [], []
        layout, initial = "batch_first" if module.batch_first else "dense", self.initial(module)
        for b, row in enumerate(self.rows):
            mine = [state[:, b : b + 1] for state in initial]
            if not len(row):
                outputs.append(row.new_zeros(0, self.d_rows[b].shape[1]))
                ends.append(mine)
                continue
            batch, _ = self.bring([row], layout)
            hx = (mine[0] if len(mine) == 1 else tuple(mine)) if self.case.states else None
            output, state = module(batch, hx)
            outputs.append(output.flatten(0, 1))
            ends.append(list(state) if isinstance(state, tuple) else [state])
        return outputs, [torch.cat(column, dim=1) for column in zip(*ends, strict=True)]

    def run_torch(self) -> tuple[Rows, list[Tensor]]:
        """Torch's answer, in the case's own layout where torch knows it; a twin takes rows of any length at once."""
        if self.case.layout in TORCHS:
            return self.run(self.torchs)
        if isinstance(self.torchs, Twin):
            return self.torchs.walk(self.rows, self.states if self.case.states else None)
        return self.run_each_alone(self.torchs)

    def gradients(self, module: Any, found: tuple[Rows, list[Tensor]], create_graph: bool = False) -> dict[str, Tensor]:
        """Every gradient of Σ output·d_output + Σ state·d_state, by name."""
        outputs, states = found
        arrived = [*self.d_rows, *self.d_states]
        loss = sum((value * d).sum() for value, d in zip([*outputs, *states], arrived, strict=True))
        names, sources = zip(*module.named_parameters(), strict=True)
        sources = (*sources, *self.rows, *self.states)
        names = (*names, *[f"row {b}" for b in range(len(self.rows))], *[f"hx {at}" for at in range(len(self.states))])
        got = torch.autograd.grad(loss, sources, create_graph=create_graph, allow_unused=True, materialize_grads=True)
        return dict(zip(names, got, strict=True))

    def lost(self) -> float:
        """What float32 loses on this draw however it is computed: how far torch's values are from float64's at most.

        An ill-conditioned draw, such as a normaliser over seven nearly equal numbers, loses more than others.
        """
        return self._lost(0)

    def lost_in_gradients(self) -> float:
        """The same of the gradients."""
        return self._lost(1)

    def _lost(self, which: int) -> float:
        found = []
        for problem in (self, self.double()):
            problem.torchs.train(self.torchs.training)
            torch.manual_seed(MASKS)
            here = problem.run_torch()
            found.append((values(here), problem.gradients(problem.torchs, here))[which])
        far = max(distance(*found, LEAST).values())
        assert far < 1e-3, "more than rounding: other masks were drawn"
        return far


def near(far: dict[str, float], bound: float, lost: Callable[[], float]) -> bool:
    """Whether all lie within a bound, to which twice what float32 loses anyway is added where it is exceeded."""
    worst = max(far.values())
    return worst <= bound or worst <= bound + 2 * lost()


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
