"""Weights of scores against SciPy, scikit-learn and known temperatures; few rows and separable rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from anaphora.metrics import classification, scaling


def objective(w: np.ndarray, parts: Sequence[np.ndarray], targets: np.ndarray, multi: bool, prior: np.ndarray) -> float:
    """Nats and penalty, as the module's docstring writes them."""
    s = sum(weight * z for weight, z in zip(w, parts, strict=True))
    if multi:
        nats = -(targets * log_expit(s) + (1 - targets) * log_expit(-s)).sum()
    else:
        nats = -log_softmax(s, axis=1)[np.arange(len(s)), targets].sum()
    ratio = w / prior
    return float(nats + 4 * (ratio - 1 - np.log(ratio)).sum())


def drawn(rng: np.random.Generator, rows: int, K: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores z (B, K), and labels with the probabilities softmax(z/sharpness)."""
    z = rng.normal(size=(rows, K)) * 2
    truth = (softmax(z, axis=1).cumsum(1) < rng.random(rows)[:, None]).sum(1)
    return z * sharpness, np.minimum(truth, K - 1)


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("K", [2, 3, 20])
def test_the_weights_have_the_lowest_objective(K: int, scale: float, multi: bool, rng: np.random.Generator) -> None:
    for rows in (1, 5, 19, 20, 200):
        first, truth = drawn(rng, rows, K, scale)
        parts = [first, np.eye(K)[truth] + rng.normal(size=(rows, K))]
        targets = (rng.random((rows, K)) < 0.3).astype(np.float32) if multi else truth
        for P, prior in ((1, np.ones(1)), (2, np.array([0.5, 0.5])), (2, np.array([0.2, 3.0]))):
            given = (parts[:P], targets, multi, prior)
            found = scaling.fit(parts[:P], targets, multi, prior.tolist())
            log_w = minimize(lambda u, given=given: objective(np.exp(u), *given), np.log(prior), method="Nelder-Mead")
            assert objective(found, *given) <= log_w.fun + 1e-8
            for near in (0.999, 1.001):
                for p in range(P):
                    moved = np.where(np.arange(P) == p, found * near, found)
                    assert objective(found, *given) < objective(moved, *given)


def test_many_rows_decide_alone(rng: np.random.Generator) -> None:
    scores, truth = drawn(rng, 20_000, 3, 2.5)
    found = scaling.temperature(scores, truth, False)
    free = minimize_scalar(
        lambda t: classification.nats(scores, truth, t, False).mean(), bounds=(0.5, 9), method="bounded"
    )
    assert found == pytest.approx(free.x, rel=1e-3)
    assert found == pytest.approx(2.5, rel=0.03)


def test_two_parts_are_a_logistic_regression_without_intercept(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20_000, 2))
    y = (rng.random(20_000) < 1 / (1 + np.exp(-(0.7 * x[:, 0] + 0.2 * x[:, 1])))).astype(np.int64)
    theirs = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(x, y).coef_[0]
    one_label = [np.stack([np.zeros(len(y)), each], 1) for each in x.T]
    several = [each[:, None] for each in x.T]
    for parts, targets, multi in ((one_label, y, False), (several, y[:, None], True)):
        np.testing.assert_allclose(scaling.fit(parts, targets, multi, (0.5, 0.5)), theirs, atol=5e-3)


def test_a_part_that_knows_nothing_gets_almost_no_weight(rng: np.random.Generator) -> None:
    scores, truth = drawn(rng, 2_000, 4, 1.0)
    useful, useless = scaling.fit([scores, rng.normal(size=scores.shape)], truth, False, (0.5, 0.5))
    assert useful == pytest.approx(1.0, abs=0.1)
    assert 0 < useless < 0.1
    good, opposed = scaling.fit([scores, -scores], truth, False, (0.5, 0.5))
    assert 0 < opposed < 0.5
    assert good - opposed == pytest.approx(scaling.fit([scores], truth, False)[0], abs=0.05)


def test_equal_parts_share_the_weight(rng: np.random.Generator) -> None:
    scores, truth = drawn(rng, 300, 5, 3.0)
    first, second = scaling.fit([scores, scores], truth, False, (0.5, 0.5))
    assert first == pytest.approx(second)
    assert first + second == pytest.approx(scaling.fit([scores], truth, False)[0], rel=0.02)


def test_a_network_that_is_always_right_on_few_rows_keeps_a_sane_temperature(rng: np.random.Generator) -> None:
    truth = rng.integers(3, size=20)
    for margin in (0.5, 2.0, 9.0):
        scores = margin * np.eye(3)[truth] + rng.normal(size=(20, 3)) * margin / 8
        assert (scores.argmax(1) == truth).all()
        found = scaling.temperature(scores, truth, False)
        assert 0.3 < found <= 1.0
        several = scaling.temperature(scores - margin / 2, np.eye(3)[truth], True)
        assert 0.1 < several <= 1.0
    one_class = np.array([[2.0, 0.0]] * 20)
    assert 0.4 < scaling.temperature(one_class, np.zeros(20, np.int64), False) < 1.0


def test_there_is_no_cliff_at_some_number_of_rows(rng: np.random.Generator) -> None:
    scores, truth = drawn(rng, 2_000, 2, 4.0)
    found = [scaling.temperature(scores[:rows], truth[:rows], False) for rows in (0, 18, 19, 20, 21, 300, 2_000)]
    assert found[0] == 1.0
    assert max(abs(np.diff(np.log(found[1:5])))) < 0.1
    assert found[1] > 2
    assert found[-1] == pytest.approx(4.0, rel=0.15)


def test_few_rows_cost_no_more_than_temperature_1(rng: np.random.Generator) -> None:
    """The simulation of the journal in small: fresh rows of networks with right, too sharp and too flat scores."""
    for sharpness, gain in ((0.3, 0.0), (1.0, -0.05), (4.0, 0.1)):
        fresh, answers = drawn(rng, 5_000, 5, sharpness)
        before = classification.nats(fresh, answers, 1.0, False).mean()
        for rows in (5, 20, 100):
            after = []
            for _ in range(20):
                t = scaling.temperature(*drawn(rng, rows, 5, sharpness), False)
                after.append(classification.nats(fresh, answers, t, False).mean())
            assert before - np.mean(after) > gain


@pytest.mark.parametrize("multi", [False, True])
def test_extreme_scores(multi: bool) -> None:
    truth = np.zeros(4, np.int64)
    targets = np.eye(2)[truth] if multi else truth
    right = np.array([[9.0, -9.0]] * 4)
    for scale in (1e3, 1e30):
        assert scaling.temperature(right * scale, targets, multi) == 1.0  # certain and right: nothing to be changed
        wrong = scaling.temperature(-right * scale, targets, multi)
        assert scale < wrong < 1e3 * scale  # certain and wrong: a finite temperature that makes it uncertain
    lowest = np.full((4, 2), np.finfo(np.float32).min)
    assert np.isfinite(scaling.temperature(lowest, targets, multi))
    for value in (-np.inf, np.nan):
        assert scaling.temperature(np.full((4, 2), value), targets, multi) == 1.0
    some = np.concatenate([right, np.full((1, 2), -np.inf)])
    more = np.concatenate([targets, targets[:1]])
    assert scaling.temperature(some, more, multi) == scaling.temperature(right, targets, multi)


def test_rows_without_a_known_label_do_not_count(rng: np.random.Generator) -> None:
    scores, truth = drawn(rng, 40, 3, 5.0)
    known = np.arange(40) % 3 > 0
    marked = np.where(known, truth, -1)
    np.testing.assert_allclose(scaling.fit([scores], marked, False), scaling.fit([scores[known]], truth[known], False))
    assert scaling.fit([scores, scores], np.full(40, -1), False, (0.5, 0.25)).tolist() == [0.5, 0.25]
    assert scaling.fit([scores[:0]], truth[:0], False).tolist() == [1.0]


@pytest.mark.parametrize("multi", [False, True])
def test_each_row_is_scored_by_the_rows_outside_its_fold(multi: bool, rng: np.random.Generator) -> None:
    scores, truth = drawn(rng, 23, 4, 3.0)
    parts = [scores, rng.normal(size=scores.shape)]
    targets = np.eye(4)[truth] if multi else np.where(np.arange(23) == 7, -1, truth)
    prior = (0.5, 0.5)
    found = scaling.cross_fitted(parts, targets, multi, prior, seed=3)
    fitted = np.array([np.linalg.lstsq(np.stack([z[row] for z in parts], 1), found[row])[0] for row in range(23)])
    folds: dict[tuple[float, ...], list[int]] = {}
    for row, weights in enumerate(fitted.round(9).tolist()):
        folds.setdefault(tuple(weights), []).append(row)
    assert sorted(map(len, folds.values())) == [4, 4, 5, 5, 5]
    for weights, own in folds.items():
        other = np.setdiff1d(np.arange(23), own)
        expected = scaling.fit([z[other] for z in parts], targets[other], multi, prior)
        np.testing.assert_allclose(weights, expected, rtol=1e-7)
    changed = targets.copy()
    changed[5] = 1 - targets[5] if multi else (targets[5] + 1) % 4
    np.testing.assert_array_equal(scaling.cross_fitted(parts, changed, multi, prior, seed=3)[5], found[5])


def test_folds_of_few_rows_are_single_rows() -> None:
    scores, truth = np.array([[2.0, 0.0], [1.0, 0.5], [0.0, 7.0]]), np.array([0, 1, 1])
    found = scaling.cross_fitted([scores], truth, False)
    for row in range(3):
        other = np.arange(3) != row
        np.testing.assert_allclose(found[row], scaling.fit([scores[other]], truth[other], False)[0] * scores[row])
    assert scaling.cross_fitted([scores[:1]], truth[:1], False).tolist() == [[2.0, 0.0]]
    assert scaling.cross_fitted([scores[:0]], truth[:0], False).shape == (0, 2)


def test_the_nats_of_a_cross_fit_do_not_flatter(rng: np.random.Generator) -> None:
    cross, within, fresh = [], [], []
    for _ in range(60):
        scores, truth = drawn(rng, 15, 5, 3.0)
        new = drawn(rng, 2_000, 5, 3.0)
        t = scaling.temperature(scores, truth, False)
        cross.append(classification.nats(scaling.cross_fitted([scores], truth, False), truth, 1.0, False).mean())
        within.append(classification.nats(scores, truth, t, False).mean())
        fresh.append(classification.nats(*new, t, False).mean())
    error = np.std(np.subtract(cross, fresh)) / np.sqrt(60)
    assert np.mean(cross) == pytest.approx(np.mean(fresh), abs=2.5 * error + 0.03)
    assert np.mean(within) < np.mean(cross)


def test_a_temperature_of_nats_alone_is_the_same(rng: np.random.Generator) -> None:
    for sharpness, rows in ((0.1, 50), (1.0, 20), (3.0, 400), (1e3, 30)):
        scores, truth = drawn(rng, rows, 6, sharpness)

        def nats(t: float, scores: np.ndarray = scores, truth: np.ndarray = truth) -> float:
            return float(classification.nats(scores, truth, t, False).sum())

        found = scaling.fitted_temperature(nats, 30)
        assert found == pytest.approx(scaling.temperature(scores, truth, False), rel=1e-5)
    assert scaling.fitted_temperature(lambda _: np.inf, 9) == 1.0
    assert scaling.fitted_temperature(lambda _: 0.0, 9) == pytest.approx(1.0, abs=1e-6)
