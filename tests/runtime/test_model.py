"""Models that don't fit their file, and inputs that don't fit a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anaphora import bundle, runtime
from anaphora.bundle import Bundle
from anaphora.errors import DataError, IncompatibleBundle, UsageError
from anaphora.runtime import Model
from small_models import STREAMING, V, random_tensors, small_model

TREE = STREAMING["lstm"]
CONFIG = {"version": 1, "task": "language", "model": TREE}


def test_from_a_file(tmp_path: Path, rng: np.random.Generator) -> None:
    bundle.write(tmp_path / "m.anaphora", random_tensors(TREE), CONFIG)
    ids = rng.integers(V, size=(6, 3))
    logits, state = runtime.load(tmp_path / "m.anaphora").forward(ids)
    expected, expected_state = small_model(TREE).forward(ids)
    np.testing.assert_array_equal(logits, expected)
    for ours, other in zip(state, expected_state, strict=True):
        np.testing.assert_array_equal(ours, other)


def test_a_missing_tensor_is_named() -> None:
    tensors = random_tensors(TREE)
    del tensors["recurrent.weight_hh_l0"]
    with pytest.raises(IncompatibleBundle, match=r"recurrent.weight_hh_l0.*\(28, 7\)"):
        Model(Bundle(tensors, CONFIG))


@pytest.mark.parametrize("wrong", [np.zeros((28, 8), np.float32), np.zeros((28, 7), np.float64)])
def test_a_tensor_of_another_shape_or_type_is_named(wrong: np.ndarray) -> None:
    with pytest.raises(IncompatibleBundle, match=r"recurrent.weight_hh_l0.*float32 of shape \(28, 7\)"):
        Model(Bundle({**random_tensors(TREE), "recurrent.weight_hh_l0": wrong}, CONFIG))


@pytest.mark.parametrize("ids", [[[V]], [[-1]], [[0], [2**40]]])
def test_an_id_that_is_no_symbol_is_refused(ids: list[list[int]]) -> None:
    with pytest.raises(DataError, match=f"from 0 to {V - 1}"):
        small_model(TREE).forward(ids)


def test_the_last_symbol_of_a_score_is_checked_too() -> None:
    for last in (V, -1):
        with pytest.raises(DataError, match="position 2"):
            small_model(TREE).score([1, 2, last])


@pytest.mark.parametrize("lengths", [[3], [3, 4], [-1, 2], [[1, 1]]])
def test_lengths_that_do_not_fit_are_refused(lengths: list[int]) -> None:
    with pytest.raises(UsageError, match="2 lengths between 0 and 3"):
        small_model(TREE).forward(np.zeros((3, 2), int), lengths)


def test_a_state_that_does_not_fit_is_refused() -> None:
    model = small_model(TREE)
    with pytest.raises(UsageError, match="state of shapes"):
        model.forward(np.zeros((3, 2), int), state=model.initial(3))


def test_edges() -> None:
    model = small_model(TREE)
    for shape in [(0, 0), (0, 3), (4, 0)]:
        logits, state = model.forward(np.zeros(shape, int))
        assert logits.shape == (*shape, V)
        assert [part.shape for part in state] == [(1, shape[1], 7)] * 2
    _, warm = model.forward(np.ones((2, 3), int))
    _, after = model.forward(np.zeros((0, 3), int), state=warm)
    for ours, other in zip(after, warm, strict=True):
        np.testing.assert_array_equal(ours, other)
    assert model.score([]).shape == model.score([1]).shape == (0,)


def test_a_state_handed_out_is_never_written_into(rng: np.random.Generator) -> None:
    for checked in STREAMING.values():
        model = small_model(checked)
        _, state = model.forward(rng.integers(V, size=(3, 2)))
        copies = [part.copy() for part in state]
        model.forward(rng.integers(V, size=(3, 2)), [3, 0], state)
        for part, copy in zip(state, copies, strict=True):
            np.testing.assert_array_equal(part, copy)
