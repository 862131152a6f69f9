"""The law of the two towers: for every kind of block, whatever its fields, nn(x) = runtime(x) to 1e-5 of the
largest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from anaphora import spec
from anaphora.nn.blocks import BUILDERS as NN_BUILDERS
from anaphora.nn.blocks import build
from anaphora.runtime.blocks import BUILDERS as RUNTIME_BUILDERS
from small_models import TREES, V, random_tensors, small_model

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
def test_logits_and_states_agree(checked: dict[str, Any], rng: np.random.Generator) -> None:
    module, model = both(checked)
    ids = rng.integers(V, size=(T, B))
    logits, state = model.forward(ids)
    expected, expected_state = module(torch.from_numpy(ids))
    assert_close(logits, expected)
    parts = [part for path in expected_state for part in expected_state[path]]
    assert len(parts) == len(state)
    for ours, theirs in zip(state, parts, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("checked", TREES.values(), ids=TREES)
def test_they_agree_on_ragged_rows_that_go_on(checked: dict[str, Any], rng: np.random.Generator) -> None:
    module, model = both(checked)
    first, ids = rng.integers(V, size=(4, B)), rng.integers(V, size=(T, B))
    lengths = np.array([T, 0, 3, 1, T - 1])
    _, state = model.forward(first)
    _, expected_state = module(torch.from_numpy(first))
    logits, state = model.forward(ids, lengths, state)
    expected, expected_state = module(torch.from_numpy(ids), expected_state, torch.from_numpy(lengths))
    for b, length in enumerate(lengths):
        assert_close(logits[:length, b], expected[:length, b])
        assert not logits[length:, b].any()
    for ours, theirs in zip(state, [part for parts in expected_state.values() for part in parts], strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("checked", TREES.values(), ids=TREES)
def test_dropout_is_silent_once_trained(checked: dict[str, Any], rng: np.random.Generator) -> None:
    module, model = both(checked)
    ids = rng.integers(V, size=(T, 2))
    assert_close(model.forward(ids)[0], module(torch.from_numpy(ids))[0])
