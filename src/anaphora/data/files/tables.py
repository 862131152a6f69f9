"""Tables as rows of named columns, read in order, each with its location.

    .csv .tsv          a field per column; the first line names the columns, or their names are 1, 2, …
    .jsonl .ndjson     a JSON object per line                   .json   one list of objects
    .parquet           by polars

A field of a CSV file is text, and a JSON value has its JSON type. The number of a row is its line number in an editor,
for messages. Only the text of one file is in memory at a time.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anaphora.data import location
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.text import read_text
from anaphora.errors import DataError, MissingExtra, closest

NumberedRow = tuple[int, tuple[Any, ...]]
_LAYOUTS = {",": "CSV with commas", ";": "CSV with semicolons", "\t": "TSV", "|": "CSV with vertical bars"}
SEPARATORS = ",;\t|"
ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
JSON_LINES = (".jsonl", ".ndjson")
_HEAD_ROWS = 1000  # rows that determine names and types of columns


class Table(ABC):
    """Rows of named columns; `name` begins messages, and `layout` names the format in words."""

    name: str
    columns: tuple[str, ...]
    layout: str
    encoding = ""  # empty for binary files and for values in memory
    unit = "line"
    left_out: Mapping[str, str] = MappingProxyType({})
    """Columns that the layout itself says are no data, each with the reason."""

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
        return [values for _, values in itertools.islice(self.rows(columns), _HEAD_ROWS)]

    def need(self, column: str) -> str:
        """Return the column; raises DataError, naming the nearest, if it does not exist."""
        if column in self.columns:
            return column
        near = closest(column, self.columns)
        raise DataError(
            f"{self.name} has no column '{column}'. It has: {', '.join(self.columns)}."
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


class DelimitedTable(Table):
    """A CSV or TSV text; in a TSV with unbalanced quotation marks, they are ordinary characters."""

    def __init__(
        self, text: str, name: str, separator: str | None = None, header: bool = True, encoding: str = "utf-8"
    ) -> None:
        self.name, self._text, self.encoding = name, text, encoding
        first = text.partition("\n")[0]
        self._separator = separator or max(SEPARATORS, key=first.count)
        self.layout = _LAYOUTS.get(self._separator, "a table") + ("" if header else ", no line of names")
        self._quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
        if self._separator == "\t" and '"' in text and not self._is_consistent():
            self._quoting = csv.QUOTE_NONE
        names = next((fields for _, fields in self._records()), [])
        self._header = header
        self.columns = tuple(names if header else map(str, range(1, len(names) + 1)))
        for name in filter(None, self.columns):
            if self.columns.count(name) > 1:
                raise DataError(f"{self.name}, line 1, has two columns '{name}': names are unique.")
        if header and not any(not name.replace(".", "").isdigit() for name in names):
            raise DataError(
                f"{self.name}, line 1, should name the columns; it reads: {first[:80]}. Add a line of"
                " names, or add --no-header: the columns are then called 1, 2, …"
            )

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row."""
        at = [self.columns.index(column) for column in columns]
        width = len(self.columns)
        for line, fields in itertools.islice(self._records(), int(self._header), None):
            if len(fields) != width:
                names = ", ".join(self.columns)
                raise DataError(
                    f"{self.name}, line {line}, has {len(fields)} fields; expected {width} ({names}). Put a"
                    f" field that contains {self._separator!r} or a line end in quotation marks."
                )
            yield line, tuple([fields[place] for place in at])

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(sys.maxsize)
        strict = self._quoting == csv.QUOTE_MINIMAL
        reader = csv.reader(
            io.StringIO(self._text, newline=""), delimiter=self._separator, quoting=self._quoting, strict=strict
        )
        begin = 1
        try:
            for fields in reader:
                if fields:
                    yield begin, fields
                begin = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{self.name}, line {begin}: {error}. Double every quotation mark inside a quoted field,"
                " and close every quoted field."
            ) from error

    def _is_consistent(self) -> bool:
        try:
            return len({len(fields) for _, fields in self._records()}) == 1
        except DataError:
            return False


class JsonTable(Table):
    """JSON objects, one per line or all in one list."""

    def __init__(self, text: str, name: str, encoding: str = "utf-8") -> None:
        self.name, self._text, self.encoding = name, text, encoding
        self.layout = "JSON Lines"
        self._list = None
        if text.lstrip()[:1] == "[":
            self.layout, self.unit = "JSON list", "item"
            self._list = self._parsed(text, f"{name}")
        names: dict[str, None] = {}
        for _, item in itertools.islice(self._objects(), _HEAD_ROWS):
            names.update(dict.fromkeys(item))
        self.columns = tuple(names)

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row."""
        for number, item in self._objects():
            yield number, tuple([item.get(column) for column in columns])

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._list is not None:
            numbered: Iterable[tuple[int, Any]] = enumerate(self._list, 1)
        else:
            lines = enumerate(io.StringIO(self._text), 1)
            numbered = ((number, self._parsed(line, self.at(number))) for number, line in lines if line.strip())
        for number, item in numbered:
            if not isinstance(item, dict):
                raise DataError(
                    f'{self.at(number)}, is not a JSON object: expected {{"column": value, …}}, got {str(item)[:60]!r}.'
                )
            yield number, item

    @staticmethod
    def _parsed(text: str, where: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}, is not JSON: {error}.") from error


class ParquetTable(Table):
    """A Parquet file."""

    layout = "Parquet"
    unit = "row"

    def __init__(self, path: Path, name: str) -> None:
        try:
            import polars
        except ImportError as error:
            raise MissingExtra("train", f"reading {name}", missing="polars") from error
        self.name = name
        try:
            self._frame = polars.read_parquet(path)
        except (OSError, polars.exceptions.PolarsError) as error:
            raise DataError(f"{name} cannot be read as Parquet: {str(error).splitlines()[0]}.") from error
        self.columns = tuple(self._frame.columns)

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row, numbered from 1."""
        return enumerate(self._frame.select(list(columns)).iter_rows(), 1)


def read_table(path: str | os.PathLike[str], encoding: str = "utf-8", header: bool = True) -> Table:
    """Open the table in a file, or on standard input for `-`, where the first character distinguishes JSON from CSV.

    Raises DataError as `read_text` does, and for a table without rows.
    """
    table = _open(path, encoding, header)
    if next(table.rows(table.columns[:1]), None) is None:
        raise DataError(f"{table.name} has no rows.")
    return table


def _open(path: str | os.PathLike[str], encoding: str, header: bool) -> Table:
    ending = Path(path).suffix.lower()
    name = "standard input" if os.fspath(path) == STANDARD_INPUT else f"'{os.fspath(path)}'"
    if ending == ".parquet":
        return ParquetTable(Path(path), name)
    text = read_text(path, encoding)
    if ending in (".jsonl", ".ndjson", ".json") or (ending != ".csv" and text.lstrip()[:1] in ("{", "[")):
        return JsonTable(text, name, encoding)
    return DelimitedTable(text, name, "\t" if ending == ".tsv" else None, header, encoding)
