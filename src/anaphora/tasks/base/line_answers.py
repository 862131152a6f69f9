"""Lines in, answers out: a trained model answers each line of files or of a pipe separately.

    line  →  parse  →  item  →  predict  →  prediction  →  format  →  answer

A line that cannot be read does not stop the others: its error is reported, and a blank answer stands in its place.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from anaphora.data.files import lines as line_files
from anaphora.data.files.json_values import hint_of_list, parsed
from anaphora.data.files.lines import InputLine
from anaphora.data.files.reading import AS_DEFAULT, Reading
from anaphora.data.files.tables import Table
from anaphora.errors import DataError, closest
from anaphora.runs.save import finite
from anaphora.tasks.base.line_notes import LineNotes

_SHOWN = 12  # fields of an object
Item = TypeVar("Item")
Prediction = TypeVar("Prediction")


class AnswerOutput(Protocol):
    """The destination of answers and errors."""

    def write(self, text: str) -> None:
        """Write text as it is."""

    def complain(self, error: DataError) -> None:
        """Report an input that could not be read."""

    def note(self, text: str) -> None:
        """Report an input that was answered with a loss, or in doubt about its layout."""

    def flush(self) -> None:
        """Flush the written text."""


class MissingField(DataError):
    """An object lacks a field that the model reads; of many such lines of a file only the first is reported."""

    def __init__(self, where: str, field: str, given: Mapping[str, Any]) -> None:
        names = list(given)
        near = closest(field, names)
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
        hint = (f" Did you mean '{near}'?" if near else "") + hint_of_list(given)
        super().__init__(f"{where}: the object has no field '{field}'; it has: {shown}.{hint}")
        self.report_once = where.rpartition(", ")[0], field


class LineAnswers(ABC, Generic[Item, Prediction]):
    """A model that answers lines."""

    blank: str
    """The output for a line that could not be read."""
    reading: Reading = AS_DEFAULT
    unit = "lines"
    """The plural of what is answered."""
    trained: Collection[str] = ()
    """The fields of the training data that an answer replaces without a note, such as the label."""

    @abstractmethod
    def parse(self, line: InputLine) -> Item:
        """Return the item of a line; raises DataError, with the line's number, for a line that cannot be read."""

    @abstractmethod
    def predict(self, items: Sequence[Item]) -> Sequence[Prediction]:
        """Return a prediction for each item, independent of the other items."""

    @abstractmethod
    def format(self, item: Item, prediction: Prediction) -> str:
        """Return the text of an answer, without a line end."""

    def object_of(self, given: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
        """Return an object with the fields of its answer, as JSON; they replace fields of the same names."""
        self.notes.replaced(name for name in answer if name in given and name not in self.trained)
        return json_of({**given, **answer})

    def losses(self, item: Item, prediction: Prediction) -> Iterable[str]:
        """Return what was lost in an answer, in words that complete `line 7 is …` and `3 lines are …`."""
        return ()

    def blank_of(self, line: Any) -> str:
        """Return the output for a line that could not be read."""
        return self.blank

    @cached_property
    def notes(self) -> LineNotes:
        """The notes on the lines so far."""
        return LineNotes(self.unit)

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Yield the lines of files, or of standard input for `-` or no path, some at a time."""
        return line_files.batches(paths, self.reading, check=self.check)

    def check(self, table: Table) -> None:
        """Raise DataError if a table lacks a column that the model reads."""

    def __call__(self, lines: Sequence[InputLine]) -> list[str | DataError]:
        """Return an answer for each line, or the error of a line that could not be read."""
        answers: list[str | DataError] = [self.blank] * len(lines)
        items: dict[int, Item] = {}
        for at, line in enumerate(lines):
            try:
                items[at] = self.parse(line)
            except DataError as error:
                answers[at] = error
        for (at, item), prediction in zip(items.items(), self.predict(list(items.values())), strict=True):
            answers[at] = self.format(item, prediction)
            for loss in self.losses(item, prediction):
                self.notes.add(lines[at].where, loss)
        return answers

    def run(self, paths: Sequence[str], output: AnswerOutput) -> None:
        """Write an answer to every line as soon as it is known, and a note on what was lost.

        Raises DataError at the end if some lines could not be read.
        """
        lines = wrong = 0
        reported: set[tuple[str, str]] = set()
        for batch in self._readable(paths):
            for line, answer in zip(batch, self(batch), strict=True):
                lines += 1
                if isinstance(answer, DataError):
                    wrong += 1
                    if not isinstance(answer, MissingField) or answer.report_once not in reported:
                        output.complain(answer)
                    if isinstance(answer, MissingField):
                        reported.add(answer.report_once)
                output.write(f"{self.blank_of(line) if isinstance(answer, DataError) else answer}\n")
            output.flush()
            for note in self.notes.new():
                output.note(note)
        if not lines:
            output.note(f"The input has no {self.unit}: there is nothing to answer.")
        for note in self.notes.totals():
            output.note(note)
        if wrong:
            others = "; all others were answered" if wrong < lines else ""
            raise DataError(f"{wrong:,} of {lines:,} {self.unit} could not be read{others}.")

    def _readable(self, paths: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Yield the batches; an error after the first of them says how many lines came before it."""
        lines = 0
        try:
            for batch in self.batches(paths):
                yield batch
                lines += len(batch)
        except DataError as error:
            if not lines:
                raise
            said = f"The {lines:,} {self.unit} before it were answered, and no others."
            raise DataError(f"{str(error).rstrip('.')}. {said}") from error


def json_of(values: Mapping[str, Any]) -> str:
    """Return an answer as JSON, with null for every number that is not finite."""
    return json.dumps(finite(values), ensure_ascii=False, allow_nan=False)


def text_of(line: InputLine) -> str:
    """Return a line's text; raises DataError if it is not in the encoding of its file."""
    try:
        return line.text.decode(line.encoding)
    except UnicodeDecodeError as error:
        encoding = "UTF-8" if line.encoding == "utf-8" else line.encoding
        raise DataError(
            f"{line.where} is not {encoding}: its byte {error.start} is {line.text[error.start]:#04x}. Name the"
            f" encoding with --encoding, or convert the line first, for example with iconv -t {line.encoding}."
        ) from error


def value_of(line: InputLine, text: str) -> Any:
    """Return the value of a line of JSON; raises DataError if the line is not JSON."""
    return parsed(text, line.where)
