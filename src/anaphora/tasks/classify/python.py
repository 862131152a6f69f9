"""Classifiers in Python: a model that labels texts or series, and can be judged by rows with labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anaphora.data import in_memory
from anaphora.data.batches import Ragged
from anaphora.data.files.tables import Columns as Frame
from anaphora.errors import UsageError
from anaphora.metrics.classification import Floats
from anaphora.runtime import Model
from anaphora.tasks.base.trained_model import Opened
from anaphora.tasks.classify import scoring
from anaphora.tasks.classify.classifier import Classifier
from anaphora.tasks.classify.given import NAME, Inputs, count, labelled, read, unlabelled
from anaphora.tasks.classify.reading import Rows, rows_of
from anaphora.tasks.classify.scoring import Score
from anaphora.tasks.classify.settings import ClassifyConfig

__all__ = ["LabelModel", "open_model", "paths", "read"]


class LabelModel(Opened):
    """A trained classifier: what it says of texts or series."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._classifier = Classifier(model)

    @property
    def config(self) -> ClassifyConfig:
        """Everything that was set to train it; raises IncompatibleBundle if its file does not say."""
        return self.set_by(ClassifyConfig)

    @property
    def labels(self) -> tuple[str, ...]:
        """The K labels, in the order of the columns of `probabilities`."""
        return self._classifier.labels

    @property
    def multi(self) -> bool:
        """Whether a row may have several labels, or none."""
        return self._classifier.multi

    def predict(self, X: Any) -> list[Any]:
        """The likeliest label of each row; of a model for several labels a tuple of those that are likelier than not.

        X: texts, series, an array, or a frame with the columns that were trained on. Raises UsageError for what are no
        rows, DataError for a row that cannot be read.
        """
        guesses = [self._classifier.named(row).labels for row in self.probabilities(X)]
        return guesses if self.multi else [labels[0] for labels in guesses]

    def probabilities(self, X: Any) -> Floats:
        """(B, K) how likely each label is; a row's sum to 1, or with several labels each is one by itself.

        Takes and raises what `predict` does.
        """
        return self._classifier.probabilities(self._classifier.reader.rows(self._unlabelled(X)))

    def evaluate(self, data: Any) -> Score:
        """How good its labels are on rows with labels, in any form that training takes.

        Raises as `predict` does.
        """
        files, columns = paths(data), in_memory.columns(data)
        classifier = self._classifier
        if files is not None:
            rows = scoring.labelled(classifier, files, self.config.data.encoding)
        elif columns is not None:
            rows = self._rows_of(columns)
        else:
            rows = self._checked(labelled(data, classifier.separator, classifier.multi)[0])
        return scoring.evaluate(classifier, rows)

    def _unlabelled(self, X: Any) -> Rows:
        columns = in_memory.columns(X)
        if columns is None:
            return self._checked(unlabelled(X))
        label = self._classifier.columns.label
        whatever = ["-"] * len(next(iter(columns.values()), []))  # rows have a label; which, nobody asks
        return self._rows_of({**columns, label: whatever})

    def _rows_of(self, columns: Mapping[str, Sequence[Any]]) -> Rows:
        return rows_of([Frame(columns, NAME)], self._classifier.columns, self.config.data)

    def _checked(self, rows: Rows) -> Rows:
        reads, came = ("texts" if text else "series" for text in (self._reads_texts, _are_texts(rows.inputs)))
        if count(rows.inputs) and reads != came:
            raise UsageError(f"The model reads {reads}; it was given {came}.")
        return rows

    @property
    def _reads_texts(self) -> bool:
        return self._classifier.reader.scale is None


def open_model(model: Model) -> LabelModel:
    """The model of a file; raises IncompatibleBundle if it is no classifier."""
    return LabelModel(model)


def paths(data: Any) -> list[str] | None:
    """The files that are named, by str or pathlib.Path; None if the data are in memory."""
    return in_memory.paths(data, words=True)


def _are_texts(inputs: Inputs) -> bool:
    return not isinstance(inputs, Ragged)
