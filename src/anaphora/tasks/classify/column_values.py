"""The kind of values that a column holds, found in its first rows: words, numbers, lists, fractions or times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from anaphora.data.files.numbers import Mark, decimal_mark, is_missing, number
from anaphora.tasks.classify.times import likeliest
from anaphora.tasks.classify.written_lists import are_number_lists

Values = Sequence[Any]
_MARKS: tuple[Mark, ...] = (".", ",")
_UNIT = re.compile(r"^[^\w\s.,+-]|[^\W\d_]{1,3}$|[^\w\s.,]$")
"""A sign before a number, or a sign or a short unit after it."""


def may_be_labels(values: Values, separator: str | None) -> bool:
    """Return whether no value is a fraction or a list of numbers, because such values are channels; `separator` stands
    between several labels.
    """
    marks = _MARKS[:1] if separator == "," else _MARKS
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
    most = max(sum(_is_number(value, mark) for value in present) for mark in _MARKS)
    return are_numbers(values) or 2 * most > len(present)


def are_words(values: Values) -> bool:
    """Return whether the values are texts that are neither numbers, with or without a unit, nor lists of numbers, nor
    times.
    """
    texts = [value for value in values if isinstance(value, str)]
    others = (are_mostly_numbers, are_quantities, are_number_lists, are_times)
    return bool(texts) and not any(kind(values) for kind in others)


def have_letters(values: Values) -> bool:
    """Return whether more than half of the values that are there have a letter, or a character beyond ASCII.

    >>> have_letters(["a b", "c 3"]), have_letters(["1/2", "(0.50)", "n"])
    (True, False)
    """
    present = [value for value in values if not is_missing(value)]
    return 2 * sum(any(c.isalpha() or c > "\x7f" for c in str(value)) for value in present) > len(present)


def are_quantities(values: Values) -> bool:
    """Return whether more than half of the values that are there are numbers with a unit, and the others numbers.

    >>> are_quantities(["3 %", "4 %", "5"]), are_quantities(["good", "3 kg"]), are_quantities(["1", "2"])
    (True, False, False)
    """
    present = [value for value in values if not is_missing(value)]
    quantities = [value for value in present if is_quantity(value)]
    return 2 * len(quantities) > len(present) and all(
        is_quantity(value) or any(_is_number(value, mark) for mark in _MARKS) for value in present
    )


def is_quantity(value: Any) -> bool:
    """Return whether a value is a number with a unit, a percent sign or a currency.

    >>> is_quantity("3.5kg"), is_quantity("-12 %"), is_quantity("€3"), is_quantity("7"), is_quantity("B2")
    (True, True, True, False, False)
    """
    return isinstance(value, str) and _bare(value) is None and _bare(_UNIT.sub("", value.strip(), count=1)) is not None


def are_times(values: Values) -> bool:
    """Return whether more than half of the values that are there have one form of a date or of a time of day.

    >>> are_times(["9:00", "10:00", "soon"]), are_times(["01/02/2024"]), are_times(["1", "2"])
    (True, True, False)
    """
    present = [value for value in values if not is_missing(value)]
    forms, others = likeliest(present) if present else ([], [])
    return bool(forms) and not forms[0].startswith("number") and 2 * len(others) < len(present)


def have_fractions(values: Values) -> bool:
    """Return whether all values are numbers and some are not whole: measurements rather than counts or names."""
    return are_numbers(values) and any(map(_is_fraction, values))


def whole_numbers(values: Values) -> list[int] | None:
    """Return the values as whole numbers, or None if one of them is missing or no whole number."""
    found = [_whole(value) for value in values]
    return None if None in found else [value for value in found if value is not None]


def _bare(text: str, marks: Sequence[Mark] = _MARKS) -> float | None:
    """Return the number that a text is with one of these decimal marks."""
    return next((read for mark in marks if (read := number(text, mark)) is not None), None)


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


def _is_fraction(value: Any, marks: Sequence[Mark] = _MARKS) -> bool:
    if isinstance(value, str):
        value = _bare(value, marks)
    return isinstance(value, float) and isfinite(value) and not value.is_integer()
