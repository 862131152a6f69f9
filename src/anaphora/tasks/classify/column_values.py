"""The kind of values that a column holds, found in its first rows: words, numbers, lists, fractions or times."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from anaphora.data.files.numbers import Mark, decimal_mark, is_missing, number
from anaphora.tasks.classify.times import likeliest

Values = Sequence[Any]


def may_be_labels(values: Values, separator: str | None) -> bool:
    """Return whether no value is a fraction or a list of numbers, because such values are channels; `separator` stands
    between several labels.
    """
    marks: tuple[Mark, ...] = (".",) if separator == "," else (".", ",")
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    lists = any(isinstance(value, list | tuple) for value in values)
    return not any(_is_fraction(item, marks) or (lists and isinstance(item, int | float)) for item in flat)


def are_lists(values: Values) -> bool:
    """Return whether all values are lists, apart from missing ones."""
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, list | tuple) for value in present)


def are_numbers(values: Values) -> bool:
    """Return whether all values are numbers, with one decimal mark, or are missing."""
    return decimal_mark(values) is not None


def are_mostly_numbers(values: Values) -> bool:
    """Return whether more than half of the values that are there are numbers with one decimal mark.

    >>> are_mostly_numbers(["1.5", "2", "-", None]), are_mostly_numbers(["1", "x"]), are_mostly_numbers([True, 2, 3])
    (True, False, True)
    """
    present = [value for value in values if not is_missing(value)]
    marks: tuple[Mark, ...] = (".", ",")
    most = max(sum(_is_number(value, mark) for value in present) for mark in marks)
    return are_numbers(values) or 2 * most > len(present)


def are_words(values: Values) -> bool:
    """Return whether the values are texts that are neither numbers nor times."""
    texts = [value for value in values if isinstance(value, str)]
    return bool(texts) and not are_mostly_numbers(values) and not are_times(values)


def are_times(values: Values) -> bool:
    """Return whether more than half of the values that are there have one form of a date or of a time of day.

    >>> are_times(["9:00", "10:00", "soon"]), are_times(["01/02/2024"]), are_times(["1", "2"])
    (True, True, False)
    """
    present = [value for value in values if not is_missing(value)]
    forms, others = likeliest(present) if present else ([], [])
    return forms not in ([], ["number"]) and 2 * len(others) < len(present)


def have_fractions(values: Values) -> bool:
    """Return whether all values are numbers and some are not whole: measurements rather than counts or names."""
    return are_numbers(values) and any(map(_is_fraction, values))


def whole_numbers(values: Values) -> list[int] | None:
    """Return the values as whole numbers, or None if one of them is missing or no whole number."""
    found = [_whole(value) for value in values]
    return None if None in found else [value for value in found if value is not None]


def _is_number(value: Any, mark: Mark) -> bool:
    if isinstance(value, str):
        return number(value, mark) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        value = number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _is_fraction(value: Any, marks: Sequence[Mark] = (".", ",")) -> bool:
    if isinstance(value, str):
        value = next((read for mark in marks if (read := number(value, mark)) is not None), None)
    return isinstance(value, float) and isfinite(value) and not value.is_integer()
