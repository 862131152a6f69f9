"""The simple methods: they learn what is linear, take what scikit-learn takes, and know their limits."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from anaphora.baselines import linear
from anaphora.baselines.linear import LinearBaseline, majority, statistics
from anaphora.data.batches import Ragged

WORDS = ["good film", "a good one", "not bad , good", "bad film", "so bad", "a bad , bad one"] * 4
TRUTH = np.array([0, 0, 0, 1, 1, 1] * 4)


def test_words_and_pairs_of_words_are_weighed_as_scikit_learn_does() -> None:
    vectoriser = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=linear.C, max_iter=300).fit(vectoriser.fit_transform(WORDS), TRUTH)
    ours = LinearBaseline("word", 2, multi=False, balanced=False, seed=0).fit(WORDS, TRUTH)
    new = ["good", "bad", "film", "one not", "a , bad"]
    np.testing.assert_array_equal(ours.predict(new), model.predict(vectoriser.transform(new)))
    assert ours.note is None


def test_characters_are_read_in_runs() -> None:
    names = ["Kowalski", "Nowalski", "Petrovski", "Baker", "Maker", "Taker"] * 3
    ours = LinearBaseline("char", 2, multi=False, balanced=True, seed=0).fit(names, np.array([0, 0, 0, 1, 1, 1] * 3))
    assert ours.predict(["Zzalski", "Waker"]).tolist() == [0, 1]


def test_series_are_judged_by_their_statistics(rng: np.random.Generator) -> None:
    steady = [rng.normal(size=(length, 2)) for length in rng.integers(4, 9, size=20)]
    wild = [rng.normal(size=(length, 2)) * [1, 6] for length in rng.integers(4, 9, size=20)]
    rows = Ragged.of([*steady, *wild], np.zeros((0, 2)))
    truth = np.repeat([0, 1], 20)
    ours = LinearBaseline("step", 2, multi=False, balanced=False, seed=0).fit(rows, truth)
    assert (ours.predict(rows) == truth).mean() >= 0.95


def test_statistics_by_hand() -> None:
    rows = Ragged.of([np.array([[1.0], [4.0], [2.0]]), np.zeros((0, 1)), np.array([[5.0]])], np.zeros((0, 1)))
    x = [1.0, 4.0, 2.0]
    expected = [np.mean(x), np.std(x), 1.0, 4.0, 1.0, 2.0, 2.5, 3.0]
    np.testing.assert_allclose(statistics(rows), [expected, [0.0] * 8, [5, 0, 5, 5, 5, 5, 0, 1]])


def test_several_labels_each_by_itself() -> None:
    targets = np.stack([TRUTH == 0, TRUTH == 1, np.ones(24)], axis=1).astype(np.float32)
    ours = LinearBaseline("word", 3, multi=True, balanced=False, seed=0).fit(WORDS, targets)
    assert ours.predict(["good", "bad"]).tolist() == [[1, 0, 1], [0, 1, 1]]  # the third label all rows have


def test_of_many_rows_a_sample_is_taken_and_said() -> None:
    ours = LinearBaseline("word", 2, multi=False, balanced=False, seed=1).fit(WORDS, TRUTH, largest=12)
    assert ours.note == "the logistic regression was fitted to a sample of 12 of 24 rows"
    assert ours.predict(["good", "bad"]).tolist() == [0, 1]


def test_the_majority() -> None:
    assert majority(np.array([2, 0, 2, 1]), 3, 2, multi=False).tolist() == [2, 2]
    targets = np.array([[1, 0, 1], [1, 1, 0], [1, 0, 0]], dtype=np.float32)
    assert majority(targets, 3, 2, multi=True).tolist() == [[1, 0, 0]] * 2


@pytest.mark.parametrize("multi", [False, True])
def test_fitting_is_silent_and_repeats(multi: bool) -> None:
    targets = np.stack([TRUTH, 1 - TRUTH], axis=1).astype(np.float32) if multi else TRUTH
    runs = [LinearBaseline("word", 2, multi, False, seed=0).fit(WORDS, targets).predict(WORDS) for _ in range(2)]
    np.testing.assert_array_equal(*runs)
