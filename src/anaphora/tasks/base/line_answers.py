"""Lines in, answers out: how a trained model answers the lines of files or of a pipe, each by itself.

    line  →  parse  →  item  →  predict  →  prediction  →  format  →  answer

A line that cannot be read stops no other: its error goes where errors go, and a blank answer stands in its place.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from anaphora.data.files import lines as line_files
from anaphora.data.files.lines import Line
from anaphora.errors import DataError

Item = TypeVar("Item")
Prediction = TypeVar("Prediction")


class Output(Protocol):
    """Where answers and errors go."""

    def write(self, text: str) -> None:
        """Write text as it is."""

    def complain(self, error: DataError) -> None:
        """Report an input that could not be read."""

    def flush(self) -> None:
        """Send what was written on its way."""


class LineAnswers(ABC, Generic[Item, Prediction]):
    """A model that answers lines."""

    blank: str
    """What stands for a line that could not be read."""

    @abstractmethod
    def parse(self, line: Line) -> Item:
        """What a line asks.

        Raises DataError, naming the line, for one that cannot be read.
        """

    @abstractmethod
    def predict(self, items: Sequence[Item]) -> Sequence[Prediction]:
        """A prediction for each item, the same whatever stands beside it."""

    @abstractmethod
    def format(self, item: Item, prediction: Prediction) -> str:
        """The answer's text, without the end of its line."""

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[Any]]:
        """The lines of files, or of standard input for `-` or no path, some at a time."""
        return line_files.batches(paths)

    def __call__(self, lines: Sequence[Line]) -> list[str | DataError]:
        """An answer to each line, or why it could not be read."""
        answers: list[str | DataError] = [self.blank] * len(lines)
        items: dict[int, Item] = {}
        for at, line in enumerate(lines):
            try:
                items[at] = self.parse(line)
            except DataError as error:
                answers[at] = error
        for (at, item), prediction in zip(items.items(), self.predict(list(items.values())), strict=True):
            answers[at] = self.format(item, prediction)
        return answers

    def run(self, paths: Sequence[str], output: Output) -> None:
        """Write an answer to every line, as soon as it is there.

        Raises DataError at the end if some lines could not be read.
        """
        lines = wrong = 0
        for batch in self.batches(paths):
            for answer in self(batch):
                lines += 1
                if isinstance(answer, DataError):
                    wrong += 1
                    output.complain(answer)
                output.write(f"{self.blank if isinstance(answer, DataError) else answer}\n")
            output.flush()
        if wrong:
            raise DataError(f"{wrong:,} of {lines:,} lines could not be read; all others were answered.")


def text_of(line: Line) -> str:
    """A line's text; raises DataError if it is not UTF-8."""
    try:
        return line.text.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{line.where} is not UTF-8: its byte {error.start} is {line.text[error.start]:#04x}. Convert it first, for"
            " example with iconv -t utf-8."
        ) from error


def value_of(line: Line, text: str) -> Any:
    """What a line of JSON holds; raises DataError if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{line.where} is not JSON: {error}.") from error
