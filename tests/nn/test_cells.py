"""Cells equal torch's: values, every gradient, one row or a batch, with and without bias and state."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from anaphora import nn

KINDS = [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("GRUCell", {}), ("LSTMCell", {})]


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "given"])
@pytest.mark.parametrize("bias", [False, True], ids=["nobias", "bias"])
@pytest.mark.parametrize("batch", [(), (1,), (6,)], ids=["row", "one", "six"])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=["tanh", "relu", "gru", "lstm"])
def test_a_cell_equals_torchs(
    kind: str, options: dict[str, Any], batch: tuple[int, ...], bias: bool, given: bool
) -> None:
    torch.manual_seed(3)
    ours = getattr(nn, kind)(5, 9, bias=bias, **options)
    torch.manual_seed(3)
    theirs = getattr(torch.nn, kind)(5, 9, bias=bias, **options)
    assert repr(ours) == repr(theirs)
    assert isinstance(ours, type(theirs))
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    draw = torch.Generator().manual_seed(4)
    x = torch.randn(*batch, 5, generator=draw).requires_grad_()
    states = [torch.randn(*batch, 9, generator=draw).requires_grad_() for _ in range(2 if kind == "LSTMCell" else 1)]
    arriving = [torch.randn(*batch, 9, generator=draw) for _ in states]
    found = []
    for cell in (ours, theirs):
        hx = (tuple(states) if len(states) > 1 else states[0]) if given else None
        end = cell(x, hx)
        ends = list(end) if isinstance(end, tuple) else [end]
        leaves = [*cell.parameters(), x, *(states if given else [])]
        found.append([*ends, *torch.autograd.grad(ends, leaves, arriving)])
    for got, expected in zip(*found, strict=True):
        assert got.shape == expected.shape
        torch.testing.assert_close(got, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=["tanh", "relu", "gru", "lstm"])
def test_other_dtypes_are_torchs_own(kind: str, options: dict[str, Any]) -> None:
    ours = getattr(nn, kind)(5, 9, dtype=torch.float64, **options)
    theirs = getattr(torch.nn, kind)(5, 9, dtype=torch.float64, **options)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 5, dtype=torch.float64)
    got, expected = ours(x), theirs(x)
    assert torch.equal(*(value[0] if isinstance(value, tuple) else value for value in (got, expected)))


def test_a_cell_as_a_loop_is_differentiated_through_time() -> None:
    ours, theirs = nn.GRUCell(3, 8), torch.nn.GRUCell(3, 8)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(1))
    found = []
    for cell in (ours, theirs):
        h = torch.zeros(2, 8)
        for step in x:
            h = cell(step, h)
        found.append(torch.autograd.grad(h.square().sum(), list(cell.parameters())))
    for got, expected in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
