"""Pairs of source and target texts: from two parallel files, or from two columns of a table.

    a.de b.en            line i of one file belongs to line i of the other
    pairs.tsv …          the columns `source` and `target`, or those that are named; a text file with tabs likewise

Files with different numbers of lines cannot be paired. The message estimates the first mismatch from the lengths of
lines,

    argmin_i  Σ_{j<i} |d(a_j, b_j)| + Σ_{j>=i} |d(a_j, b_{j−k})|,    d = ln(|a| + 1) − ln(|b| + 1) − its median

with k the surplus of lines: before line i the files match from their beginnings, after it from their ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.tables import ENDINGS, DelimitedTable, InTables, NumberedRow, Table, read_table
from anaphora.data.files.text import read_text
from anaphora.errors import DataError, UsageError

SOURCES = ("source", "src", "input", "from", "original", "question", "text", "x")
TARGETS = ("target", "tgt", "output", "to", "translation", "answer", "y", "label")
_WHAT = "expected two parallel files (source, then target), or a table with two columns"


class ParallelFiles(Table):
    """Two parallel files, line by line."""

    columns = ("source", "target")
    layout = "two parallel files"

    def __init__(self, source: str, target: str, encoding: str) -> None:
        """Read both files; raises DataError if one cannot be read, or if their numbers of lines differ."""
        self.name, self.encoding = f"'{source}' and '{target}'", encoding
        self._file = source
        self._sides = (lines_of(source, encoding), lines_of(target, encoding))
        if len(self._sides[0]) != len(self._sides[1]):
            raise DataError(mismatch(source, target, *self._sides))

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every pair of lines."""
        picks = [self.columns.index(column) for column in columns]
        for number, pair in enumerate(zip(*self._sides, strict=True), 1):
            yield number, tuple([pair[pick] for pick in picks])

    def place(self, number: int) -> tuple[str, int]:
        """Return the line in the first file; the line in the second file has the same number."""
        return self._file, number


