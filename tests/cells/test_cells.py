"""The worked examples: their equations in NumPy, the laws of a cell, and minGRU's two forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from anaphora.cells import IndRNN, MinGRU, MinimalGatedUnit
from anaphora.cells.minimal_gru import scan
from anaphora.nn import Ragged, Recurrent, check_cell

CELLS = [MinimalGatedUnit, IndRNN, MinGRU]
I, H = 3, 5


def sigmoid(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


def minimal_gated(w: dict[str, Any], x: Any, h: Any) -> Any:
    W_f, W_h = w["of_x.weight"][:H], w["of_x.weight"][H:]
    b_f, b_h = w["of_x.bias"][:H], w["of_x.bias"][H:]
    f = sigmoid(W_f @ x + b_f + w["gate_of_h"] @ h)
    return (1 - f) * h + f * np.tanh(W_h @ x + b_h + w["new_of_h"] @ (f * h))


def independent(w: dict[str, Any], x: Any, h: Any) -> Any:
    return np.maximum(w["of_x.weight"] @ x + w["of_x.bias"] + w["of_h"] * h, 0)


def minimal_gru(w: dict[str, Any], x: Any, h: Any) -> Any:
    z = sigmoid(w["of_x.weight"][:H] @ x + w["of_x.bias"][:H])
    return (1 - z) * h + z * (w["of_x.weight"][H:] @ x + w["of_x.bias"][H:])


def drawn(kind: Any, dtype: torch.dtype = torch.float64) -> Any:
    cell, draw = kind(I, H).to(dtype), torch.Generator().manual_seed(1)
    for parameter in cell.parameters():
        parameter.data = 0.8 * torch.randn(parameter.shape, dtype=dtype, generator=draw)
    return cell


@pytest.mark.parametrize(
    ("kind", "equation"), [(MinimalGatedUnit, minimal_gated), (IndRNN, independent), (MinGRU, minimal_gru)]
)
def test_the_equations(kind: Any, equation: Any) -> None:
    cell, lengths = drawn(kind), [4, 0, 6]
    weights = {name: parameter.detach().numpy() for name, parameter in cell.named_parameters()}
    rows = [torch.randn(n, I, dtype=torch.float64) for n in lengths]
    state = torch.randn(3, H, dtype=torch.float64)
    output, end = Recurrent(cell)(Ragged.from_list(rows), state)
    for b, row in enumerate(rows):
        h = state[b].numpy()
        for x, y in zip(row.numpy(), output.rows()[b].detach().numpy(), strict=True):
            h = equation(weights, x, h)
            np.testing.assert_allclose(y, h, rtol=0, atol=1e-13)
        np.testing.assert_allclose(end[b].detach().numpy(), h, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", CELLS)
def test_every_law_holds(kind: Any) -> None:
    assert len(check_cell(kind(I, H))) == 10
    assert len(check_cell(kind(1, 1))) == 10


@pytest.mark.parametrize("kind", CELLS)
def test_first_weights(kind: Any) -> None:
    """Uniform within ± 1/√I, ± 1/√H or from 0 to 1: of 64 or more numbers the extremes lie near the bounds."""
    torch.manual_seed(0)
    layer = Recurrent(kind(I, 64), bidirectional=True)
    bounds = {"of_h": (0.0, 1.0)}
    if kind is MinimalGatedUnit:
        bounds = dict.fromkeys(("of_x.weight", "of_x.bias", "gate_of_h", "new_of_h"), (-1 / 8, 1 / 8))
    for (name, one), other in zip(layer.cell.named_parameters(), layer.reverse.parameters(), strict=True):
        assert not torch.equal(one, other)
        low, high = bounds.get(name, (-(I**-0.5), I**-0.5))
        near = 0.1 * (high - low)
        assert low <= one.min() < low + near, name
        assert high - near < one.max() <= high, name


def test_a_limit_on_what_is_remembered() -> None:
    cell = IndRNN(I, H)
    cell.of_h.data = torch.tensor([-2.0, -1.0, 0.5, 1.001, 3.0])
    cell.limit_(100)
    most = 2 ** (1 / 100)
    torch.testing.assert_close(cell.of_h.data, torch.tensor([-most, -1.0, 0.5, 1.001, most]))


@pytest.mark.parametrize("kind", CELLS)
def test_autocast(kind: Any) -> None:
    layer = Recurrent(drawn(kind, torch.float32))
    rows = Ragged.from_list([torch.randn(n, I, generator=torch.Generator().manual_seed(n)) for n in (4, 0, 6)])
    expected, _ = layer(rows)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        first, h = layer(rows)
        again, _ = layer(rows, torch.zeros_like(h))
    assert torch.equal(first.data, again.data)
    torch.testing.assert_close(first.data.float(), expected.data, rtol=0.05, atol=0.05)


def both_forms(cell: MinGRU, x: Tensor, h0: Tensor | None) -> list[tuple[Tensor, Tensor]]:
    return [Recurrent(cell)(x, h0), cell.parallel(x, h0)]


@given(T=st.integers(0, 40), B=st.integers(0, 3), initial=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_parallel_form_is_the_walk(T: int, B: int, initial: bool, seed: int) -> None:
    cell, draw = drawn(MinGRU), torch.Generator().manual_seed(seed)
    x = (3 * torch.randn(T, B, I, dtype=torch.float64, generator=draw)).requires_grad_()
    h0 = torch.randn(B, H, dtype=torch.float64, generator=draw).requires_grad_()
    weights = torch.randn(T + 1, B, H, dtype=torch.float64, generator=draw)
    found = []
    for y, end in both_forms(cell, x, h0 if initial else None):
        total = (weights[:-1] * y).sum() + (weights[-1] * end).sum()
        leaves = [x, h0, *cell.parameters()]
        gradients = torch.autograd.grad(total, leaves, materialize_grads=True) if total.requires_grad else ()
        found.append([y, end, *gradients])
    for walked, at_once in zip(*found, strict=True):
        torch.testing.assert_close(at_once, walked, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_long_sequences_lose_no_digits(scale: float) -> None:
    """Against the walk in float64: nothing is divided by, so a gate that shuts for long is no trouble."""
    cell, draw = drawn(MinGRU, torch.float32), torch.Generator().manual_seed(2)
    x = scale * torch.randn(3000, 2, I, generator=draw)
    y, _ = cell.parallel(x)
    exact, _ = Recurrent(drawn(MinGRU, torch.float32).double())(x.double())
    assert torch.isfinite(y).all()
    torch.testing.assert_close(y.double(), exact, rtol=0, atol=1e-5 * exact.abs().max().item())


def test_the_scans_derivatives() -> None:
    draw = torch.Generator().manual_seed(3)
    a, b, h0 = (torch.randn(*shape, dtype=torch.float64, generator=draw) for shape in ((7, 2), (7, 2), (2,)))
    leaves = [each.requires_grad_() for each in (a, b, h0)]
    assert torch.autograd.gradcheck(scan, leaves)
    assert torch.autograd.gradgradcheck(scan, leaves)
