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
from anaphora.tasks.classify.encoding import Encoded
from anaphora.tasks.classify.inputs import prepared
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
    """Predictions of the simple methods for each held-out row, in the form of targets."""

    linear: str
    of_linear: NDArray[Any]
    of_majority: NDArray[Any]
    note: str | None

    def judged(self, encoded: Encoded, rows: NDArray[np.int64]) -> Baseline:
        """Return their scores on the held-out rows with numbers `rows` (n,)."""
        truth, labels = encoded.held_out.targets[rows], len(encoded.labels)
        found = [_shares(truth, predictions[rows], labels) for predictions in (self.of_linear, self.of_majority)]
        return Baseline(self.linear, *found[0], *found[1], self.note)


def fitted(config: ClassifyConfig, corpus: Corpus, encoded: Encoded) -> Fitted:
    """Fit the simple methods to the training part, or to a sample if time is short; predict the held-out part."""
    training = config.training
    balanced = training.class_weights != "none"
    model = LinearBaseline(encoded.reader.kind, len(encoded.labels), encoded.multi, balanced, training.seed)
    train, held_out = (_inputs(config, encoded, part) for part in (corpus.train.inputs, corpus.held_out.inputs))
    predictions = model.fit(train, encoded.train.targets, _most(training.minutes, train)).predict(held_out)
    frequent = majority(encoded.train.targets, len(encoded.labels), len(predictions), encoded.multi)
    name = "statistics+LR" if encoded.reader.scale is not None else "TF-IDF+LR"
    return Fitted(name, predictions, frequent, model.note)


def _shares(truth: NDArray[Any], predictions: NDArray[Any], labels: int) -> tuple[float, float]:
    """Return accuracy and macro F1 of predictions, (B,) or (B, K) as targets are."""
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