@dataclass(frozen=True)
class Pairs(InTables):
    """Pairs of texts, each with its location."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    tables: tuple[Table, ...]
    places: NDArray[np.int64]  # (B, 2): number of the table, number of the row in it

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Pairs:
        """Return the pairs numbered `rows` (n,), in this order."""
        sources, targets = (tuple(side[row] for row in rows) for side in (self.sources, self.targets))
        return Pairs(sources, targets, self.tables, self.places[rows])

    @staticmethod
    def of(tables: Sequence[Table], source: str | None = None, target: str | None = None) -> Pairs:
        """Return the pairs of open tables.

        Raises DataError if a column is missing or ambiguous, or holds a value that is not text.
        """
        sources, targets, places = list[str](), list[str](), list[tuple[int, int]]()
        for which, table in enumerate(tables):
            names = choose(table, source, target)
            for number, values in table.rows(names):
                for value, name in zip(values, names, strict=True):
                    if value is not None and not isinstance(value, str):
                        raise DataError(
                            f"{table.at(number)}: '{name}' is {str(value)[:60]!r} ({type(value).__name__}); expected a"
                            " text."
                        )
                sources.append(values[0] or "")
                targets.append(values[1] or "")
                places.append((which, number))
        return Pairs(tuple(sources), tuple(targets), tuple(tables), np.array(places, np.int64).reshape(-1, 2))


def read_pairs(
    paths: Sequence[str | os.PathLike[str]],
    encoding: str = "utf-8",
    header: bool = True,
    source: str | None = None,
    target: str | None = None,
) -> Pairs:
    """Read the pairs of tables and of parallel files.

    Raises UsageError for a file without a partner, DataError for data that cannot be read or paired.
    """
    return Pairs.of(open_pairs(paths, encoding, header), source, target)


def open_pairs(paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8", header: bool = True) -> list[Table]:
    """Open tables and parallel files; raises as `read_pairs` does."""
    tables, parallel = sorted_out(paths)
    opened = [read_table(path, encoding, header) for path in tables]
    if len(parallel) == 1:
        return [*opened, _tabs(parallel[0], encoding)]
    if len(parallel) % 2 or not (opened or parallel):
        raise UsageError(f"{len(parallel)} files were named ({', '.join(parallel)}): {_WHAT}")
    return [*opened, *(ParallelFiles(*pair, encoding) for pair in zip(parallel[::2], parallel[1::2], strict=True))]


def sorted_out(paths: Sequence[str | os.PathLike[str]]) -> tuple[list[str], list[str]]:
    """Return the paths of tables, and the paths of parallel files."""
    names = [os.fspath(path) for path in paths]
    tables = [name for name in names if name == STANDARD_INPUT or ending(name) in ENDINGS]
    return tables, [name for name in names if name not in tables]


def lines_of(path: str, encoding: str) -> list[str]:
    """Return the lines of a file; raises DataError as `read_text` does."""
    return read_text(path, encoding).removesuffix("\n").split("\n")


def choose(table: Table, source: str | None = None, target: str | None = None) -> tuple[str, str]:
    """Return the two columns of a table: the named ones, the ones with usual names, or the only two.

    Raises DataError if a column is missing, naming the nearest, or ambiguous.
    """
    given = (source and table.need(source), target and table.need(target))
    plain = {column.strip().lower(): column for column in reversed(table.columns)}
    found = [
        name or next((plain[each] for each in names if each in plain), None)
        for name, names in zip(given, (SOURCES, TARGETS), strict=True)
    ]
    if found[0] is None and found[1] is None and len(table.columns) == 2 and _nameless(table):
        found = list(table.columns)
    if found[0] is None or found[1] is None or found[0] == found[1]:
        raise DataError(
            f"{table.name}: the source and target columns are not clear; the columns are"
            f" {', '.join(table.columns)}. Name them with --source and --target; if the first line is a"
            " pair, add --no-header: the columns are then called 1, 2, …"
        )
    return found[0], found[1]


def mismatch(source: str, target: str, a: Sequence[str], b: Sequence[str]) -> str:
    """Return a message about files with different numbers of lines."""
    line = parting(a, b)
    return (
        f"'{source}' has {len(a):,} lines and '{target}' has {len(b):,}; expected equal numbers of lines."
        f" By the lengths of their lines, the files stop matching at line {line:,}: '{_cut(a, line)}'"
        f" beside '{_cut(b, line)}'. Look there for a line that is missing, empty or broken in two."
    )


def parting(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the first line, from 1, at which two files of different lengths cease to match.

    >>> parting(["one", "two three four", "five", "six seven"], ["un", "deux trois quatre", "six sept"])
    3
    """
    shorter = min(len(a), len(b))
    one, other = (np.log1p(np.array([len(line) for line in lines], dtype=np.float64)) for lines in (a, b))
    if not shorter:
        return 1
    middle = float(np.median(one) - np.median(other))
    front = np.abs(one[:shorter] - other[:shorter] - middle)
    back = np.abs(one[-shorter:] - other[-shorter:] - middle)
    cost = np.concatenate([[0.0], np.cumsum(front)]) + np.concatenate([np.cumsum(back[::-1])[::-1], [0.0]])
    return int(np.argmin(cost)) + 1


def _nameless(table: Table) -> bool:
    """Return whether the names cannot be a first row taken for a header: they are numbers, or names from JSON or
    Parquet.
    """
    return not isinstance(table, DelimitedTable) or all(column.isdigit() for column in table.columns)


def _tabs(path: str, encoding: str) -> Table:
    text = read_text(path, encoding)
    if "\t" not in text.partition("\n")[0]:
        raise UsageError(f"'{path}' was named alone, and its first line has no tab: {_WHAT}")
    return DelimitedTable(text, f"'{path}'", "\t", header=False, encoding=encoding)


def _cut(lines: Sequence[str], line: int) -> str:
    return lines[line - 1][:60] if line <= len(lines) else "(its end)"
