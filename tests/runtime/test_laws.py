"""The law of the same bits for whole models: a row's numbers don't depend on how it is cut, batched, padded or
threaded.

Compared bit for bit, never to a tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora import kernels
from anaphora.bundle import spec
from anaphora.decode import log_probabilities
from anaphora.errors import DataError, UsageError
from anaphora.runtime import Model
from runtime.trees import POOLS, trees
from small_models import BOTH_WAYS, OF_VECTORS, POOLED, STREAMING, V, random_inputs, small_model

MODELS = {name: small_model(checked) for name, checked in STREAMING.items()}
EVERY = {**STREAMING, **OF_VECTORS, **BOTH_WAYS, **POOLED}
NEVER_READ = {"ids": [-7, 2**40], "vectors": [np.nan, -np.inf]}

streaming = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
every = pytest.mark.parametrize("checked", EVERY.values(), ids=EVERY)


def same(ours: np.ndarray, other: np.ndarray) -> None:
    assert ours.dtype == other.dtype
    np.testing.assert_array_equal(np.ascontiguousarray(ours).view(np.uint8), np.ascontiguousarray(other).view(np.uint8))


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = kernels.get_threads()
    yield
    kernels.set_threads(before)


@pytest.mark.parametrize("kind", spec.KINDS)
@given(data=st.data())
def test_in_any_company(kind: str, data: st.DataObject) -> None:
    checked = data.draw(trees(kind))
    model = small_model(checked, seed=data.draw(st.integers(0, 99)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    lengths = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=9))
    rows = [random_inputs(checked, rng, n) for n in lengths]
    before = tuple(rng.normal(size=part.shape).astype(np.float32) for part in model.initial(len(rows)))
    before = data.draw(st.sampled_from([None, before]))
    padded = random_inputs(checked, rng, max(lengths) + data.draw(st.integers(0, 3)), len(rows))
    padded[:] = data.draw(st.sampled_from(NEVER_READ["vectors" if model.input_size else "ids"]))
    for b, row in enumerate(rows):
        padded[: len(row), b] = row
    order = data.draw(st.permutations(range(len(rows))))
    kernels.set_threads(data.draw(st.sampled_from([1, 2, 3])))
    y, state = model.forward(
        padded[:, order], np.array(lengths)[order], before and tuple(part[:, order] for part in before)
    )
    kernels.set_threads(1)
    for place, b in enumerate(order):
        alone, after = model.forward(rows[b][:, None], state=before and tuple(part[:, [b]] for part in before))
        if model.pools:
            same(y[place], alone[0])
        else:
            same(y[: lengths[b], place], alone[:, 0])
            assert not y[lengths[b] :, place].any()
        for ours, other in zip(state, after, strict=True):
            same(ours[:, place], other[:, 0])


@pytest.mark.parametrize("kind", [kind for kind in spec.KINDS if kind not in POOLS])
@given(data=st.data())
def test_cut_anywhere(kind: str, data: st.DataObject) -> None:
    checked = data.draw(trees(kind, streaming=True))
    model = small_model(checked, seed=data.draw(st.integers(0, 99)))
    n = data.draw(st.integers(0, 40))
    steps = random_inputs(checked, np.random.default_rng(n), n)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    kernels.set_threads(data.draw(st.sampled_from([1, 2, 3])))
    whole, cut = model.session(), model.session()
    y = whole.feed(steps)
    kernels.set_threads(data.draw(st.sampled_from([1, 2, 3])))
    same(np.concatenate([cut.feed(steps[begin:end]) for begin, end in pairwise([0, *cuts, n])]), y)
    assert cut.state == whole.state
    state = model.initial()
    for t in range(n):
        left, state = model.step(state, steps[t])
        same(left, y[t])


@every
def test_whatever_the_thread_count(checked: dict[str, Any], rng: np.random.Generator) -> None:
    model = small_model(checked)
    inputs = random_inputs(checked, rng, 30, 70)
    kernels.set_threads(1)
    expected, expected_state = model.forward(inputs)
    for threads in (2, 3, 5):
        kernels.set_threads(threads)
        y, state = model.forward(inputs)
        same(y, expected)
        for ours, other in zip(state, expected_state, strict=True):
            same(ours, other)


@pytest.mark.parametrize("checked", POOLED.values(), ids=POOLED)
def test_long_rows_in_company(checked: dict[str, Any], rng: np.random.Generator) -> None:
    model = small_model(checked)
    lengths = [400, 129, 0, 128, 9, 1, 255]
    inputs = random_inputs(checked, rng, 400, len(lengths))
    together, _ = model.forward(inputs, lengths)
    for b, n in enumerate(lengths):
        same(together[b], model.forward(inputs[:n, [b]])[0][0])


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


@pytest.mark.parametrize("function", [np.tanh, np.exp, np.sqrt])
def test_numpy_s_functions_know_one_number_at_a_time(function: np.ufunc, rng: np.random.Generator) -> None:
    x = np.abs(rng.normal(size=259)).astype(np.float32) * np.float32(5)
    alone = np.array([function(x[i : i + 1])[0] for i in range(x.size)])
    for begin, end in [(0, 259), (1, 259), (3, 20), (7, 8), (5, 70), (128, 131)]:
        same(function(x[begin:end]), alone[begin:end])
    same(function(x[:256].reshape(16, 16)), alone[:256].reshape(16, 16))


def test_log_probabilities_know_one_row_at_a_time(rng: np.random.Generator) -> None:
    for width in (1, 2, 7, 8, 33, 300):
        logits = rng.normal(size=(23, width)).astype(np.float32)
        together = log_probabilities(logits)
        for row, expected in zip(logits, together, strict=True):
            same(log_probabilities(row), expected)
            same(log_probabilities(row[None])[0], expected)


def test_a_feed_that_fails_reads_nothing() -> None:
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
