"""The finding on a column of times that cannot be ordered: which times are in the way, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anaphora.checks.findings import Finding
from anaphora.data.files.numbers import is_missing
from anaphora.data.files.tables import Table
from anaphora.data.location import Location
from anaphora.formatting import counted
from anaphora.tasks.classify.inputs import shown
from anaphora.tasks.classify.times import FORMS, likeliest

_NAMES = {"typed": "dates or times"}
_KEPT = "The steps of all series keep the order of the file."
_SORT = "or sort the lines of each series by time"


def unread_times(tables: Sequence[Table], column: str) -> Finding:
    """Return the finding on the times in a column of tables, which have no form in common."""
    read = [(table, number, value) for table in tables for number, (value,) in table.rows([column])]
    values = [value for _, _, value in read]
    forms, others = likeliest(values)
    if others:
        message, remedy = _others(values, forms, others)
    else:
        message, remedy = _two_readings(values, forms)
    places = tuple(Location(*table.place(number)) for table, number, _ in (read[at] for at in others))
    return Finding("unread-times", "warning", f"column '{column}'", places, f"{message} {_KEPT}", f"{remedy}, {_SORT}.")


def _others(values: Sequence[Any], forms: Sequence[str], others: Sequence[int]) -> tuple[str, str]:
    """Return the message and the remedy for times that do not have the form of most times."""
    first = values[others[0]]
    told = "empty" if is_missing(first) and not str(first or "").strip() else shown(first)
    if not forms:
        return (
            f"None of the times is a number, a date or a time of day; the first is {told}.",
            "Write numbers or ISO 8601 (2024-01-31T10:00:00)",
        )
    share = f"{counted(len(others), 'time')} of {len(values):,}"
    named = " or ".join(_NAMES.get(form, form) for form in forms)
    what = f"{'does' if len(others) == 1 else 'do'} not have the form of the others ({named})"
    return f"{share} {what}; the first is {told}.", "Correct these times, remove their lines"


def _two_readings(values: Sequence[Any], forms: Sequence[str]) -> tuple[str, str]:
    """Return the message and the remedy for times that fit several forms, such as 01/02/2024."""
    example = next((value for value in values if len(_dates(value, forms)) > 1), values[0])
    dates = " or ".join(f"{date} ({form})" for date, form in _dates(example, forms).items())
    return f"The times fit several forms: {example!r} is {dates}.", "Write the year first, as in 2024-01-31"


def _dates(value: Any, forms: Sequence[str]) -> dict[str, str]:
    """Return the date that a time is in each form, with the first form that gives it."""
    dates: dict[str, str] = {}
    for form in forms:
        if key := FORMS[form](value):
            dates.setdefault(f"{key[0]:%Y-%m-%d}", form)
    return dates
