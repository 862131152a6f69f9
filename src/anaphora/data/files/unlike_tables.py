"""Lines that look like a table without the column that a model reads: no lines of texts.

Every line has as many separators as the first one or more, and the first line has names: short, different, and without
a blank behind a separator, as prose has it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from anaphora.data.files.delimited import SEPARATORS
from anaphora.data.files.tables import ColumnTable
from anaphora.errors import closest

_NAME = re.compile(r"[^\W\d][\w.#-]*( [\w.#-]+){0,2}")


def names_in(lines: Sequence[str]) -> list[str]:
    """Return the names in the first of some lines that look like a table; none if they do not.

    >>> names_in(["texts,label", "a text, too,x"]), names_in(["Well, yes", "so, no"]), names_in(["so,no", "Yes"])
    (['texts', 'label'], [], [])
    """
    first, *rest = [line.rstrip("\r") for line in lines if line.strip()] or [""]
    for mark in SEPARATORS:
        names = [field.strip('"\ufeff') for field in first.split(mark)]
        are_names = len(names) > 1 and len(set(names)) == len(names) and all(map(_NAME.fullmatch, names))
        if are_names and all(line.count(mark) >= first.count(mark) for line in rest):
            return names
    return []


def look_at(lines: Sequence[str], column: str, known: Collection[str], name: str) -> str:
    """Return a note on lines that look like a table without a column, empty for other lines; `known` are the other
    columns of the training data, and `name` is that of the input.

    Raises DataError if a name is known, or is like that of the column.
    """
    names = names_in(lines)
    if not names or column in names or len(lines) < 2:
        return ""
    if closest(column, names) or not set(known).isdisjoint(names):
        ColumnTable(dict.fromkeys(names, ()), name).need(column)
    return (
        f"{name} is read as a text per line, but it looks like a table with the columns {', '.join(names)}, and the"
        f" model reads the column '{column}'."
    )
