"""Answers of a classifier to lines, or to the series that several lines make.

An input line of `run` is a text, or a JSON object with the columns of the training data. The answer is the label, its
probability and the text, with tabs between them; or as JSON the same object with `label` and `probability` (of several
labels `labels` and `probabilities`).

If each line of the training data was one step of a series, `run` reads its whole input, because the lines of a series
may stand anywhere in it; then it answers every series once, with its id in place of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from anaphora.config.units import PLURAL
from anaphora.data.batches import Ragged
from anaphora.data.files.folders import read_tables
from anaphora.data.files.json_values import fields
from anaphora.data.files.lines import MOST, InputLine
from anaphora.data.files.reading import Reading
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.errors import DataError
from anaphora.metrics.classification import Floats
from anaphora.tasks.base.line_answers import LineAnswers, MissingField, text_of, value_of
from anaphora.tasks.classify import inputs
from anaphora.tasks.classify.answer_inputs import batches, refuse_text
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.encoding import Reader
from anaphora.tasks.classify.inputs import LabelValue, Series
from anaphora.tasks.classify.series import NoSeries, SeriesSteps, StepOrder, plain

_MOVED = "read by time, not in the order of the file"
_UNREAD = "read in the order of the file, because the times have no common form"
_BETWEEN = ","  # labels, where the data declared no separator


class Item(NamedTuple):
    """A row as an object, as the network's input (symbols (T,) or a series (T, C)), as the text of the linear part
    (empty for a series), and notes on its reading.
    """

    values: dict[str, Any]
    encoded: NDArray[Any]
    text: str = ""
    notes: tuple[str, ...] = ()


class Prediction(NamedTuple):
    """Labels of a row with their probabilities, the most probable first; one label, or any number."""

    labels: tuple[LabelValue, ...]
    probabilities: tuple[float, ...]


class Labelling(Protocol):
    """A trained classifier, as its answers need it."""

    columns: Columns
    reader: Reader
    labels: tuple[str, ...]
    multi: bool
    separator: str | None

    @property
    def reading(self) -> Reading:
        """How input files are read."""

    def probabilities_of(self, rows: Ragged, texts: Sequence[str]) -> Floats:
        """Return the probability (B, K) of each label for encoded rows and their texts."""

    def named(self, row: Floats, top: int | None = None) -> Prediction:
        """Return the labels of probabilities (K,)."""


class Answers(LineAnswers[Item, Prediction]):
    """A classifier that answers lines; `top` is the number of labels per line."""

    def __init__(self, classifier: Labelling, as_json: bool, top: int | None = None) -> None:
        self.classifier, self.as_json, self.top, self.reading = classifier, as_json, top, classifier.reading
        self.blank = "{}" if as_json else "\t\t"
        self.trained = (classifier.columns.label,)

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Yield the rows of tables, folders and lines, some at a time."""
        return batches(paths, self.classifier.columns, self.reading, self.classifier.labels, self.notes.say)

    def parse(self, line: InputLine) -> Item:
        item, columns, reader = self._item(line), self.classifier.columns, self.classifier.reader
        missing = [name for name in columns.inputs if name not in item]
        if missing:
            raise MissingField(line.where, missing[0], item)
        values = [item[name] for name in columns.inputs]
        if reader.scale is None:
            inputs.refuse_no_text(values, columns.text, line.where)
            text = inputs.text_of(values, line.where)
            symbols = reader.whole_text(text)
            return Item(item, symbols[: reader.longest], reader.linear_text(text), self._cut(len(symbols)))
        return self._series(item, inputs.row_series(values, columns, line.where), line.where)

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """Return the labels of each row, a text's symbols (T,) or a series (T, C)."""
        encoded = [item.encoded for item in items]
        rows = Ragged.of(encoded, encoded[0][:0] if encoded else np.zeros(0, np.int32))
        found = self.classifier.probabilities_of(rows, [item.text for item in items])
        return [self.classifier.named(row, self.top) for row in found]

    def format(self, item: Item, prediction: Prediction) -> str:
        """Return label, probability and text, or a JSON object; the item's symbols (T,) or series (T, C) are not
        used.
        """
        values = item.values
        if self.as_json:
            added: dict[str, Any] = prediction._asdict()
            if not self.classifier.multi and self.top is None:
                added = {"label": prediction.labels[0], "probability": prediction.probabilities[0]}
            return self.object_of(values, added)
        between = self.classifier.separator or _BETWEEN
        labels = between.join(" ".join(str(label).split()) for label in prediction.labels)
        shown = between.join(f"{probability:.4f}" for probability in prediction.probabilities)
        columns = self.classifier.columns
        text = [str(values[name]) for name in (columns.text if columns.id is None else [columns.id])]
        return "\t".join([labels, shown, *(" ".join(part.split()) for part in text)])

    def losses(self, item: Item, prediction: Prediction) -> tuple[str, ...]:
        return item.notes

    def _cut(self, steps: int) -> tuple[str, ...]:
        reader = self.classifier.reader
        return (f"cut after {reader.longest:,} {PLURAL[reader.kind]}",) if steps > reader.longest else ()

    def _series(self, values: dict[str, Any], steps: Series, where: str) -> Item:
        return Item(values, self.classifier.reader.series(steps, where), notes=self._cut(len(steps)))

    def _item(self, line: InputLine) -> dict[str, Any]:
        text, columns = text_of(line), self.classifier.columns
        refuse_text(line, columns)
        if not line.json:
            return {columns.text[0]: text}
        item = value_of(line, text)
        if not isinstance(item, dict):
            raise DataError(f"{line.where} is not a JSON object; expected one with {columns.inputs}.")
        return item if all(name in item for name in columns.inputs) else fields(item)


