"""A trained classifier: labels of texts or series, on the runtime alone.

The results of a row are the same bits for any other rows of its batch. Rows are sorted by length and cut into batches
only to save time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.arguments.accept import BYTES, optional
from anaphora.data import in_memory
from anaphora.data.batches import Ragged
from anaphora.data.files.folders import read_tables
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.data.sampling import batches_by_length
from anaphora.errors import CorruptBundle, DataError, DataWarning, UsageError, warn_caller
from anaphora.formatting import counted
from anaphora.metrics import scaling
from anaphora.metrics.classification import Floats, probabilities
from anaphora.runs.stored_baseline import StoredBaseline
from anaphora.runtime import Model
from anaphora.tasks.base.file_answers import FileAnsweringModel
from anaphora.tasks.base.line_answers import AnswerOutput
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.trained_model import check_outputs
from anaphora.tasks.classify import linear_part, memory
from anaphora.tasks.classify.answers import Answers, Prediction, SeriesAnswers
from anaphora.tasks.classify.column_checks import of_steps
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.data import rows_in_memory, rows_of
from anaphora.tasks.classify.encoding import Reader
from anaphora.tasks.classify.inputs import Inputs, Labels, LabelValue, refuse_no_text
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.score import THRESHOLD, Mixture, Score, judge
from anaphora.tasks.classify.settings import TASK, ClassifyConfig
from anaphora.tasks.classify.stream import RowStream

_SHOWN = 20  # labels in a message
_ROWS_AT_ONCE = 256
_STEPS_AT_ONCE = 2**16


class Classifier(FileAnsweringModel):
    """A trained classifier."""

    task, makes, config_class = "classify", "that gives labels", ClassifyConfig
    run_options = TASK.run_options
    config: ClassifyConfig

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        units = model.config.get("units", {})
        self.reader = Reader.restore(units, model.tensors)
        try:
            self.labels = tuple(units["labels"])
            values: dict[str, LabelValue] = units.get("values", {})
            self.classes: tuple[LabelValue, ...] = tuple(values.get(label, label) for label in self.labels)
            self.multi: bool = units["multi"]
            self.temperature: float = units["temperature"]
            self.separator: str | None = units["separator"]
            columns: dict[str, Any] = {
                name: tuple(each) if isinstance(each, list) else each for name, each in units["columns"].items()
            }
            self.columns = Columns(**columns)
        except (KeyError, TypeError) as error:
            raise CorruptBundle(f"The model file lacks the names of its labels: {error}.") from error
        self.linear, self.weights = linear_part.restored(units, model.tensors, self.reader)
        if self.linear is not None:
            count = self.linear.labels
            check_outputs(f"The linear part has {counted(count, 'score')}", count, model.width)
        check_outputs(f"The file names {counted(len(self.labels), 'label')}", len(self.labels), model.width)

    def network_scores(self, rows: Ragged) -> NDArray[np.float32]:
        """The network's logits (B, K) of encoded rows, steps (N,) or (N, C)."""
        found = np.zeros((len(rows.ends), self.runtime.width), dtype=np.float32)
        for numbers in batches_by_length(rows.lengths, _STEPS_AT_ONCE, _ROWS_AT_ONCE):
            batch = rows.take(numbers)
            found[numbers], _ = self.runtime.forward(batch.padded(), batch.lengths)
        return found

    @public()
    def probabilities(self, X: Any) -> Floats:
        """Return the probability (B, K) of each label; a row sums to 1, or, with several labels per row, each label has
        its own probability.

        Takes and raises what `predict` does.
        """
        rows = self._unlabelled(X)
        cut = self.reader.cut(rows)
        told = [finding.message for finding in of_steps(rows, self.columns)]
        for note in [*told, *([self.reader.cut_in_words(len(cut))] if cut else [])]:
            warn_caller(note, DataWarning)
        return self.probabilities_of(self.reader.rows(rows), self.reader.texts(rows))

    def probabilities_of(self, rows: Ragged, texts: Sequence[str]) -> Floats:
        """Return the same (B, K) for encoded rows, steps (N,) or (N, C), and their texts for the linear part."""
        linear = None if self.linear is None else linear_part.scores_of(self.linear, rows, texts)
        return self.mixed(self.network_scores(rows), linear)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of network and linear part, which identifies the model of a saved stream."""
        seen = hashlib.sha256(self.runtime.digest)
        for name, tensor in sorted(({} if self.linear is None else self.linear.tensors()).items()):
            seen.update(f"\n{name} ".encode() + np.ascontiguousarray(tensor).tobytes())
        return seen.digest()

    def mixed(self, network: NDArray[np.float32], linear: Floats | None) -> Floats:
        """Return the probabilities (B, K) for the scores (B, K) of the network and, if there is one, the linear
        part.
        """
        if linear is None:
            return probabilities(network, self.temperature, self.multi)
        return probabilities(scaling.combined([network, linear], self.weights), 1.0, self.multi)

    @public()
    def predict(self, X: Any) -> list[Any]:
        """Return the most probable label of each row; for several labels per row, a tuple of the labels with a
        probability of at least ½. A label has the type that it had in the training data.

        X: texts, series, an array, or a frame with the columns of the training data, the label not needed. If each line
        of a frame is one step, there is one label per series, in the order of their first lines. Raises UsageError for
        values that are not rows, DataError for a row that cannot be read.
        """
        found = [prediction.labels for prediction in self.predictions(X)]
        return found if self.multi else [labels[0] for labels in found]

    @public()
    def predictions(self, X: Any) -> list[Prediction]:
        """Return the labels with their probabilities; takes and raises what `predict` does."""
        return [self.named(row) for row in self.probabilities(X)]

    def named(self, row: Floats, top: int | None = None) -> Prediction:
        """Return the `top` most probable labels of probabilities (K,), or the usual choice without `top`."""
        order = np.argsort(-row, kind="stable")
        if top is None:
            top = int((row >= THRESHOLD).sum()) if self.multi else 1
        picked = order[:top].tolist()
        return Prediction(tuple(self.classes[label] for label in picked), tuple(float(row[label]) for label in picked))

    @public(state=optional(BYTES))
    def open_stream(self, state: bytes | None = None) -> RowStream:
        """Return a stream of one row, or the stream with this state, which gives the probability (K,) of each label for
        the text or the steps read so far.

        Raises UsageError if the network reads rows in both directions, DataError if the bytes are damaged or not a
        state, IncompatibleBundle if they belong to another model.
        """
        return RowStream(self, state)

    @public()
    def evaluate(self, data: Any) -> Score:
        """Score the model on rows with labels, in any form that training takes; raises as `predict` does, and DataError
        if the model knows no label of the rows.
        """
        score = self._evaluated(data)
        for note in score.notes:
            warn_caller(note, DataWarning)
        return score

    def _evaluated(self, data: Any) -> Score:
        files, frame = TASK.paths(data), in_memory.columns(data)
        if files is not None:
            return self.score_files(files, self.config.data.encoding)
        if frame is not None:
            return self.judged(self._rows_of(frame))
        labelled = memory.labelled(data, self.separator, self.multi, self.config.data.normalize)
        self._check_kind(labelled.inputs)
        return self.judged(rows_in_memory(labelled))

    @property
    def stored_baseline(self) -> StoredBaseline | None:
        kept = self.card.get("baseline", {})
        name = f"the logistic regression ({kept.get('linear', '')})"
        return StoredBaseline.of(name, kept, {"linear_accuracy": "accuracy", "linear_macro_f1": "macro F1"})

    def score_files(self, paths: Sequence[str], encoding: str, **options: Any) -> Score:
        data = self.config.data
        return self.judged(rows_of(read_tables(paths, *self.reading._replace(encoding=encoding)), self.columns, data))

    def judged(self, rows: Rows) -> Score:
        """Return the score of the model on these rows; raises DataError for no rows, or if it knows no label."""
        if not rows.labels:
            raise DataError("Expected rows to score, got none.")
        rows = replace(rows, labels=with_known_names(rows.labels, self.labels))
        if all(labels and set(self.labels).isdisjoint(labels) for labels in rows.labels):
            raise DataError(
                f"All {len(rows.labels):,} rows have labels that the model does not know; it knows"
                f" {', '.join(self.labels[:_SHOWN])}. Check the label column."
            )
        encoded, cut = self.reader.rows(rows), len(self.reader.cut(rows))
        mixture = None
        if self.linear is not None:
            linear = linear_part.scores_of(self.linear, encoded, self.reader.texts(rows))
            mixture = Mixture(linear_part.name_of(self.reader), linear, self.weights)
        network = self.network_scores(encoded)
        score = judge(network, rows, self.labels, self.temperature, self.multi, cut, mixture=mixture)
        return replace(score, notes=(*score.notes, *(found.message for found in of_steps(rows, self.columns))))

    def run(self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, **options: Any) -> None:
        if self.columns.id is None:
            Answers(self, as_json, **options).run(inputs, output)
        else:
            SeriesAnswers(self, as_json, **options).run(inputs, output)

    def _unlabelled(self, X: Any) -> Rows:
        frame = in_memory.columns(X)
        if frame is None:
            rows = memory.unlabelled(X)
            self._check_kind(rows.inputs)
            return rows_in_memory(rows)
        table = Frame(frame, memory.NAME)
        for number, values in table.rows([table.need(name) for name in self.columns.text]):
            refuse_no_text(values, self.columns.text, table.at(number))
        some = ["-"] * len(next(iter(frame.values()), []))  # labels that are not used
        return self._rows_of({**frame, self.columns.label: some})

    def _rows_of(self, frame: Mapping[str, Sequence[Any]]) -> Rows:
        return rows_of([Frame(frame, memory.NAME)], self.columns, self.config.data)

    def _check_kind(self, read: Inputs) -> None:
        """Raise UsageError for texts where the model reads series, and for the opposite."""
        texts = (self.reader.scale is None, not isinstance(read, Ragged))
        reads, came = ("texts" if text else "series" for text in texts)
        if memory.count(read) and reads != came:
            raise UsageError(f"The model reads {reads}; it was given {came}.")


def with_known_names(rows: Sequence[Labels], known: Sequence[str]) -> tuple[Labels, ...]:
    """Return the labels of rows, a whole number or a truth value in the form that is known: a library may turn a label
    1 into 1.0, and writes True or true.

    >>> with_known_names([("1.0",), ("2",), ("3",), ("True",)], ["1", "2.0", "4", "true"])
    (('1',), ('2.0',), ('3',), ('true',))
    """
    others = {f"{label}.0": label for label in known} | {label.removesuffix(".0"): label for label in known}
    truth = [label for label in known if label.lower() in ("true", "false")]
    others |= {form(label): label for label in truth for form in (str.lower, str.upper, str.title)}
    names = others | {label: label for label in known}
    return tuple(tuple(names.get(label, label) for label in labels) for labels in rows)


MODEL = Classifier
