"""The law of the two towers: for every kind of block, whatever its fields, nn(x) = runtime(x) to 1e-5 of the
largest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from anaphora.bundle import spec
from anaphora.nn.build import BUILDERS as NN_BUILDERS
from anaphora.nn.build import build
from anaphora.runtime.build import BUILDERS as RUNTIME_BUILDERS
from small_models import TREES, of_vectors, random_inputs, random_tensors, recurrent, small_model

CLOSE = 1e-5  # of the largest logit: two summation orders of float32 over some hundred terms and a dozen steps
T, B = 12, 5


def both(checked: dict[str, Any]) -> tuple[Any, Any]:
    module = build(checked).eval()
    module.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in random_tensors(checked).items()})
    return module, small_model(checked)


def assert_close(ours: np.ndarray, theirs: torch.Tensor) -> None:
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=0, atol=CLOSE * max(1.0, float(np.abs(expected).max(initial=0))))


def test_both_towers_know_every_kind() -> None:
    assert list(NN_BUILDERS) == list(RUNTIME_BUILDERS) == list(spec.KINDS)


@pytest.mark.parametrize("checked", TREES.values(), ids=TREES)
def test_what_leaves_and_states_agree(checked: dict[str, Any], rng: np.random.Generator) -> None:
    module, model = both(checked)
    inputs = random_inputs(checked, rng, T, B)
    y, state = model.forward(inputs)
    expected, expected_state = module(torch.from_numpy(inputs))
    assert_close(y, expected)
    parts = [part for path in expected_state for part in expected_state[path]]
    assert len(parts) == len(state)
    for ours, theirs in zip(state, parts, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("checked", TREES.values(), ids=TREES)
def test_they_agree_on_ragged_rows_that_go_on(checked: dict[str, Any], rng: np.random.Generator) -> None:
    module, model = both(checked)
    first, inputs = random_inputs(checked, rng, 4, B), random_inputs(checked, rng, T, B)
    lengths = np.array([T, 0, 3, 1, T - 1])
    _, state = model.forward(first)
    _, expected_state = module(torch.from_numpy(first))
    y, state = model.forward(inputs, lengths, state)
    expected, expected_state = module(torch.from_numpy(inputs), expected_state, torch.from_numpy(lengths))
    if model.pools:
        assert_close(y, expected)
    else:
        for b, length in enumerate(lengths):
            assert_close(y[:length, b], expected[:length, b])
            assert not y[length:, b].any()
    for ours, theirs in zip(state, [part for parts in expected_state.values() for part in parts], strict=True):
        assert_close(ours, theirs)


RECURRENT = [kind for kind, entry in spec.KINDS.items() if "hidden_size" in entry.fields]
FIELDS: list[dict[str, Any]] = [
    {"num_layers": 2, "bidirectional": True},
    {"hidden_size": 33, "bias": False, "zoneout_hidden": 0.1},
    {"num_layers": 3, "learned_state": True, "dropout": 0.2},
]


OF_ONE_KIND: list[tuple[str, dict[str, Any]]] = [
    ("rnn", {"num_layers": 2, "bidirectional": True, "nonlinearity": "relu"}),
    ("lstm", {"num_layers": 2, "bidirectional": True, "proj_size": 3, "hidden_size": 33}),
]


@pytest.mark.parametrize(
    ("kind", "fields"), [*((kind, fields) for kind in RECURRENT for fields in FIELDS), *OF_ONE_KIND], ids=str
)
def test_recurrent_layers_have_the_same_bits(kind: str, fields: dict[str, Any], rng: np.random.Generator) -> None:
    checked = of_vectors(recurrent(kind, **fields))
    module, model = both(checked)
    x, lengths = random_inputs(checked, rng, T, B), np.array([T, 0, 3, 1, T - 1])
    y, state = model.forward(x, lengths)
    expected, expected_state = module(torch.from_numpy(x), None, torch.from_numpy(lengths))
    for ours, theirs in zip([y, *state], [expected, *expected_state["recurrent"]], strict=True):
        np.testing.assert_array_equal(ours.view(np.uint8), theirs.detach().numpy().view(np.uint8))


@pytest.mark.parametrize("checked", TREES.values(), ids=TREES)
def test_dropout_is_silent_once_trained(checked: dict[str, Any], rng: np.random.Generator) -> None:
    module, model = both(checked)
    inputs = random_inputs(checked, rng, T, 2)
    assert_close(model.forward(inputs)[0], module(torch.from_numpy(inputs))[0])
