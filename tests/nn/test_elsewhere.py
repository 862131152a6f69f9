"""Where our kernels don't run: other dtypes are torch's own operation, autocast computes in float32."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from anaphora import nn
from laws.cases import OURS, TORCHS, Case, Problem, distance, values

CASES = [
    Case(cell, layout, layers, bidirectional)
    for cell, layers, bidirectional in (("rnn_tanh", 1, True), ("gru", 2, False), ("lstm", 2, True))
    for layout in TORCHS + OURS
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float64_in_every_layout(case: Case) -> None:
    exact = Problem(case).double()
    ours, theirs = exact.run(exact.ours), exact.run_torch()
    far = distance(values(ours), values(theirs))
    assert max(far.values()) <= 1e-12, far
    far = distance(exact.gradients(exact.ours, ours), exact.gradients(exact.torchs, theirs))
    assert max(far.values()) <= 1e-11, far


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_float64_without_any_step_keeps_the_state(kind: str) -> None:
    module = getattr(nn, kind)(3, 4, dtype=torch.float64)
    h0 = torch.randn(1, 2, 4, dtype=torch.float64)
    for given in (None, h0):
        hx = (given, given) if kind == "LSTM" and given is not None else given
        output, state = module(torch.zeros(5, 2, 3, dtype=torch.float64), hx, lengths=[0, 0])
        assert torch.equal(output, torch.zeros(5, 2, 4, dtype=torch.float64))
        for end in state if isinstance(state, tuple) else (state,):
            assert torch.equal(end, torch.zeros_like(h0) if given is None else h0)
    with pytest.raises(ValueError, match="expected 2 lengths"):
        module(torch.zeros(5, 2, 3, dtype=torch.float64), lengths=[1])
    with pytest.raises(ValueError, match="lengths go with a padded tensor"):
        module(torch.zeros(5, 3, dtype=torch.float64), lengths=[1])
    with pytest.raises(ValueError, match="lengths go with a padded tensor"):
        module(nn.Ragged(torch.zeros(5, 3, dtype=torch.float64), torch.tensor([5])), lengths=[1])


def test_bfloat16_is_torchs_own() -> None:
    ours, theirs = nn.GRU(5, 9).bfloat16(), torch.nn.GRU(5, 9).bfloat16()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(4, 2, 5).bfloat16()
    assert torch.equal(ours(x)[0], theirs(x)[0])


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"])
def test_under_autocast_a_layer_computes_in_float32(kind: str) -> None:
    module: Any = getattr(nn, kind)(5, 9)
    x = torch.randn(*(() if kind.endswith("Cell") else (4,)), 2, 5, generator=torch.Generator().manual_seed(2))
    x = x.bfloat16().requires_grad_()
    plain = module(x.float())
    with torch.autocast("cpu", torch.bfloat16):
        mixed = module(x)
        loss = sum(part.sum() for part in torch.utils._pytree.tree_leaves(mixed))
        (first,) = torch.autograd.grad(loss, x, create_graph=True)
    for got, expected in zip(*map(torch.utils._pytree.tree_leaves, (mixed, plain)), strict=True):
        assert got.dtype is torch.float32
        assert torch.equal(got, expected)
    assert first.dtype is torch.bfloat16
    expected = torch.autograd.grad(sum(part.sum() for part in torch.utils._pytree.tree_leaves(plain)), x)[0]
    torch.testing.assert_close(first, expected, rtol=1e-2, atol=1e-2)


def test_on_the_meta_device_shapes_come_out() -> None:
    output, (h_n, c_n) = nn.LSTM(5, 9, 2, bidirectional=True, device="meta")(torch.zeros(7, 3, 5, device="meta"))
    assert output.shape == (7, 3, 18)
    assert h_n.shape == c_n.shape == (4, 3, 9)
