"""Tables: rows of named columns, read in order, each with its location.

The number of a row is its line number in an editor, for messages.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data import location
from anaphora.errors import DataError, closest

NumberedRow = tuple[int, tuple[Any, ...]]
HEAD_ROWS = 1000  # rows that determine names and types of columns


class Table(ABC):
    """Rows of named columns; `name` begins messages, and `layout` names the format in words."""

    name: str
    columns: tuple[str, ...]
    layout: str
    encoding = ""  # empty for binary files and for values in memory
    unit = "line"
    may_lack_names = False
    """Whether the layout has a first line of names, which some files lack."""
    left_out: Mapping[str, str] = MappingProxyType({})
    """Columns that the layout itself says are no data, each with the reason."""
    other_sheets = ""
    """In words, with the remedy, that a file has sheets beside the one that is read."""

    @abstractmethod
    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row: its number, and its values in these columns, None if a value is missing.

        Raises DataError, with the location, for a malformed row.
        """

    def place(self, number: int) -> tuple[str, int]:
        """Return the location of a row: its file, and its line in the file."""
        return self.name.strip("'"), number

    def at(self, number: int) -> str:
        """Return the location of a row in words."""
        return f"{self.name}, {self.unit} {number}"

    def head(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the values of the first thousand rows."""
        return [values for _, values in itertools.islice(self.rows(columns), HEAD_ROWS)]

    @property
    def listing(self) -> str:
        """The names of the columns in words; a column without a name is told as such."""
        names = [name or "one without a name" for name in self.columns]
        return ", ".join(names) + (f" ({self.other_sheets})" if self.other_sheets else "")

    def need(self, column: str) -> str:
        """Return the column; raises DataError, naming the nearest, if it does not exist."""
        if column in self.columns:
            return column
        near = closest(column, self.columns)
        raise DataError(
            f"{self.name} has no column '{column}'. It has: {self.listing}."
            + (f" Did you mean '{near}'?" if near else "")
        )


class InTables:
    """Rows, each located in one of several tables."""

    tables: tuple[Table, ...]
    places: NDArray[np.int64]  # (B, 2): number of the table, number of the row in it

    def place(self, row: int) -> location.Location:
        """Return the location of a row."""
        table, number = self.places[row].tolist()
        return location.Location(*self.tables[table].place(number))

    def at(self, row: int) -> str:
        """Return the location of a row in words."""
        table, number = self.places[row].tolist()
        where: str = self.tables[table].at(number)
        return where


class ColumnTable(Table):
    """Columns in memory, all of the same length."""

    layout = "columns in memory"
    unit = "row"

    def __init__(self, columns: Mapping[str, Sequence[Any]], name: str = "the data") -> None:
        self.name, self.columns = name, tuple(map(str, columns))
        self._values = {str(column): values for column, values in columns.items()}

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row, numbered from 1."""
        return enumerate(zip(*(self._values[column] for column in columns), strict=True), 1)
