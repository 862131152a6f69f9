"""The baselines of a network that classifies rows.

    majority       always the most frequent label; of several labels, those that more than half of the rows have
    linear         p(k | x) = softmax_k(w_k · φ(x) + b_k), or for several labels σ of each; w has an L2 penalty

For a text, φ(x) has the weights (1 + ln count)·ln((1 + n)/(1 + n_gram) + 1) of its n-grams, scaled to length 1. The
n-grams are words and pairs of words, or one to four characters inside words. For a series, φ(x) has the number of steps
and, per channel, mean, standard deviation, minimum, maximum, first and last value and mean absolute change.

A linear model of n-grams is strong if texts are short or few (Wang and Manning, "Baselines and Bigrams", ACL 2012). The
model is scikit-learn's logistic regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anaphora.data.batches import Ragged
from anaphora.errors import MissingExtra

LARGEST = 50_000  # rows; of more rows a random sample is fitted
WEIGHTS = 4_000_000  # labels times features; of more features the most frequent are kept
C = 10.0  # inverse strength of the penalty
_ITERATIONS = 300
_STATISTICS = 7
_WORD = r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]"  # a word or a punctuation mark


def majority(targets: npt.NDArray[Any], labels: int, rows: int, multi: bool) -> npt.NDArray[Any]:
    """Return the most frequent label for each of `rows` rows, (rows,) or (rows, K) with `multi`.

    `targets` are the training targets, (B,) or (B, K) with `multi`.
    """
    if multi:
        return np.tile((targets.mean(axis=0) > 0.5).astype(np.float32), (rows, 1))
    return np.full(rows, np.bincount(targets, minlength=labels).argmax(), dtype=np.int64)


class LinearBaseline:
    """A logistic regression on n-grams or statistics; `note` is for readers of its score."""

    def __init__(self, units: str, labels: int, multi: bool, balanced: bool, seed: int) -> None:
        """Prepare a model; `units` are the units of the network's input, `step` for series."""
        self.units, self.labels, self.multi, self.balanced, self.seed = units, labels, multi, balanced, seed
        self.note: str | None = None

    def fit(self, inputs: Sequence[str] | Ragged, targets: npt.NDArray[Any], largest: int = LARGEST) -> LinearBaseline:
        """Fit rows to their targets, (B,) or (B, K); returns itself.

        Raises MissingExtra if scikit-learn is not installed.
        """
        rows = len(targets)
        if rows > largest:
            kept = np.random.default_rng([self.seed, rows]).permutation(rows)[:largest]
            inputs = inputs.take(kept) if isinstance(inputs, Ragged) else [inputs[row] for row in kept]
            targets = targets[kept]
            self.note = f"the logistic regression was fitted to a sample of {largest:,} of {rows:,} rows"
        try:
            from sklearn.exceptions import ConvergenceWarning
        except ImportError as error:
            raise MissingExtra("train", "the linear baseline", missing="scikit-learn") from error
        self._features = _series_features() if isinstance(inputs, Ragged) else self._text_features()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            features = self._features.fit_transform(inputs)
            if self.multi:
                self._models = [self._fit_one(features, column) for column in targets.T]
            else:
                self._models = [self._fit_one(features, targets)]
        return self

    def predict(self, inputs: Sequence[str] | Ragged) -> npt.NDArray[Any]:
        """Return the predicted labels of rows, (B,) or (B, K), encoded like targets."""
        features = self._features.transform(inputs)
        if not self.multi:
            return np.asarray(self._models[0].predict(features), dtype=np.int64)
        return np.stack([np.asarray(model.predict(features), np.float32) for model in self._models], axis=1)

    def _fit_one(self, features: Any, targets: npt.NDArray[Any]) -> Any:
        from sklearn.dummy import DummyClassifier
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(targets)) < 2:
            return DummyClassifier().fit(features, targets)
        weights = "balanced" if self.balanced else None
        return LogisticRegression(C=C, max_iter=_ITERATIONS, class_weight=weights).fit(features, targets)

    def _text_features(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        most = max(10_000, WEIGHTS // self.labels)
        plain = {"lowercase": False, "sublinear_tf": True, "max_features": most}
        if self.units in ("char", "byte"):
            return TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), **plain)
        return TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, 2), **plain)


def _series_features() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(FunctionTransformer(statistics), StandardScaler())


def statistics(rows: Ragged) -> npt.NDArray[np.float64]:
    """Return seven statistics per channel and the number of steps, (B, 7·C + 1); zeros for a series without steps."""
    channels = rows.steps.shape[1]
    found = np.zeros((len(rows.ends), _STATISTICS * channels + 1))
    for number, length in enumerate(rows.lengths.tolist()):
        if length:
            x = rows.row(number).astype(np.float64)
            change = np.abs(np.diff(x, axis=0)).mean(axis=0) if length > 1 else np.zeros(channels)
            found[number] = np.concatenate(
                [x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], change, [float(length)]]
            )
    return found
