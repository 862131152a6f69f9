"""How the rows of a classifier were read, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from anaphora.data.files.tables import Table
from anaphora.data.taken import Taken
from anaphora.tasks.classify.columns import Columns, left_out
from anaphora.tasks.classify.settings import Data

_SHOWN = 12  # columns of one role


def of_tables(
    data: Data,
    tables: Sequence[Table],
    columns: Columns,
    sources: tuple[str, ...],
    rows: int,
    own: Mapping[str, tuple[Sequence[str], int]],
) -> Taken:
    """Return how `rows` rows were read from tables; `own` are, by the name of a part, its files, if it has its own, and
    its number of rows.
    """
    layout = " and ".join(_different(table.layout for table in tables)) + _lines(columns)
    encoding = ", ".join(_different(table.encoding for table in tables))
    unit = "row" if columns.text else "sequence"
    roles = dict(_roles(columns))
    for part, (files, count) in own.items():
        if files:
            roles[f"{part} ({count:,} of the {rows:,})"] = tuple(files)
    out = dict(left_out(data, tables, columns))
    for table in tables:
        out.update(table.left_out)
    return Taken(sources, layout, encoding, rows, unit, roles, out)


def of_memory(columns: Columns, rows: int) -> Taken:
    """Return how `rows` rows with labels, (X, y), were read."""
    return Taken((), "rows in memory", "", rows, "text" if columns.text else "sequence")


def _lines(columns: Columns) -> str:
    """Return what a line of a table of series is, to follow the layout."""
    if columns.id is not None:
        return ", a line is one step of a series"
    return ", a line is a whole series, a column one step" if columns.wide else ""


def _roles(columns: Columns) -> Mapping[str, tuple[str, ...]]:
    """Return the columns by role."""
    form = "" if columns.time_form in (None, "number") else f" ({columns.time_form})"
    time = f"time{form}" if columns.time_form or not columns.time else "time (not read: the order of the file)"
    commas = " (decimal comma)" if columns.commas else ""
    roles = {
        "text": columns.text,
        "label" + ("s" if columns.multi else ""): (columns.label,),
        "id": (columns.id,) if columns.id is not None else (),
        time: (columns.time,) if columns.time is not None else (),
        ("steps" if columns.wide else "channels") + commas: _shortened(columns.channels),
    }
    return {role: names for role, names in roles.items() if names}


def _shortened(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names, the middle of a long list left out."""
    if len(names) <= _SHOWN:
        return names
    return (*names[:3], f"… {len(names) - 4:,} more …", names[-1])


def _different(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, words)))
