"""First weights in numbers: products that keep lengths, gates that begin where they should."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from anaphora import nn

LSTMS = {"LSTM": (0, 1, 4), "PeepholeLSTM": (0, 1, 4), "LayerNormLSTM": (0, 1, 4), "CoupledLSTM": (None, 0, 3)}
GRUS = {"GRU": (None, 1, 3), "ResetBeforeGRU": (None, 1, 3), "LayerNormGRU": (None, 1, 3)}
KEEPERS: dict[str, Any] = {**LSTMS, **GRUS}  # which of how many gates lets in, which keeps
SUFFIXES = ("l0", "l0_reverse", "l1", "l1_reverse")


@pytest.mark.parametrize("kind", ["RNN", *KEEPERS])
def test_orthogonal_products_keep_lengths(kind: str) -> None:
    torch.manual_seed(1)
    module = getattr(nn, kind)(5, 32, 2, bidirectional=True)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert nn.orthogonal_(module) is module
    h = torch.randn(32)
    blocks = [block for s in SUFFIXES for block in getattr(module, f"weight_hh_{s}").detach().split(32)]
    for block in blocks:
        torch.testing.assert_close(block.T @ block, torch.eye(32), rtol=0, atol=1e-5)
        torch.testing.assert_close((block @ h).norm(), h.norm())
    assert not torch.allclose(blocks[0], blocks[1])
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]) != ("weight_hh" in name)


def test_a_projected_lstm_has_orthogonal_columns() -> None:
    module = nn.orthogonal_(nn.LSTM(5, 32, proj_size=8))
    for block in module.weight_hh_l0.detach().split(32):
        torch.testing.assert_close(block.T @ block, torch.eye(8), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KEEPERS)
def test_the_gate_that_keeps_begins_open(kind: str) -> None:
    _, keeps, count = KEEPERS[kind]
    module = nn.forget_bias_(getattr(nn, kind)(5, 8, 2, bidirectional=True), 1.5)
    for suffix in SUFFIXES:
        both = (getattr(module, f"bias_ih_{suffix}") + getattr(module, f"bias_hh_{suffix}")).detach().split(8)
        assert len(both) == count
        assert torch.equal(both[keeps], torch.full((8,), 1.5))
        assert all(torch.count_nonzero(bias - 1.5) == 8 for at, bias in enumerate(both) if at != keeps)
    gates = nn.inspect(module, torch.zeros(1, 1, 5)).layers[0]
    if not kind.startswith("LayerNorm"):
        kept = gates.update if hasattr(gates, "update") else gates.forget
        torch.testing.assert_close(kept, torch.full_like(kept, 1.5).sigmoid())


@pytest.mark.parametrize("kind", KEEPERS)
def test_chrono_spreads_the_times_of_forgetting(kind: str) -> None:
    torch.manual_seed(2)
    lets_in, keeps, _ = KEEPERS[kind]
    module = nn.chrono_(getattr(nn, kind)(5, 1000), 50)
    both = (module.bias_ih_l0 + module.bias_hh_l0).detach().split(1000)
    u = both[keeps].exp()
    assert u.min() >= 1
    assert u.max() <= 49.001
    # U(1, 49): mean 25, deviation 48/√12; the mean of 1000 lies within 4 deviations of itself.
    assert abs(u.mean() - 25) < 4 * 48 / 12**0.5 / 1000**0.5
    assert abs(u.std() - 48 / 12**0.5) < 1
    if lets_in is not None:
        assert torch.equal(both[lets_in], -both[keeps])


def test_what_has_no_gate_or_bias_is_refused() -> None:
    for function in (nn.forget_bias_, lambda module: nn.chrono_(module, 10)):
        with pytest.raises(ValueError, match=r"expected a module with a gate that keeps, a GRU or an LSTM, got RNN"):
            function(nn.RNN(3, 4))
        with pytest.raises(ValueError, match=r"expected a module with biases, got bias=False"):
            function(nn.LSTM(3, 4, bias=False))
    with pytest.raises(ValueError, match=r"chrono_: expected the longest dependency in steps, 3 or more, got 2"):
        nn.chrono_(nn.LSTM(3, 4), 2)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (nn.orthogonal_, "orthogonal_"),
        (nn.forget_bias_, "forget_bias_"),
        (lambda module: nn.chrono_(module, 10), "chrono_"),
    ],
)
def test_only_our_modules_are_drawn_anew(function: Any, name: str) -> None:
    for module in (torch.nn.LSTM(3, 4), torch.nn.Linear(3, 4)):
        kind = type(module).__name__
        with pytest.raises(TypeError, match=rf"{name}: expected a recurrent module of anaphora.nn, got {kind}"):
            function(module)
