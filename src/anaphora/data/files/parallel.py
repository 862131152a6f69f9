"""Two parallel files: line i of one file belongs to line i of the other.

Files with different numbers of lines cannot be paired. The message estimates the first mismatch from the lengths of
lines,

    argmin_i  Σ_{j<i} |d(a_j, b_j)| + Σ_{j>=i} |d(a_j, b_{j−k})|,    d = ln(|a| + 1) − ln(|b| + 1) − its median

with k the surplus of lines: before line i the files match from their beginnings, after it from their ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from anaphora.data.files.tables import NumberedRow, Table
from anaphora.errors import DataError
from anaphora.formatting import counted

LAYOUT = "two parallel files"


class Side(NamedTuple):
    """One of two parallel files: its path, and its lines."""

    path: str
    lines: list[str]

    @staticmethod
    def of(path: str, text: str) -> Side:
        """Return the side that a file holds; a last line without an end counts."""
        return Side(path, text.removesuffix("\n").split("\n"))


class ParallelFiles(Table):
    """Two parallel files, line by line."""

    columns = ("source", "target")
    layout = LAYOUT

    def __init__(self, source: Side, target: Side, encoding: str) -> None:
        """Raises DataError if the numbers of lines differ."""
        self.name, self.encoding = f"'{source.path}' and '{target.path}'", encoding
        self.sides = source, target
        if len(source.lines) != len(target.lines):
            raise DataError(mismatch(source, target))

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every pair of lines."""
        picks = [self.columns.index(column) for column in columns]
        for number, pair in enumerate(zip(*(side.lines for side in self.sides), strict=True), 1):
            yield number, tuple([pair[pick] for pick in picks])

    def place(self, number: int) -> tuple[str, int]:
        """Return the line in the first file; the line in the second file has the same number."""
        return self.sides[0].path, number


def mismatch(source: Side, target: Side) -> str:
    """Return a message about files with different numbers of lines."""
    line, lines = parting(source.lines, target.lines), counted(len(source.lines), "line")
    return (
        f"'{source.path}' has {lines} and '{target.path}' has {len(target.lines):,}; expected equal"
        f" numbers of lines. By the lengths of their lines, the files stop matching at line {line:,}:"
        f" '{_cut(source, line)}' beside '{_cut(target, line)}'. Look there for a line that is missing, empty or broken"
        " in two."
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


def _cut(side: Side, line: int) -> str:
    return side.lines[line - 1][:60] if line <= len(side.lines) else "(its end)"
