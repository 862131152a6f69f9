"""Pairs on one line each with three bars between them, as word aligners read them: `ein Haus ||| a house`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from anaphora.data.files.tables import NumberedRow, Table
from anaphora.errors import DataError
from anaphora.formatting import counted

BARS = "|||"


class BarredTable(Table):
    """A text whose lines are a source, three bars and a target."""

    columns = ("source", "target")
    layout = "source ||| target"

    def __init__(self, text: str, name: str, encoding: str) -> None:
        self.name, self.encoding = name, encoding
        self._lines = text.removesuffix("\n").split("\n")

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every pair; a blank line is no pair."""
        picks = [self.columns.index(column) for column in columns]
        for number, line in enumerate(self._lines, 1):
            fields = line.split(BARS)
            if len(fields) != len(self.columns) and line.strip():
                raise DataError(
                    f"{self.at(number)}, has {counted(len(fields), 'field')} between '|||';"
                    " expected 2, source and target."
                )
            if line.strip():
                yield number, tuple([fields[pick].strip() for pick in picks])
