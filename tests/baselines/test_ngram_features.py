"""The linear model of n-grams is scikit-learn's regression on the features of the equation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from anaphora.baselines import ngram_features, regression
from anaphora.data.text.ngrams import Ngrams
from anaphora.runtime.sparse_linear import SparseLinear

WORDS = ["good film", "a good one", "not bad , good", "bad film", "so bad", "a bad , bad one", "an odd film", "odd"] * 4
TRUTH = np.array([0, 0, 0, 1, 1, 1, 2, 2] * 4)
TIGHT = {"tol": 1e-9, "max_iter": 5000}
NEW = ["good", "bad", "film one", "an odd a , bad", "unseen"]


def features(ngrams: Ngrams, each: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The equation, written with scikit-learn's counts: training rows and new rows."""
    counter = CountVectorizer(analyzer=ngrams.of)
    X, new = counter.fit_transform(WORDS).toarray(), counter.transform(NEW).toarray()
    idf = np.log((1 + len(X)) / (1 + (X > 0).sum(0))) + 1
    s = 0.0
    for own in each.T:
        inside, outside = (1 + (X[rows] > 0).sum(0) for rows in (own, ~own))
        s = s + own.sum() / each.sum() * np.log(inside / inside.sum() / (outside / outside.sum())) ** 2
    scaled = [np.sqrt(s) * idf * x / np.sqrt(np.maximum(x @ idf**2, 1e-9))[:, None] for x in (X, new)]
    return scaled[0], scaled[1]


def softmax(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that goes on to the minimum."""
    monkeypatch.setattr(regression, "TOLERANCE", TIGHT["tol"])
    monkeypatch.setattr(regression, "ITERATIONS", TIGHT["max_iter"])


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("balanced", [False, True])
def test_one_label_per_row(words: bool, labels: int, balanced: bool, tight: None) -> None:
    ngrams, truth = Ngrams(words, True), np.minimum(TRUTH, labels - 1)
    X, new = features(ngrams, truth[:, None] == np.arange(labels))
    how = "balanced" if balanced else None
    theirs = LogisticRegression(C=regression.C, class_weight=how, **TIGHT).fit(X, truth)
    ours = SparseLinear(ngrams, *ngram_features.fit(ngrams, WORDS, truth, labels, False, balanced))
    np.testing.assert_allclose(softmax(ours.of_rows(NEW)), theirs.predict_proba(new), rtol=1e-3, atol=1e-5)


def test_several_labels_each_by_itself(tight: None) -> None:
    targets = np.stack([TRUTH == 0, TRUTH > 0, np.ones(32)], axis=1).astype(np.float32)
    ngrams = Ngrams(True, True)
    X, new = features(ngrams, targets > 0)
    ours = SparseLinear(ngrams, *ngram_features.fit(ngrams, WORDS, targets, 3, True, False)).of_rows(NEW)
    for label in (0, 1):
        theirs = LogisticRegression(C=regression.C, **TIGHT).fit(X, targets[:, label])
        ours_of_label = 1 / (1 + np.exp(-ours[:, label]))
        np.testing.assert_allclose(ours_of_label, theirs.predict_proba(new)[:, 1], rtol=1e-3, atol=1e-5)
    assert (ours[:, 2] > 9).all()  # all rows have the third label


def test_the_most_frequent_n_grams_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngram_features, "WEIGHTS", 0)
    monkeypatch.setattr(ngram_features, "FEWEST", 5)
    found = ngram_features.fit(Ngrams(False, True), ["ab", "ab", "abc", "b"], np.array([0, 0, 0, 1]), 2, False, False)
    assert found.grams == ("\tb", "\t a", "\t ab", "\ta", "\tab")


def test_texts_without_a_known_n_gram_have_the_frequencies_of_the_labels() -> None:
    found = ngram_features.fit(Ngrams(True, True), ["", " ", ""], np.array([0, 0, 1]), 2, False, False)
    assert found.grams == ()
    np.testing.assert_allclose(softmax(found.bias[None]), [[2 / 3, 1 / 3]])