class NamedSeries(NamedTuple):
    """A series of a table in which each line is one step: its id, its steps (T, C), the error of a wrong line, and
    notes on the order of its steps.
    """

    where: str
    id: Any
    steps: Series
    error: DataError | None
    notes: tuple[str, ...]


class SeriesAnswers(Answers):
    """A classifier that answers the series of its input, each by its id."""

    unit = "series"

    def batches(self, paths: Sequence[str]) -> Iterator[list[NamedSeries]]:
        """Yield the series of all input, some at a time, in the order of their first lines."""
        found = self._read(paths or [STANDARD_INPUT])
        for begin in range(0, len(found), MOST):
            yield found[begin : begin + MOST]

    def parse(self, line: Any) -> Item:
        """Return the item of a series with steps (T, C); raises DataError if a line of the series is wrong."""
        if line.error is not None:
            raise line.error
        item = self._series({str(self.classifier.columns.id): line.id}, line.steps, line.where)
        return item._replace(notes=(*item.notes, *line.notes))

    def _read(self, paths: Sequence[str]) -> list[NamedSeries]:
        columns, tables = self.classifier.columns, read_tables(paths, *self.reading)
        steps, errors, lost = SeriesSteps(columns), dict[Any, DataError](), list[DataError]()
        extra = [name for name in (columns.id, columns.time) if name]
        for which, table in enumerate(tables):
            for number, values in table.rows([table.need(name) for name in (*columns.channels, *extra)]):
                try:
                    steps.add_line(values, None, (which, number), tables)
                except NoSeries as error:
                    lost.append(error)
                except DataError as error:
                    errors.setdefault(plain(values[len(columns.channels)]), error)
        rows = steps.ragged()
        order = steps.order or StepOrder("number")
        unread = () if order.form else (_UNREAD,)
        moved = set(order.moved)
        return [
            NamedSeries(
                f"{tables[which].at(line)}, series {inputs.shown(key)}",
                key,
                rows.row(at),
                errors.get(plain(key)),
                (_MOVED,) if at in moved else unread,
            )
            for (at, key), (_, (which, line)) in zip(enumerate(steps.ids), steps.firsts, strict=True)
        ] + [NamedSeries("", None, rows.steps[:0], error, ()) for error in lost]
