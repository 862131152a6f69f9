"""Series as the UCR archive writes them: no names, a series per line, its label first, missing steps at the end NaN.

1<tab>-0.62<tab>-0.58<tab>NaN
"""

from __future__ import annotations

import itertools
import re

from anaphora.data.files.recorded import RecordedTable, number_or_none, series_columns
from anaphora.data.files.tables import NumberedRow
from anaphora.errors import DataError
from anaphora.formatting import counted

ENDINGS = (".tsv", ".txt")
_FEWEST = 3  # fields: a label and two steps
_SEEN = 200  # lines that show the layout
_BETWEEN = re.compile(r"\t|,|[ ]+")


def are_ucr(lines: list[str]) -> bool:
    """Return whether all lines are numbers only, equally many, and their first numbers are whole and occur again.

    >>> are_ucr(["1\\t0.5\\t0.25", "2\\t1.5\\tNaN", "1\\t0\\t1"]), are_ucr(["text\\tlabel", "good\\t1"])
    (True, False)
    """
    rows = list(itertools.islice((_fields(line) for line in lines if line.strip()), _SEEN))
    if len(rows) < 2 or len(rows[0]) < _FEWEST or any(len(row) != len(rows[0]) for row in rows):
        return False
    labels = {_label(row[0]) for row in rows}
    return None not in labels and len(labels) < len(rows) and all(_numbers(row[1:]) for row in rows)


def read_ucr(text: str, name: str, encoding: str) -> RecordedTable:
    """Return the series of a text as lists of numbers with their labels.

    Raises DataError, with the line, for another number of fields, or for a field that is not a number.
    """
    records: list[NumberedRow] = []
    width = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        label, *fields = _fields(line)
        width = width or len(fields)
        if len(fields) != width or _label(label) is None:
            raise DataError(
                f"{name}, line {number}, has the label {label!r} and"
                f" {counted(len(fields), 'step')}; expected a whole number and"
                f" {counted(width, 'step')}, as in the first line."
            )
        steps = [number_or_none(field, f"{name}, line {number}, step {t}") for t, field in enumerate(fields, 1)]
        while steps and steps[-1] is None:
            steps.pop()
        records.append((number, (steps, _label(label))))
    return RecordedTable(name, series_columns(1), records, "UCR series, the label first", encoding)


def _fields(line: str) -> list[str]:
    return _BETWEEN.split(line.strip(" \r"))


def _label(text: str) -> str | None:
    """Return a whole number as text, `1` for `1.0000000e+00`; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return str(int(value)) if value.is_integer() else None


def _numbers(fields: list[str]) -> bool:
    try:
        for field in fields:
            number_or_none(field, "")
    except DataError:
        return False
    return True
