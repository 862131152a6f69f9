"""The interval of a classifier's score: against rows drawn one by one, and against the score of the population."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import f1_score

from anaphora.runs.sample import Sample
from anaphora.tasks.classify.sample import sample

Numbers = NDArray[np.int64]
LABELS = 4
# Rows: truth, columns: prediction. The last label is rare, and seldom right.
JOINT = np.array([[360, 20, 15, 5], [30, 260, 10, 0], [10, 30, 155, 5], [40, 20, 10, 30]]) / 1000


def drawn(rng: np.random.Generator, rows: int) -> tuple[Numbers, Numbers]:
    """Truths and predictions of rows of the population."""
    cells = rng.choice(JOINT.size, rows, p=JOINT.ravel())
    return cells // LABELS, cells % LABELS


def population() -> dict[str, float]:
    right, both = JOINT.diagonal(), JOINT.sum(0) + JOINT.sum(1)
    return {"accuracy": float(right.sum()), "macro F1": float((2 * right / both).mean())}


def f1(rows: Numbers, label: int) -> float:
    """The harmonic mean of precision and recall."""
    there, found = (rows == label).T
    right = (there & found).sum()
    return 0.0 if right == 0 else float(2 / (found.sum() / right + there.sum() / right))


def test_the_units_of_an_interval_are_the_rows_a_right_one_and_a_wrong_one() -> None:
    rng = np.random.default_rng(4)
    truth, predicted = rng.permutation([0] * 13 + [1] * 5 + [3] * 2), rng.choice(LABELS, 20)  # label 2 does not occur
    found = sample(truth, predicted, LABELS).intervals
    made_up = [(0, 0), (1, 1), (3, 3), (0, 1), (1, 0), (3, 0)]  # wrong: as label 0, the most frequent other one
    pairs = np.array([*zip(truth, predicted, strict=True), *made_up])
    weights = np.array([1.0] * 20 + [1 / 3] * 6)
    accuracies, f1s = [], []
    for times in np.random.default_rng(0).multinomial(20, weights / 22, 1000):
        rows = np.repeat(pairs, times, axis=0)
        accuracies.append((rows[:, 0] == rows[:, 1]).mean())
        f1s.append(np.mean([f1(rows, label) for label in set(rows.ravel().tolist())]))
    tail = stats.norm.cdf(stats.t.ppf(0.025, 19) * math.sqrt(20 / 19))
    for name, figures in {"accuracy": accuracies, "macro F1": f1s}.items():
        assert found[name] == pytest.approx(np.quantile(figures, [tail, 1 - tail]), abs=2e-3)


@pytest.mark.parametrize("rows", [20, 60])
def test_intervals_cover_the_score_of_the_population(rows: int) -> None:
    rng, true = np.random.default_rng(rows), population()
    covered: dict[str, list[bool]] = {name: [] for name in true}
    for _ in range(200):
        found = sample(*drawn(rng, rows), LABELS).intervals
        for name, score in true.items():
            covered[name].append(found[name].low <= score <= found[name].high)
    shares = {name: np.mean(each) for name, each in covered.items()}
    assert all(share >= 0.93 for share in shares.values()), shares


def test_without_the_prior_a_rare_label_that_is_always_wrong_has_no_spread() -> None:
    truth = np.array([0] * 30 + [1] * 25 + [3] * 5)
    predicted = np.where(truth == 3, 0, truth)
    own = sample(truth, predicted, LABELS)
    narrow = Sample(own.statistics, own.figures).intervals["macro F1"]
    assert narrow.high == pytest.approx(2 / 3, abs=0.01)  # F1 of the rare label: 0 in every draw
    assert own.intervals["macro F1"].high > narrow.high + 0.05


def test_rows_that_are_all_right_leave_room_for_a_wrong_one() -> None:
    truth = np.arange(20) % 2
    low, high = sample(truth, truth, 2).intervals["accuracy"]
    assert (low, high) == (pytest.approx(0.025 ** (1 / 20), abs=0.05), 1.0)  # Clopper and Pearson's


def test_several_labels_per_row_have_an_interval_that_contains_the_score() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random((50, 3)) < 0.4
    predicted = truth ^ (rng.random((50, 3)) < 0.1)
    own = sample(truth, predicted, 3)
    assert own.value("macro F1") == pytest.approx(f1_score(truth, predicted, average="macro"))
    for name, (low, high) in own.intervals.items():
        assert low < own.value(name) < high
