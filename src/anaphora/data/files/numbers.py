"""Numbers in texts: is a text a number, and which one.

    -0.6   1e+00   1,234.5   1 234,5

A mark between groups of three digits is a thousands mark, and the other mark is the decimal mark. A text alone cannot
say which mark is the decimal mark (1,234), so a column decides: the mark with which all of its texts are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

Mark = Literal[".", ","]
MISSING = frozenset({"", "na", "n/a", "nan", "-nan", "nat", "<na>", "null", "none", "?", "#n/a", "#n/a n/a", "#na"})
"""Texts, in lower case, that stand for a missing number or time."""

_OTHER: dict[str, str] = {".": ",", ",": "."}
_SPACES = " \u00a0\u202f"  # between thousands
_WORDS = re.compile(r"[-+]?(?:inf(?:inity)?|nan)", re.IGNORECASE)


def number(text: str, decimal: Mark = ".") -> float | None:
    """Return the number that a text is, with this decimal mark; None if it is no number.

    >>> number("-0.6"), number("1e+00"), number("1,234.5"), number("3,5", ","), number("1.234,5", ",")
    (-0.6, 1.0, 1234.5, 3.5, 1234.5)
    >>> number("3,5"), number("1_000"), number("12/31"), number("")
    (None, None, None, None)
    """
    plain = text.strip()
    if _WORDS.fullmatch(plain):
        return float(plain)
    if not _pattern(decimal).fullmatch(plain):
        return None
    for mark in (_OTHER[decimal], "'", "\u2019", *_SPACES):
        plain = plain.replace(mark, "")
    return float(plain.replace(decimal, ".").replace("\u2212", "-"))


def is_missing(value: Any) -> bool:
    """Return whether a value stands for a missing number.

    >>> is_missing("NaN"), is_missing(" "), is_missing(None), is_missing("#N/A"), is_missing("0")
    (True, True, True, True, False)
    """
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING)


def decimal_mark(values: Iterable[Any], likelier: Mark = ".") -> Mark | None:
    """Return the decimal mark with which all values of a column are numbers; None if they are not.

    If both marks fit (1,234) and a comma occurs, `likelier` decides: "," in a file with semicolons between its fields.
    Missing values fit both marks.

    >>> decimal_mark(["1", "-0.6", "NA"]), decimal_mark(["8,06", "7"]), decimal_mark(["1", "x"])
    ('.', ',', None)
    >>> decimal_mark(["1,234"]), decimal_mark(["1,234"], likelier=",")
    ('.', ',')
    """
    marks: list[Mark] = [".", ","]
    commas = False
    for value in values:
        if not marks:
            return None
        if is_missing(value) or (isinstance(value, int | float) and not isinstance(value, bool)):
            continue
        marks = [mark for mark in marks if isinstance(value, str) and number(value, mark) is not None]
        commas = commas or (isinstance(value, str) and "," in value)
    if len(marks) == 2 and commas:
        return likelier
    return marks[0] if marks else None


@lru_cache
def _pattern(decimal: Mark) -> re.Pattern[str]:
    """Return the pattern of a number with this decimal mark, with or without one kind of thousands mark."""
    point, other = re.escape(decimal), re.escape(_OTHER[decimal])
    grouped = rf"[1-9][0-9]{{0,2}}(?:(?P<thousands>[{other}{_SPACES}'\u2019])[0-9]{{3}}(?:(?P=thousands)[0-9]{{3}})*)"
    fraction = rf"(?:{point}[0-9]*)?"
    return re.compile(rf"[-+\u2212]?(?:{grouped}{fraction}|[0-9]+{fraction}|{point}[0-9]+)(?:[eE][-+]?[0-9]+)?")
