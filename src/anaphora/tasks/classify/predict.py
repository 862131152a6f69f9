"""A trained classifier: labels of texts or series, on the runtime alone.

The results of a row are the same bits for any other rows of its batch. Rows are sorted by length and cut into batches
only to save time.

An input line of `run` is a text, or a JSON object with the columns of the training data. The answer is the label, its
probability and the text, with tabs between them; or as JSON the same object with `label` and `probability` (of several
labels `labels` and `probabilities`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data import in_memory
from anaphora.data.batches import Ragged
from anaphora.data.files.folders import read_tables
from anaphora.data.files.lines import InputLine
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.data.sampling import batches_by_length
from anaphora.errors import CorruptBundle, DataError, UsageError
from anaphora.metrics.classification import Floats, probabilities
from anaphora.runtime import Model
from anaphora.tasks.base.line_answers import AnswerOutput, LineAnswers, text_of, value_of
from anaphora.tasks.base.trained_model import TrainedModel, check_outputs
from anaphora.tasks.classify import inputs, memory
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.data import Rows, rows_in_memory, rows_of
from anaphora.tasks.classify.encoding import Reader
from anaphora.tasks.classify.score import THRESHOLD, Score, judge
from anaphora.tasks.classify.settings import TASK, ClassifyConfig

_SHOWN = 20  # labels in a message
_ROWS_AT_ONCE = 256
_STEPS_AT_ONCE = 2**16
_BETWEEN = ","  # labels, where the data declared no separator


class Prediction(NamedTuple):
    """Labels of a row with their probabilities, the most probable first; one label, or any number."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]


class Classifier(TrainedModel):
    """A trained classifier."""

    task, makes, config_class = "classify", "that gives labels", ClassifyConfig
    config: ClassifyConfig

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        units = model.config.get("units", {})
        self.reader = Reader.restore(units, model.tensors)
        try:
            self.labels = tuple(units["labels"])
            self.multi: bool = units["multi"]
            self.temperature: float = units["temperature"]
            self.separator: str | None = units["separator"]
            columns: dict[str, Any] = {
                name: tuple(each) if isinstance(each, list) else each for name, each in units["columns"].items()
            }
            self.columns = Columns(**columns)
        except (KeyError, TypeError) as error:
            raise CorruptBundle(f"The model file lacks the names of its labels: {error}.") from error
        check_outputs(f"The file names {len(self.labels)} labels", len(self.labels), model.width)

    def scores(self, rows: Ragged) -> NDArray[np.float32]:
        """The logits (B, K) of encoded rows, steps (N,) or (N, C)."""
        found = np.zeros((len(rows.ends), self.runtime.width), dtype=np.float32)
        for numbers in batches_by_length(rows.lengths, _STEPS_AT_ONCE, _ROWS_AT_ONCE):
            batch = rows.take(numbers)
            found[numbers], _ = self.runtime.forward(batch.padded(), batch.lengths)
        return found

    def probabilities(self, X: Any) -> Floats:
        """Return the probability (B, K) of each label; a row sums to 1, or, with several labels per row, each label has
        its own probability.

        Takes and raises what `predict` does.
        """
        return self.probabilities_of(self.reader.rows(self._unlabelled(X)))

    def probabilities_of(self, rows: Ragged) -> Floats:
        """Return the same (B, K) for encoded rows."""
        return probabilities(self.scores(rows), self.temperature, self.multi)

    def predict(self, X: Any) -> list[Any]:
        """Return the most probable label of each row; for several labels per row, a tuple of the labels with a
        probability of at least ½.

        X: texts, series, an array, or a frame with the columns of the training data. Raises UsageError for values that
        are not rows, DataError for a row that cannot be read.
        """
        found = [prediction.labels for prediction in self.predictions(X)]
        return found if self.multi else [labels[0] for labels in found]

    def predictions(self, X: Any) -> list[Prediction]:
        """Return the labels with their probabilities; takes and raises what `predict` does."""
        return [self.named(row) for row in self.probabilities(X)]

    def named(self, row: Floats, top: int | None = None) -> Prediction:
        """Return the `top` most probable labels of probabilities (K,), or the usual choice without `top`."""
        order = np.argsort(-row, kind="stable")
        if top is None:
            top = int((row >= THRESHOLD).sum()) if self.multi else 1
        picked = order[:top].tolist()
        return Prediction(tuple(self.labels[label] for label in picked), tuple(float(row[label]) for label in picked))

    def evaluate(self, data: Any) -> Score:
        """Score the model on rows with labels, in any form that training takes; raises as `predict` does."""
        files, frame = TASK.paths(data), in_memory.columns(data)
        if files is not None:
            return self.score_files(files, self.config.data.encoding)
        if frame is not None:
            return self.judged(self._rows_of(frame))
        rows, labels, _ = memory.labelled(data, self.separator, self.multi)
        return self.judged(rows_in_memory(self._checked(rows), labels))

    def score_files(self, paths: Sequence[str], encoding: str, **options: Any) -> Score:
        data = self.config.data
        rows = rows_of(read_tables(paths, encoding, data.header), self.columns, data)
        if rows.labels and all(labels and set(self.labels).isdisjoint(labels) for labels in rows.labels):
            raise DataError(
                f"All {len(rows.labels):,} rows have labels that the model does not know; it knows"
                f" {', '.join(self.labels[:_SHOWN])}. Check the label column."
            )
        return self.judged(rows)

    def judged(self, rows: Rows) -> Score:
        """Return the score of the model on these rows."""
        scores = self.scores(self.reader.rows(rows))
        return judge(scores, rows, self.labels, self.temperature, self.multi)

    def run(self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, **options: Any) -> None:
        Answers(self, as_json, **options).run(inputs, output)

    def _unlabelled(self, X: Any) -> Rows:
        frame = in_memory.columns(X)
        if frame is None:
            read = self._checked(memory.inputs(X))
            return rows_in_memory(read, [()] * memory.count(read))
        some = ["-"] * len(next(iter(frame.values()), []))  # labels that are not used
        return self._rows_of({**frame, self.columns.label: some})

    def _rows_of(self, frame: Mapping[str, Sequence[Any]]) -> Rows:
        return rows_of([Frame(frame, memory.NAME)], self.columns, self.config.data)

    def _checked(self, read: inputs.Inputs) -> inputs.Inputs:
        texts = (self.reader.scale is None, not isinstance(read, Ragged))
        reads, came = ("texts" if text else "series" for text in texts)
        if memory.count(read) and reads != came:
            raise UsageError(f"The model reads {reads}; it was given {came}.")
        return read


