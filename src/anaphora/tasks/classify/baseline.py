"""The baseline: a logistic regression on the same training part, and the most frequent label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.linear import LARGEST, LinearBaseline, majority
from anaphora.data.batches import Ragged
from anaphora.data.text.normal_form import normal
from anaphora.metrics import classification as metrics
from anaphora.tasks.classify.data import Corpus
from anaphora.tasks.classify.encoding import Encoded, targets
from anaphora.tasks.classify.inputs import prepared
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.score import compared
from anaphora.tasks.classify.settings import ClassifyConfig

_ROWS_PER_MINUTE, _CHARACTERS_PER_MINUTE = 20_000, 1_500_000  # that are fitted: some 5 s of a processor
_FEWEST = 100  # rows, however little time there is


@dataclass(frozen=True)
class Baseline:
    """Scores of the simple methods on the held-out part; `note` says whether a method read only a sample."""

    linear: str
    linear_accuracy: float
    linear_macro_f1: float
    majority_accuracy: float
    majority_macro_f1: float
    note: str | None

    def rows(self) -> list[tuple[str, float, float]]:
        """Name, accuracy and macro F1 of each."""
        return [
            (self.linear, self.linear_accuracy, self.linear_macro_f1),
            ("most frequent", self.majority_accuracy, self.majority_macro_f1),
        ]


@dataclass(frozen=True)
class Fitted:
    """Predictions of the simple methods for each held-out row and for each row of the test part, in the form of
    targets.
    """

    linear: str
    of_linear: NDArray[Any]
    of_majority: NDArray[Any]
    note: str | None
    of_test: tuple[NDArray[Any], NDArray[Any]] | None = None

    def judged(self, encoded: Encoded, rows: NDArray[np.int64]) -> Baseline:
        """Return their scores on the held-out rows with numbers `rows` (n,)."""
        predictions = self.of_linear, self.of_majority
        return self._judged(encoded.held_out.targets[rows], predictions, rows, len(encoded.labels))

    def tested(self, test: Rows, labels: Sequence[str], rows: NDArray[np.int64]) -> Baseline:
        """Return their scores on the rows of the test part with numbers `rows` (n,); `labels` are all that it has,
        those of the training part first.
        """
        assert self.of_test is not None
        multi = self.of_test[0].ndim == 2
        return self._judged(targets(test.labels, labels, multi)[rows], self.of_test, rows, len(labels))

    def _judged(
        self, truth: NDArray[Any], predictions: Sequence[NDArray[Any]], rows: NDArray[np.int64], labels: int
    ) -> Baseline:
        found = [_shares(truth, each[rows], labels) for each in predictions]
        return Baseline(self.linear, *found[0], *found[1], self.note)


def fitted(config: ClassifyConfig, corpus: Corpus, encoded: Encoded) -> Fitted:
    """Fit the simple methods to the training part, or to a sample if time is short; predict the other parts."""
    training = config.training
    balanced = training.class_weights != "none"
    model = LinearBaseline(encoded.reader.kind, len(encoded.labels), encoded.multi, balanced, training.seed)
    train = _inputs(config, encoded, corpus.train.inputs)
    model.fit(train, encoded.train.targets, _most(training.minutes, train))

    def predicted(rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        of_linear = model.predict(_inputs(config, encoded, rows.inputs))
        return of_linear, majority(encoded.train.targets, len(encoded.labels), len(of_linear), encoded.multi)

    name = "statistics+LR" if encoded.reader.scale is not None else "TF-IDF+LR"
    of_linear, of_majority = predicted(corpus.held_out)
    of_test = None if corpus.test is None else predicted(corpus.test)
    return Fitted(name, of_linear, of_majority, model.note, of_test)


def _shares(truth: NDArray[Any], predictions: NDArray[Any], labels: int) -> tuple[float, float]:
    """Return accuracy and macro F1 of predictions, (B,) or (B, K) as targets are."""
    if predictions.ndim == 2:
        predictions = np.pad(predictions, ((0, 0), (0, labels - predictions.shape[1])))  # unseen labels
    right, each, _ = compared(truth, predictions, labels)
    return float(right.mean()), metrics.macro_f1(each)


def _most(minutes: float | None, rows: Sequence[str] | Ragged) -> int:
    """Return the number of rows that there is time to fit."""
    if minutes is None:
        return LARGEST
    most = minutes * _ROWS_PER_MINUTE
    if not isinstance(rows, Ragged):
        most = min(most, minutes * _CHARACTERS_PER_MINUTE * len(rows) / max(1, sum(map(len, rows))))
    return min(LARGEST, max(_FEWEST, int(most)))


def _inputs(config: ClassifyConfig, encoded: Encoded, inputs: tuple[str, ...] | Ragged) -> Sequence[str] | Ragged:
    """Return the network's inputs: cut at the same length, numbers on the same scale."""
    if isinstance(inputs, Ragged):
        scale = encoded.reader.scale
        assert scale is not None
        rows = [scale.apply(inputs.row(row)[: config.data.max_length]) for row in range(len(inputs.ends))]
        return Ragged.of(rows, np.zeros((0, inputs.steps.shape[1]), np.float32))
    return [prepared(normal(text, config.data.normalize), "char", config.data.lower) for text in inputs]
