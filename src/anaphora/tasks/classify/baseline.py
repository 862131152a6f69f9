"""The baseline: a logistic regression on the same training part, and the most frequent label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.majority import majority
from anaphora.data.batches import Ragged
from anaphora.metrics.classification import Floats
from anaphora.runs.sample import Sample
from anaphora.tasks.classify import linear_part
from anaphora.tasks.classify.data import Corpus
from anaphora.tasks.classify.encoding import Encoded, targets
from anaphora.tasks.classify.linear_part import LinearPart
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.sample import sample
from anaphora.tasks.classify.score import predicted, shares
from anaphora.tasks.classify.settings import ClassifyConfig

LARGEST = 50_000  # rows; of more rows a random sample is fitted
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
    sample: Sample | None = field(default=None, repr=False, compare=False)  # of the linear part

    def rows(self) -> list[tuple[str, float, float]]:
        """Name, accuracy and macro F1 of each."""
        return [
            (self.linear, self.linear_accuracy, self.linear_macro_f1),
            ("most frequent", self.majority_accuracy, self.majority_macro_f1),
        ]


@dataclass(frozen=True)
class Fitted:
    """The simple methods after training, and the scores of the linear part (B, K) for held-out rows and test rows."""

    linear: str
    part: LinearPart
    frequent: NDArray[Any]  # () or (K,), the most frequent label in the form of a target
    multi: bool
    scores: Floats
    note: str | None
    scores_of_test: Floats | None = None

    def judged(self, encoded: Encoded, rows: NDArray[np.int64]) -> Baseline:
        """Return their scores on the held-out rows with numbers `rows` (n,)."""
        return self._judged(encoded.held_out.targets[rows], self.scores[rows], len(encoded.labels))

    def tested(self, test: Rows, labels: Sequence[str], rows: NDArray[np.int64]) -> Baseline:
        """Return their scores on the rows of the test part with numbers `rows` (n,); `labels` are all that it has,
        those of the training part first.
        """
        assert self.scores_of_test is not None
        truth = targets(test.labels, labels, self.multi)[rows]
        return self._judged(truth, self.scores_of_test[rows], len(labels))

    def _judged(self, truth: NDArray[Any], scores: Floats, labels: int) -> Baseline:
        frequent = np.repeat(self.frequent[None], len(scores), axis=0)
        linear = predicted(scores, self.multi)
        found = [shares(truth, each, labels) for each in (linear, frequent)]
        return Baseline(self.linear, *found[0], *found[1], self.note, sample(truth, linear, labels))


def fitted(config: ClassifyConfig, corpus: Corpus, encoded: Encoded) -> Fitted:
    """Fit the simple methods to the training part, or to a sample if time is short; score the other parts."""
    training, reader, train, count = config.training, encoded.reader, encoded.train, len(encoded.labels)
    texts = reader.texts(corpus.train)
    most, rows, note = _most(training.minutes, len(train.targets), texts), np.arange(len(train.targets)), None
    if len(rows) > most:
        note = f"the logistic regression was fitted to a sample of {most:,} of {len(rows):,} rows"
        rows = np.random.default_rng([training.seed, len(rows)]).permutation(rows)[:most]
    some = [texts[row] for row in rows.tolist()] if texts else ()
    balanced = training.class_weights != "none"
    part = linear_part.fit(reader, train.rows.take(rows), some, train.targets[rows], count, encoded.multi, balanced)

    def scored(other: Rows, encoded_rows: Ragged) -> Floats:
        return linear_part.scores_of(part, encoded_rows, reader.texts(other))

    frequent = majority(train.targets, count, 1, encoded.multi)[0]
    of_test = None if corpus.test is None else scored(corpus.test, reader.rows(corpus.test))
    name = linear_part.name_of(reader)
    held_out = scored(corpus.held_out, encoded.held_out.rows)
    return Fitted(name, part, frequent, encoded.multi, held_out, note, of_test)


def _most(minutes: float | None, rows: int, texts: Sequence[str]) -> int:
    """Return the number of rows that there is time to fit."""
    if minutes is None:
        return LARGEST
    most = minutes * _ROWS_PER_MINUTE
    if texts:
        most = min(most, minutes * _CHARACTERS_PER_MINUTE * rows / max(1, sum(map(len, texts))))
    return min(LARGEST, max(_FEWEST, int(most)))