Item = tuple[dict[str, Any], NDArray[Any]]
"""A line as an object, and as the network's input: symbols (T,) or a series (T, C)."""


class Answers(LineAnswers[Item, Prediction]):
    """A classifier that answers lines; `top` is the number of labels per line."""

    def __init__(self, classifier: Classifier, as_json: bool, top: int | None = None) -> None:
        self.classifier, self.as_json, self.top, self.reading = classifier, as_json, top, classifier.reading
        self.blank = "{}" if as_json else "\t\t"

    def parse(self, line: InputLine) -> Item:
        item, columns, reader = self._item(line), self.classifier.columns, self.classifier.reader
        missing = [name for name in columns.inputs if name not in item]
        if missing:
            raise DataError(f"{line.where}: the object has no field '{missing[0]}'; it has: {', '.join(item)}.")
        values = [item[name] for name in columns.inputs]
        if reader.scale is None:
            return item, reader.text(inputs.text_of(values, line.where))
        series_of = inputs.wide_series_of if columns.wide else inputs.series_of
        return item, reader.series(series_of(values, columns.inputs, line.where), line.where)

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """Return the labels of each row, a text's symbols (T,) or a series (T, C)."""
        encoded = [row for _, row in items]
        rows = Ragged.of(encoded, encoded[0][:0] if encoded else np.zeros(0, np.int32))
        return [self.classifier.named(row, self.top) for row in self.classifier.probabilities_of(rows)]

    def format(self, item: Item, prediction: Prediction) -> str:
        """Return label, probability and text, or a JSON object; the item's symbols (T,) or series (T, C) are not
        used.
        """
        values, _ = item
        if self.as_json:
            added: dict[str, Any] = prediction._asdict()
            if not self.classifier.multi and self.top is None:
                added = {"label": prediction.labels[0], "probability": prediction.probabilities[0]}
            return json.dumps({**values, **added}, ensure_ascii=False)
        between = self.classifier.separator or _BETWEEN
        labels = between.join(" ".join(label.split()) for label in prediction.labels)
        shown = between.join(f"{probability:.4f}" for probability in prediction.probabilities)
        text = [str(values[name]) for name in self.classifier.columns.text]
        return "\t".join([labels, shown, *(" ".join(part.split()) for part in text)])

    def _item(self, line: InputLine) -> dict[str, Any]:
        text, columns = text_of(line), self.classifier.columns
        if not line.json:
            if len(columns.text) != 1:
                named = ", ".join(columns.inputs)
                raise DataError(f"{line.where}: the classifier reads {named}: give a JSON object with them.")
            return {columns.text[0]: text}
        item = value_of(line, text)
        if not isinstance(item, dict):
            raise DataError(f"{line.where} is not a JSON object; expected one with {columns.inputs}.")
        return item


MODEL = Classifier
