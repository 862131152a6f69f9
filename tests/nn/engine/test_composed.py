"""The walk in plain torch equals the reference and torch's modules in float64; torch finds its derivatives right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from anaphora.kernels import reference
from anaphora.kernels.row_index import RowIndex
from anaphora.nn.engine import composed
from anaphora.nn.engine.cached_index import CachedIndex
from laws.layers import Layer, Options
from nn.operations import CELLS, Call, close

LENGTHS = [3, 0, 5, 1]
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # forward_ad
EVERY = [
    Options(cell, D, bias, noise)
    for cell, noise in CELLS.items()
    for D, bias, noise in ((1, False, "none"), (2, True, noise))
]


def by_reference(layer: Layer, clip: float) -> dict[str, Tensor]:
    """Values, saved activations and gradients of rows that lie one after another."""
    cell, lines = layer.options.kernel, RowIndex.ragged(layer.lengths)
    D, B, P = layer.h0.shape
    slots = reference.saved_slots(cell, layer.noise)
    y, h_n = np.zeros((len(layer.x), D * P)), np.zeros((D, B, P))
    c_n, dc0 = (None if layer.c0 is None else np.zeros_like(layer.c0) for _ in range(2))
    saved, dx, dh0 = np.zeros((D, len(layer.x), slots * layer.H)), np.zeros_like(layer.x), h_n.copy()
    dweights = [w._make(None if a is None else np.zeros_like(a) for a in w) for w in layer.directions]
    packed = reference.pack(cell, layer.directions)
    reference.forward(packed, layer.x, lines, layer.h0, layer.c0, y, h_n, c_n, saved, layer.noise)
    given = (cell, layer.directions, layer.x, lines, layer.h0, layer.c0, y, saved, layer.dy, layer.dh_n, layer.dc_n)
    reference.backward(*given, dx, dweights, dh0, dc0, layer.noise, clip)
    found: dict[str, Any] = {"y": y, "h_n": h_n, "saved": saved, "x": dx, "h_0": dh0}
    if c_n is not None:
        found |= {"c_n": c_n, "c_0": dc0}
    for d, weights in enumerate(dweights):
        found |= {f"{name} {d}": value for name, value in weights._asdict().items() if value is not None}
    return {name: torch.from_numpy(value) for name, value in found.items()}


@pytest.mark.parametrize("clip", [0.0, 0.15])
@pytest.mark.parametrize("options", EVERY, ids=str)
def test_every_cell_equals_the_reference(options: Options, clip: float) -> None:
    call = Call(options, LENGTHS, dtype=np.float64)
    expected = by_reference(call.layer, clip)
    found = call.run(composed.recurrent, clip)
    *_, saved = composed.recurrent(*call.given(), clip)
    assert not saved.requires_grad
    between = torch.ones(call.N, dtype=torch.bool).index_fill(0, call.where, False)
    for lines in (found["y"], found["x"], saved.transpose(0, 1)):
        assert not lines[between].any()
    found |= {"y": found["y"][call.where], "x": found["x"][call.where], "saved": saved[:, call.where]}
    close(found, expected, 1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    ("cell", "kind", "more"),
    [
        ("rnn_tanh", "RNN", {}),
        ("rnn_relu", "RNN", {"nonlinearity": "relu"}),
        ("gru", "GRU", {}),
        ("lstm", "LSTM", {}),
        ("lstm", "LSTM", {"proj_size": 3}),
    ],
    ids=["tanh", "relu", "gru", "lstm", "projected"],
)
def test_plain_cells_equal_torchs(cell: str, kind: str, more: dict[str, Any], bidirectional: bool) -> None:
    draw = torch.Generator().manual_seed(8)
    module = getattr(torch.nn, kind)(3, 5, bidirectional=bidirectional, dtype=torch.float64, **more)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn(weight.shape, generator=draw, dtype=torch.float64) * 0.6)
    D, H = 2 if bidirectional else 1, 5
    P = more.get("proj_size", H)
    weights = []
    for suffix in ("l0", "l0_reverse")[:D]:
        names = [f"{name}_{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")]
        weights += [*(getattr(module, name, None) for name in names), None]
    steps = [4, 2, 0, 4]
    rows = [torch.randn(T, 3, generator=draw, dtype=torch.float64).requires_grad_() for T in steps]
    h0 = torch.randn(D, 4, P, generator=draw, dtype=torch.float64).requires_grad_()
    c0 = torch.randn(D, 4, H, generator=draw, dtype=torch.float64).requires_grad_()
    leaves = [*module.parameters(), *rows, h0, *([c0] if kind == "LSTM" else [])]
    index = CachedIndex.of(RowIndex.ragged(steps), sum(steps))
    y, h_n, c_n, _ = composed.recurrent(cell, torch.cat(rows), weights, D, index, h0, c0)
    outputs = [*y.split(steps), *h_n.unbind(1), *(c_n.unbind(1) if kind == "LSTM" else [])]
    alone: list[list[Tensor]] = [[], [], []]
    for b, row in enumerate(rows):
        state = (h0[:, b], c0[:, b]) if kind == "LSTM" else h0[:, b]
        output, end = module(row, state) if steps[b] else (row.new_zeros(0, D * P), state)
        for group, value in zip(alone, (output, *(end if isinstance(end, tuple) else (end,))), strict=False):
            group.append(value)
    expected = [value for group in alone for value in group]
    arriving = [torch.randn(value.shape, generator=draw, dtype=torch.float64) for value in expected]

    def everything(found: list[Tensor]) -> dict[str, Tensor]:
        loss = sum((value * d).sum() for value, d in zip(found, arriving, strict=True))
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
        return {str(number): value for number, value in enumerate((*found, *gradients))}

    close(everything(outputs), everything(expected), 1e-12)


@pytest.mark.parametrize("options", EVERY[1::2], ids=str)
def test_derivatives_of_every_cell(options: Options) -> None:
    call = Call(options, [2, 0, 3], I=2, H=3 if options.cell != "lstm_projected" else 4, dtype=np.float64)
    names = list(call.leaves)

    def run(*leaves: Tensor) -> tuple[Tensor, ...]:
        results = composed.recurrent(*call.given(dict(zip(names, leaves, strict=True))))
        return tuple(call.outputs(results).values())

    leaves = tuple(call.leaves.values())
    assert torch.autograd.gradcheck(run, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, leaves, tuple(call.arriving), fast_mode=True)


@pytest.mark.parametrize("cell", CELLS)
def test_a_limit_changes_no_value_and_is_silent_where_it_is_wide(cell: str) -> None:
    call = Call(Options(cell, 2, True, CELLS[cell]), LENGTHS, dtype=np.float64)
    free = call.run(composed.recurrent)
    close(call.run(composed.recurrent, 1e6), free, 0.0)
    tight = call.run(composed.recurrent, 1e-3)
    for name in call.outputs(tuple(free.values())):
        assert torch.equal(tight[name], free[name])
    bound = 1e-3 * call.layer.H * 4 * 2 * call.layer.options.D * float(call.leaves["w_ih 0"].detach().abs().max())
    assert 0 < float(tight["x"].abs().max()) <= bound < float(free["x"].abs().max())
    (x,), rest = [call.leaves["x"]], call.given()
    with forward_ad.dual_level():  # the values' own derivative, which nothing limits
        along = []
        for clip in (0.0, 1e-3):
            y, *_ = composed.recurrent(rest[0], forward_ad.make_dual(x, torch.ones_like(x)), *rest[2:], clip)
            along.append(forward_ad.unpack_dual(y).tangent)
        assert torch.equal(*along)


def test_shapes_on_a_device_without_memory_and_under_autocast() -> None:
    call = Call(Options("lstm_layer_norm", 2, True, "all"), LENGTHS)
    plain = composed.recurrent(*call.given())
    with torch.autocast("cpu", torch.bfloat16):
        mixed = composed.recurrent(*call.given())
    for a, b in zip(plain, mixed, strict=True):
        assert torch.equal(a, b)
    leaves = {name: leaf.to("meta") for name, leaf in call.leaves.items()}
    call.noise = call.noise._make(value.to("meta") for value in call.noise)
    for result, shaped in zip(plain, composed.recurrent(*call.given(leaves)), strict=True):
        assert (shaped.shape, shaped.device.type) == (result.shape, "meta")
