"""The simple methods that a network which gives labels must beat.

    majority       always the most frequent label; of several labels, those that more than half of the rows have
    linear         p(k | x) = softmax_k(w_k · φ(x) + b_k), or for several labels σ of each; w has an L2 penalty

with φ(x) for a text its n-grams' weights (1 + ln count)·ln((1 + n)/(1 + n_gram) + 1), scaled to length 1: words and
pairs of words, or runs of one to four characters inside words; and for a series, per channel, its mean, standard
deviation, least, largest, first and last value and mean absolute change, besides the number of steps.

A linear model of n-grams is strong where texts are short or few (Wang and Manning, "Baselines and Bigrams", ACL 2012).
It is scikit-learn's logistic regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anaphora.data.batches import Ragged
from anaphora.errors import MissingExtra

LARGEST = 50_000  # rows that are fitted; of more, an evenly spaced sample
WEIGHTS = 4_000_000  # labels times features: of more features, the most frequent
C = 10.0  # the inverse of the penalty's strength
_ITERATIONS = 300
_STATISTICS = 7
_WORD = r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]"  # or a mark


def majority(targets: npt.NDArray[Any], labels: int, rows: int, multi: bool) -> npt.NDArray[Any]:
    """What is most frequent in the training targets, for so many rows."""
    if multi:
        return np.tile((targets.mean(axis=0) > 0.5).astype(np.float32), (rows, 1))
    return np.full(rows, np.bincount(targets, minlength=labels).argmax(), dtype=np.int64)


class Linear:
    """A logistic regression on n-grams or statistics; `note` says what a reader of its score should know."""

    def __init__(self, units: str, labels: int, multi: bool, balanced: bool, seed: int) -> None:
        """`units` are what the network reads: step for series."""
        self.units, self.labels, self.multi, self.balanced, self.seed = units, labels, multi, balanced, seed
        self.note: str | None = None

    def fit(self, inputs: Sequence[str] | Ragged, targets: npt.NDArray[Any], largest: int = LARGEST) -> Linear:
        """Fit rows with their targets, (B,) or (B, K); returns itself.

        Raises MissingExtra without scikit-learn.
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
        self._features = _of_series() if isinstance(inputs, Ragged) else self._of_texts()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            features = self._features.fit_transform(inputs)
            if self.multi:
                self._models = [self._fitted(features, column) for column in targets.T]
            else:
                self._models = [self._fitted(features, targets)]
        return self

    def guess(self, inputs: Sequence[str] | Ragged) -> npt.NDArray[Any]:
        """The labels it gives rows, as targets are written."""
        features = self._features.transform(inputs)
        if not self.multi:
            return np.asarray(self._models[0].predict(features), dtype=np.int64)
        return np.stack([np.asarray(model.predict(features), np.float32) for model in self._models], axis=1)

    def _fitted(self, features: Any, targets: npt.NDArray[Any]) -> Any:
        from sklearn.dummy import DummyClassifier
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(targets)) < 2:
            return DummyClassifier().fit(features, targets)
        weights = "balanced" if self.balanced else None
        return LogisticRegression(C=C, max_iter=_ITERATIONS, class_weight=weights).fit(features, targets)

    def _of_texts(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        most = max(10_000, WEIGHTS // self.labels)
        plain = {"lowercase": False, "sublinear_tf": True, "max_features": most}
        if self.units in ("char", "byte"):
            return TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), **plain)
        return TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, 2), **plain)


def _of_series() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(FunctionTransformer(statistics), StandardScaler())


def statistics(rows: Ragged) -> npt.NDArray[np.float64]:
    """Seven numbers per channel and the number of steps, (B, 7·C + 1); zeros for a series without steps."""
    wide = rows.steps.shape[1]
    found = np.zeros((len(rows.ends), _STATISTICS * wide + 1))
    for number, length in enumerate(rows.lengths.tolist()):
        if length:
            x = rows.row(number).astype(np.float64)
            change = np.abs(np.diff(x, axis=0)).mean(axis=0) if length > 1 else np.zeros(wide)
            found[number] = np.concatenate(
                [x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], change, [float(length)]]
            )
    return found
