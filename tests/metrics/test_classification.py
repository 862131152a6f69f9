"""Scores of labels against scikit-learn, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn import metrics as theirs

from anaphora.metrics import classification as ours

K = 5


def guessed(rng: np.random.Generator, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(K, size=rows)
    scores = rng.normal(size=(rows, K)) + 1.5 * np.eye(K)[truth]
    return scores, truth


def test_confusion_and_f1_are_scikit_learns(rng: np.random.Generator) -> None:
    scores, truth = guessed(rng)
    guesses = scores.argmax(1)
    table = ours.confusion(truth, guesses, K)
    np.testing.assert_array_equal(table, theirs.confusion_matrix(truth, guesses, labels=range(K)))
    found = ours.per_label(table.diagonal(), table.sum(0), table.sum(1))
    expected = theirs.precision_recall_fscore_support(truth, guesses, labels=range(K))
    for mine, other in zip((found.precision, found.recall, found.f1, found.rows), expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    assert ours.macro_f1(found) == pytest.approx(theirs.f1_score(truth, guesses, average="macro"), rel=1e-12)
    assert ours.micro_f1(found) == pytest.approx((truth == guesses).mean(), rel=1e-12)


def test_labels_that_neither_occur_nor_are_guessed_do_not_count() -> None:
    truth, guesses = np.array([0, 0, 2, 2]), np.array([0, 2, 2, 4])
    table = ours.confusion(truth, guesses, K)
    found = ours.per_label(table.diagonal(), table.sum(0), table.sum(1))
    assert ours.macro_f1(found) == pytest.approx((2 / 3 + 2 * 1 / 4 + 0) / 3)  # labels 0, 2 and, only guessed, 4
    assert ours.macro_f1(ours.per_label([0], [0], [0])) == 0.0
    assert ours.confusion(np.array([-1, 0]), np.array([0, 0]), 1).tolist() == [[1]]


def test_several_labels_are_scikit_learns(rng: np.random.Generator) -> None:
    truth, guesses = rng.random((200, K)) < 0.3, rng.random((200, K)) < 0.4
    found = ours.per_label((truth & guesses).sum(0), guesses.sum(0), truth.sum(0))
    assert ours.macro_f1(found) == pytest.approx(theirs.f1_score(truth, guesses, average="macro"), rel=1e-12)
    assert ours.micro_f1(found) == pytest.approx(theirs.f1_score(truth, guesses, average="micro"), rel=1e-12)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_probabilities_and_nats(temperature: float, rng: np.random.Generator) -> None:
    scores, truth = guessed(rng)
    z = scores / temperature
    np.testing.assert_allclose(ours.probabilities(scores, temperature, False), softmax(z, axis=1), rtol=1e-12)
    np.testing.assert_allclose(ours.nats(scores, truth, temperature, False), -log_softmax(z, axis=1)[range(300), truth])
    several = (rng.random((300, K)) < 0.4).astype(np.float32)
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(ours.probabilities(scores, temperature, True), p, rtol=1e-12)
    expected = -(several * np.log(p) + (1 - several) * np.log(1 - p)).sum(1)
    np.testing.assert_allclose(ours.nats(scores, several, temperature, True), expected, rtol=1e-9)


def test_extreme_scores_stay_numbers_and_unknown_labels_cost_all() -> None:
    scores = np.array([[1000.0, -1000.0], [0.0, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(ours.probabilities(scores, 1.0, True)[0], [1.0, 0.0])
    np.testing.assert_allclose(ours.nats(scores, np.array([1, -1]), 1.0, False), [2000.0, np.inf])


def test_the_calibration_error_by_hand() -> None:
    confidence = [0.99, 0.98, 0.35, 0.36, 0.34]  # two bins: the last fifteenth, and the sixth
    right = [True, False, False, True, False]
    expected = (abs(0.5 - 0.985) * 2 + abs(1 / 3 - 0.35) * 3) / 5
    assert ours.calibration_error(confidence, right) == pytest.approx(expected)
    assert ours.calibration_error([1.0], [True]) == 0.0
    assert ours.calibration_error([], []) == 0.0
