"""The linear model of series is scikit-learn's regression on scaled statistics."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from anaphora.baselines import regression, series_features
from anaphora.data.batches import Ragged
from anaphora.data.series_statistics import Sums, statistics
from anaphora.runtime.series_linear import SeriesLinear
from anaphora.runtime.state import pack_parts, unpack_parts


def series(rng: np.random.Generator, rows: int, scale: float) -> list[np.ndarray]:
    return [rng.normal(size=(length, 2)) * [1, scale] + [3, 0] for length in rng.integers(1, 9, size=rows)]


def drawn(rng: np.random.Generator) -> tuple[Ragged, np.ndarray]:
    rows = [*series(rng, 20, 1.0), *series(rng, 20, 6.0), np.zeros((0, 2))]
    return Ragged.of(rows, np.zeros((0, 2))), np.array([0] * 20 + [1] * 20 + [2])


def test_the_scores_are_those_of_scikit_learn(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "TOLERANCE", 1e-9)
    monkeypatch.setattr(regression, "ITERATIONS", 5000)
    rows, truth = drawn(rng)
    scaler = StandardScaler()
    X = scaler.fit_transform(statistics(rows))
    theirs = LogisticRegression(C=regression.C, tol=1e-9, max_iter=5000).fit(X, truth)
    ours = SeriesLinear(*series_features.fit(rows, truth, 3, False, False)).of_rows(rows)
    p = np.exp(ours) / np.exp(ours).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(p, theirs.predict_proba(X), atol=1e-5)
    assert (ours.argmax(axis=1) == truth).mean() >= 0.8


def test_statistics_by_hand() -> None:
    rows = Ragged.of([np.array([[1.0], [4.0], [2.0]]), np.zeros((0, 1)), np.array([[5.0]])], np.zeros((0, 1)))
    x = [1.0, 4.0, 2.0]
    expected = [np.mean(x), np.std(x), 1.0, 4.0, 1.0, 2.0, 2.5, 3.0]
    np.testing.assert_allclose(statistics(rows), [expected, [0.0] * 8, [5, 0, 5, 5, 5, 5, 0, 1]])
    assert statistics(Ragged.of([], np.zeros((0, 2)))).shape == (0, 15)


def test_any_division_gives_the_same_bits(rng: np.random.Generator) -> None:
    linear = SeriesLinear(rng.normal(size=(15, 3)), rng.normal(size=3))
    steps = rng.normal(size=(1000, 2)).astype(np.float32)
    whole = linear.of_rows(Ragged.of([steps], steps[:0]))[0]
    for _ in range(10):
        state = linear.initial()
        for chunk in np.split(steps, np.sort(rng.integers(0, 1001, size=rng.integers(1, 60)))):
            linear.scores(state)
            state = unpack_parts(pack_parts(linear.feed(state, chunk), bytes(32)), bytes(32))
        assert linear.scores(state).tobytes() == whole.tobytes()
    again = SeriesLinear.restore(linear.tensors(), 2)
    assert again.scores(state).tobytes() == whole.tobytes()
    np.testing.assert_allclose(Sums.of(2).add(steps).statistics()[:2], steps.astype(float).mean(axis=0), rtol=1e-12)
