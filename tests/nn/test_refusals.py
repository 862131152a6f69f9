"""Wrong input: the kind of error that torch raises, saying what was expected and what came."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from anaphora import nn

X = torch.zeros(7, 3, 5)
H0 = torch.zeros(2, 3, 4)


def module(kind: str, of: Any = nn, **options: Any) -> Any:
    return getattr(of, kind)(5, 4, 2, **options)


def state(kind: str, h0: Any) -> Any:
    return (h0, h0) if "LSTM" in kind else h0


VARIANTS = ["LayerNormLSTM", "LayerNormGRU", "PeepholeLSTM", "CoupledLSTM", "ResetBeforeGRU"]


BOTH = [
    ("four dimensions", torch.zeros(1, 7, 3, 5), None, ValueError, r"Expected input to be 2D or 3D, got 4D"),
    ("one dimension", torch.zeros(5), None, ValueError, r"Expected input to be 2D or 3D, got 1D"),
    ("features", torch.zeros(7, 3, 6), None, RuntimeError, r"equal to input_size. Expected 5, got 6"),
    ("dtype", X.double(), None, ValueError, r"does not match weight dtype"),
    ("integers", X.long(), None, ValueError, r"does not match weight dtype"),
    ("state size", X, torch.zeros(2, 3, 5), RuntimeError, r"Expected hidden.*size \(2, 3, 4\), got \[2, 3, 5\]"),
    ("state layers", X, torch.zeros(1, 3, 4), RuntimeError, r"Expected hidden.*size \(2, 3, 4\), got \[1, 3, 4\]"),
    ("state rank", X, torch.zeros(2, 4), RuntimeError, r"Expected hidden.*size \(2, 3, 4\), got \[2, 4\]"),
    ("unbatched state", X[:, 0], H0, RuntimeError, r"Expected hidden.*size \(2, 4\), got \[2, 3, 4\]"),
]


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize(("what", "x", "h0", "error", "says"), BOTH, ids=[row[0] for row in BOTH])
def test_like_torch(kind: str, what: str, x: Any, h0: Any, error: type[Exception], says: str) -> None:
    hx = None if h0 is None else state(kind, h0)
    with pytest.raises(error):
        module(kind, torch.nn)(x, hx)
    with pytest.raises(error, match=says):
        module(kind)(x, hx)


@pytest.mark.parametrize("kind", VARIANTS)
@pytest.mark.parametrize(("what", "x", "h0", "error", "says"), BOTH, ids=[row[0] for row in BOTH])
def test_variants_too(kind: str, what: str, x: Any, h0: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        module(kind)(x, None if h0 is None else state(kind, h0))


OURS = [
    (X, [7, 7], ValueError, r"expected 3 lengths, one for each row, got shape \(2,\)"),
    (X, [7, 8, 1], ValueError, r"lengths between 0 and T = 7, got 8 in row 1"),
    (X, [7, 6, -1], ValueError, r"lengths between 0 and T = 7, got -1 in row 2"),
    (X, [7.0, 6.0, 1.0], ValueError, r"lengths to be integers, got float64"),
    (X[:, 0], [7], ValueError, r"lengths go with a batch, got one sequence \(7, 5\)"),
    (nn.Ragged(X[:, 0], torch.tensor([7])), [7], ValueError, r"a Ragged has its own"),
    (pack_sequence([X[:, 0]]), [7], ValueError, r"a PackedSequence has its own"),
    (nn.Ragged(X, torch.tensor([7])), None, RuntimeError, r"data of a Ragged to be 2D, got 3D"),
    (pack_sequence([torch.zeros(3, 6)]), None, RuntimeError, r"equal to input_size. Expected 5, got 6"),
    ("text", None, TypeError, r"expected a tensor, a PackedSequence or a Ragged batch, got str"),
    ([1.0], None, TypeError, r"got list"),
]


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM", *VARIANTS])
@pytest.mark.parametrize(("x", "lengths", "error", "says"), OURS)
def test_what_torch_does_not_know(kind: str, x: Any, lengths: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        module(kind)(x, lengths=lengths)


def test_states_of_the_wrong_kind() -> None:
    with pytest.raises(RuntimeError, match=r"expected hx to be the pair \(h_0, c_0\), got Tensor"):
        module("LSTM")(X, H0)
    with pytest.raises(RuntimeError, match=r"expected hx to be the tensor h_0, got tuple"):
        module("GRU")(X, (H0, H0))
    with pytest.raises(RuntimeError, match=r"Expected hidden\[1\] size \(2, 3, 4\), got \[2, 3, 3\]"):
        module("LSTM")(X, (H0, H0[..., :3]))
    with pytest.raises(
        RuntimeError, match=r"hx of dtype torch.float32 like the weights, got torch.float64: hx.to\(torch.float32\)"
    ):
        module("GRU")(X, H0.double())


@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize(
    ("x", "h", "error"),
    [
        (torch.zeros(2, 2, 5), None, ValueError),
        (torch.zeros(2, 6), None, RuntimeError),
        (torch.zeros(2, 5), torch.zeros(2, 3), RuntimeError),
        (torch.zeros(2, 5), torch.zeros(3, 4), RuntimeError),
    ],
)
def test_cells_refuse_like_torch(kind: str, x: torch.Tensor, h: Any, error: type[Exception]) -> None:
    hx = (h, h) if h is not None and kind == "LSTMCell" else h
    for of in (torch.nn, nn):
        with pytest.raises(error):
            getattr(of, kind)(5, 4)(x, hx)


def test_arguments_are_refused_by_torch_itself() -> None:
    with pytest.raises(ValueError, match="proj_size argument is only supported for LSTM"):
        nn.GRU(5, 4, proj_size=2)
    with pytest.raises(ValueError, match="Unknown nonlinearity"):
        nn.RNN(5, 4, nonlinearity="sigmoid")
    with pytest.raises(ValueError, match="hidden_size must be greater than zero"):
        nn.LSTM(5, 0)


WRONG = [
    (lambda m: nn.zoneout(m, 1.5), r"zoneout: expected a probability between 0 and 1, got 1.5"),
    (lambda m: nn.zoneout(m, 0.1, -0.1), r"zoneout: expected a probability between 0 and 1, got -0.1"),
    (lambda m: nn.zoneout(m, "much"), r"zoneout: expected a probability between 0 and 1, got 'much'"),
    (lambda m: nn.recurrent_dropout(m, float("nan")), r"recurrent_dropout: expected a probability .*, got nan"),
    (lambda m: nn.weight_drop(m, True), r"weight_drop: expected a probability between 0 and 1, got True"),
    (lambda m: nn.clip_gradients(m, -1), r"clip_gradients: expected a limit of 0 or more, got -1"),
    (lambda m: nn.clip_gradients(m, float("inf")), r"clip_gradients: expected a limit of 0 or more, got inf"),
    (lambda m: nn.recompute(m, 2.5), r"recompute: expected a number of steps, 1 or more, or 0, got 2.5"),
    (lambda m: nn.recompute(m, -3), r"recompute: expected a number of steps, 1 or more, or 0, got -3"),
]


@pytest.mark.parametrize(("change", "says"), WRONG)
def test_modifiers_that_cannot_be(change: Any, says: str) -> None:
    layer = nn.GRU(3, 4)
    with pytest.raises(ValueError, match=says):
        change(layer)
    assert repr(layer) == "GRU(3, 4)"


def test_a_projected_state_is_not_zoned_out() -> None:
    with pytest.raises(ValueError, match=r"zoneout: a projected h has no units of its own, got proj_size=2"):
        nn.zoneout(nn.LSTM(3, 4, proj_size=2))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (nn.zoneout, "zoneout"),
        (lambda m: nn.recurrent_dropout(m, 0.1), "recurrent_dropout"),
        (lambda m: nn.weight_drop(m, 0.1), "weight_drop"),
        (nn.learned_state, "learned_state"),
        (lambda m: nn.clip_gradients(m, 1.0), "clip_gradients"),
        (lambda m: nn.recompute(m, 3), "recompute"),
    ],
)
def test_only_our_modules_are_changed(change: Any, name: str) -> None:
    for layer in (torch.nn.LSTM(3, 4), torch.nn.Linear(3, 4)):
        kind = type(layer).__name__
        with pytest.raises(TypeError, match=rf"{name}: expected a recurrent module of anaphora.nn, got {kind}"):
            change(layer)
        assert not dict(layer.named_parameters()).keys() & {"h_0", "c_0"}
