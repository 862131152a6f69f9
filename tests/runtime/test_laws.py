"""The law of the same bits: a sequence's numbers don't depend on how it is cut, batched, padded or threaded.

Compared bit for bit, never to a tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora import kernels
from anaphora.decode import log_probabilities
from anaphora.runtime import Model
from small_models import BOTH_WAYS, STREAMING, V, small_model

MODELS = {name: small_model(checked) for name, checked in STREAMING.items()}
WIDE = {name: small_model(checked) for name, checked in BOTH_WAYS.items()}

streaming = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
every = pytest.mark.parametrize("model", {**MODELS, **WIDE}.values(), ids={**MODELS, **WIDE})
texts = st.lists(st.integers(0, V - 1), min_size=1, max_size=40).map(np.array)


def same(ours: np.ndarray, other: np.ndarray) -> None:
    assert ours.dtype == other.dtype
    np.testing.assert_array_equal(ours.view(np.uint8), np.ascontiguousarray(other).view(np.uint8))


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = kernels.get_threads()
    yield
    kernels.set_threads(before)


@streaming
@given(ids=texts, data=st.data())
def test_cut_anywhere(model: Model, ids: np.ndarray, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ids)), max_size=6)))
    whole = model.session()
    logits = whole.feed(ids)
    cut = model.session()
    pieces = [cut.feed(piece) for piece in np.split(ids, cuts)]
    same(np.concatenate(pieces), logits)
    assert cut.state == whole.state


@streaming
@given(ids=texts)
def test_step_by_step(model: Model, ids: np.ndarray) -> None:
    state = model.initial()
    for token, row in zip(ids.tolist(), model.session().feed(ids), strict=True):
        logits, state = model.step(state, token)
        same(logits, row)


@every
@given(rows=st.lists(st.lists(st.integers(0, V - 1), max_size=20), min_size=1, max_size=9), data=st.data())
def test_in_any_company(model: Model, rows: list[list[int]], data: st.DataObject) -> None:
    lengths = [len(row) for row in rows]
    padding = data.draw(st.integers(0, 3))
    ids = np.full((max(lengths) + padding, len(rows)), -7)  # what is past a row's end is never read
    for b, row in enumerate(rows):
        ids[: len(row), b] = row
    kernels.set_threads(data.draw(st.sampled_from([1, 2, 3, 8])))
    logits, state = model.forward(ids, lengths)
    kernels.set_threads(1)
    for b, row in enumerate(rows):
        alone, after = model.forward(np.array(row, dtype=np.int64)[:, None])
        same(logits[: len(row), b], alone[:, 0])
        assert not logits[len(row) :, b].any()
        for ours, other in zip(state, after, strict=True):
            same(ours[:, b].copy(), other[:, 0].copy())


@every
def test_whatever_the_thread_count(model: Model, rng: np.random.Generator) -> None:
    ids = rng.integers(V, size=(30, 70))
    kernels.set_threads(1)
    expected, expected_state = model.forward(ids)
    for threads in (2, 3, 5):
        kernels.set_threads(threads)
        logits, state = model.forward(ids)
        same(logits, expected)
        for ours, other in zip(state, expected_state, strict=True):
            same(ours, other)


@streaming
def test_a_score_is_the_sum_of_its_steps(
    model: Model, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = rng.integers(V, size=100)
    steps = log_probabilities(model.session().feed(ids[:-1]))
    expected = -np.array([steps[t, ids[t + 1]] for t in range(99)])
    same(model.score(ids), expected)
    for at_once in (1, V, 7 * V):
        monkeypatch.setattr("anaphora.runtime.model.LOGITS_AT_ONCE", at_once)
        same(model.score(ids), expected)


def test_a_feed_that_fails_reads_nothing() -> None:
    from anaphora.errors import DataError, UsageError

    for model in MODELS.values():
        session = model.session()
        session.feed([1, 2, 3])
        before = session.state
        wrong: list[tuple[Any, type[Exception]]] = [
            ([4, V], DataError),
            ([-1], DataError),
            ([[1]], UsageError),
            ([0.5], UsageError),
        ]
        for ids, error in wrong:
            with pytest.raises(error):
                session.feed(ids)
            assert session.state == before
