"""Models that don't fit their file, and inputs that don't fit a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora import bundle, runtime
from anaphora.bundle import Bundle, spec
from anaphora.errors import DataError, IncompatibleBundle, UsageError
from anaphora.runtime import Model
from small_models import (
    BOTH_WAYS,
    OF_VECTORS,
    POOLED,
    STREAMING,
    TREES,
    E,
    V,
    attend,
    norm,
    of_vectors,
    pool,
    random_inputs,
    random_tensors,
    recurrent,
    small_model,
)

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


VECTORS = OF_VECTORS["vectors, lstm"]


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, E + 1), (3, 2, E, 1), (3,)])
def test_vectors_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=rf"vectors of shape \(T, B, {E}\), got shape"):
        small_model(VECTORS).forward(np.zeros(shape))


def test_vectors_have_no_score() -> None:
    with pytest.raises(UsageError, match=r"vectors of shape \(N, 5\)"):
        small_model(VECTORS).score([1, 2])
    with pytest.raises(UsageError, match="whole numbers as ids, got float32"):
        small_model(VECTORS).score(np.zeros((4, E)))


@pytest.mark.parametrize("checked", [*POOLED.values(), *BOTH_WAYS.values()], ids=[*POOLED, *BOTH_WAYS])
def test_a_model_that_needs_whole_rows_goes_no_steps(checked: dict[str, Any], rng: np.random.Generator) -> None:
    model = small_model(checked)
    inputs = random_inputs(checked, rng, 4)
    tries = [
        model.session,
        lambda: model.step(model.initial(), inputs[0]),
        lambda: model.feed(model.initial(), inputs),
        lambda: model.score(inputs),
    ]
    for attempt in tries:
        with pytest.raises(UsageError, match=r"Block '.*' needs the end of a sequence .* model.forward"):
            attempt()


@pytest.mark.parametrize("name", POOLED)
def test_edges_of_a_model_that_pools(name: str) -> None:
    model = small_model(POOLED[name])
    for T, B in [(0, 0), (0, 3), (4, 0)]:
        y, _ = model.forward(random_inputs(model.spec, np.random.default_rng(1), T, B))
        assert y.shape == (B, model.width)
    empty, _ = model.forward(random_inputs(model.spec, np.random.default_rng(1), 3, 2), [0, 3])
    nothing, _ = model.forward(random_inputs(model.spec, np.random.default_rng(1), 0, 1))
    np.testing.assert_array_equal(empty[0], nothing[0])


BLOCKS = {
    "layer_norm": [norm(E)],
    **{over: [pool(over)] for over in ("last", "mean", "max")},
    "attention": [attend(E)],
    **{kind: [recurrent(kind)] for kind, entry in spec.KINDS.items() if "hidden_size" in entry.fields},
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("damage", [np.nan, np.inf])
def test_what_is_no_number_stays_in_its_row(name: str, damage: float, rng: np.random.Generator) -> None:
    model = small_model(of_vectors(*BLOCKS[name]))
    x = rng.normal(size=(6, 3, E)).astype(np.float32)
    lengths = [6, 4, 5]
    clean, _ = model.forward(x, lengths)
    x[2:4, 1, :2] = damage, -damage
    dirty, _ = model.forward(x, lengths)
    rows = 0 if model.pools else 1
    np.testing.assert_array_equal(np.delete(dirty, 1, axis=rows), np.delete(clean, 1, axis=rows))
    if not model.pools:
        np.testing.assert_array_equal(dirty[:2], clean[:2])  # the steps before it
        assert (dirty[2, 1] != clean[2, 1]).any()
    assert (np.take(dirty, 1, axis=rows) != np.take(clean, 1, axis=rows)).any()
    if np.isnan(damage) and name != "last":
        assert np.isnan(np.take(dirty, 1, axis=rows)).any()


def test_rows_begin_with_the_learned_state(rng: np.random.Generator) -> None:
    for name in ("lstm, learned state", "peephole_lstm, learned state"):
        model = small_model(STREAMING[name])
        parts = model.initial(3)
        for part, tensor in zip(parts, ("h_0", "c_0"), strict=True):
            for b in range(3):
                np.testing.assert_array_equal(part[:, b], model.tensors[f"recurrent.{tensor}"][:, 0])
        ids = rng.integers(V, size=(4, 3))
        np.testing.assert_array_equal(model.forward(ids)[0], model.forward(ids, state=parts)[0])
        zeros = tuple(np.zeros_like(part) for part in parts)
        assert np.abs(model.forward(ids)[0] - model.forward(ids, state=zeros)[0]).max() > 1e-3
        np.testing.assert_array_equal(model.session().feed(ids[:, 0]), model.forward(ids)[0][:, 0])


def test_every_tree_is_in_a_file_of_its_own(tmp_path: Path, rng: np.random.Generator) -> None:
    for name, checked in TREES.items():
        path = tmp_path / "m.anaphora"
        bundle.write(path, random_tensors(checked), {**CONFIG, "model": checked})
        inputs = random_inputs(checked, rng, 3, 2)
        np.testing.assert_array_equal(
            runtime.load(path).forward(inputs)[0], small_model(checked).forward(inputs)[0], err_msg=name
        )
