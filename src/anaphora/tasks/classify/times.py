"""Times of steps: one form for a whole column, so that no time is read by a guess.

    number              3, 0.5, 1712345678; or with a decimal comma
    date                2024-01-09, 2024-01-09T10:00:00.5 (ISO 8601), 2024-1-9 9:00
    date with zone      2024-01-09T10:00:00+01:00, 2024-01-09 09:00:00Z
    day first           31/12/2024, 31.12.2024 23:59
    month first         12/31/2024
    clock               9:00, 10:00:30.5, 9:00 PM
    typed               dates or times already, as a frame or a Parquet file has them

A column has a form if every value has it. A column that fits two forms, such as 01/02/2024 with the day or the month
first, has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from anaphora.data.files.numbers import Mark, number

Key = Any
"""A value that orders the times of one form."""

_CLOCK = re.compile(r"(\d+):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?([ap])\.?m\.?)?", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:(?:T|,? +)(\S.*))?")
_SECONDS = re.compile(r"(?<=\d\d:\d\d:\d\d)[.,](\d+)")
_DAY = 24 * 3600
_DIGITS = 40  # of a whole number
_FIRST_OF_20TH = 69  # of the years of two digits, as POSIX's strptime has it


def form_of(values: Iterable[Any]) -> str | None:
    """Return the form of a column's times; None if no form fits every value, or if two forms do.

    >>> form_of(["9:00", "10:00"]), form_of(["12/31/2024", "1/1/2025"]), form_of(["01/02/2024"]), form_of(["soon"])
    ('clock', 'month first', None, None)
    """
    fitting = list(FORMS)
    for value in values:
        fitting = [form for form in fitting if FORMS[form](value) is not None]
        if not fitting:
            return None
    return fitting[0] if len(fitting) == 1 or fitting[0] == "number" else None  # 20240109 is a date, too


def likeliest(values: Sequence[Any]) -> tuple[list[str], list[int]]:
    """Return the forms that fit most times of a column, several if they fit the same number, and the indices of the
    times that the first of them does not fit; no form if none fits any time.

    >>> likeliest(["9:00", "", "10:00"]), likeliest(["01/02/2024"]), likeliest(["soon"])
    ((['clock'], [1]), (['day first', 'month first'], []), ([], [0]))
    """
    others = {form: [at for at, value in enumerate(values) if key(value) is None] for form, key in FORMS.items()}
    fewest = min(map(len, others.values()))
    if fewest == len(values):
        return [], list(range(len(values)))
    forms = [form for form, rest in others.items() if len(rest) == fewest]
    return forms[:1] if forms[0] == "number" else forms, others[forms[0]]


def read(values: Sequence[Any], form: str | None = None) -> tuple[str | None, list[Key]]:
    """Return the form of a column's times, if possible the given one, with a key of each time in it; no keys if the
    times have no form.
    """
    for known in (form, None):
        known = known or form_of(values)
        keys = [FORMS[known](value) for value in values] if known else []
        if None not in keys:
            return known, keys
    return None, []


def order(times: Sequence[Key], form: str) -> list[int]:
    """Return the order of the steps of one series by its times; steps with the same time stay in order.

    Times of a clock that pass midnight are in order if the series is shorter so: 23:30, 0:00, but not 11:00, 9:00.
    """
    by_size = sorted(range(len(times)), key=times.__getitem__)
    if form != "clock" or not times or max(times) >= _DAY:
        return by_size
    passing = sum((later - earlier) % _DAY for earlier, later in pairwise(times))
    return list(range(len(times))) if passing < max(times) - min(times) else by_size


def _number(value: Any, mark: Mark = ".") -> Key | None:
    if isinstance(value, str):
        plain = value.strip()
        digits = len(plain) < _DIGITS and plain.removeprefix("-").isdecimal()  # nanoseconds have more than a float
        value = int(plain) if digits else number(plain, mark)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return value if is_number else None


def _date(value: Any, zone: bool) -> Key | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    parts = _DATE.fullmatch(text)
    if parts and len(parts[1]) == 4 and (len(parts[3]) == 1 or len(parts[4]) == 1):  # 2024-1-9
        return None if zone else _instant(parts[1], parts[3], parts[4], parts[5])
    digits = _SECONDS.search(text)
    try:
        found = datetime.fromisoformat(_SECONDS.sub("", text) if digits else text)
    except ValueError:
        return _slashed_year_first(parts) if not zone else None
    if (found.tzinfo is not None) != zone:
        return None
    return found, Fraction(f"0.{digits[1]}" if digits else 0)


def _slashed_year_first(parts: re.Match[str] | None) -> Key | None:
    """Return the key of 2024/01/09 or 2024.01.09."""
    return _instant(parts[1], parts[3], parts[4], parts[5]) if parts and len(parts[1]) == 4 else None


def _day_first(value: Any) -> Key | None:
    parts = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    return _instant(parts[4], parts[3], parts[1], parts[5]) if parts and len(parts[1]) <= 2 else None


def _month_first(value: Any) -> Key | None:
    parts = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    return _instant(parts[4], parts[1], parts[3], parts[5]) if parts and len(parts[1]) <= 2 else None


def _instant(year: str, month: str, day: str, clock: str | None) -> Key | None:
    """Return the key of a date with an optional time of day; a year of two digits is in 1969 … 2068, as in POSIX."""
    if len(year) not in (2, 4):
        return None
    seconds = _clock(clock) if clock else Fraction(0)
    if seconds is None or seconds >= _DAY:
        return None
    try:
        found = datetime(_full(year), int(month), int(day))
    except ValueError:
        return None
    return found + timedelta(seconds=int(seconds)), seconds % 1


def _full(year: str) -> int:
    """Return a year of four digits, or of two: 69 … 99 are in the 20th century, 00 … 68 in the 21st."""
    return int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= _FIRST_OF_20TH else 2000)


def _clock(value: Any) -> Fraction | None:
    """Return the seconds since midnight, or since the beginning."""
    parts = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is None:
        return None
    hours, minutes, seconds = int(parts[1]), int(parts[2]), int(parts[3] or 0)
    if minutes > 59 or seconds > 59 or (parts[5] and not 1 <= hours <= 12):
        return None
    if parts[5]:
        hours = hours % 12 + (12 if parts[5].lower() == "p" else 0)
    return hours * 3600 + minutes * 60 + seconds + Fraction(f"0.{parts[4] or 0}")


def _typed(value: Any) -> Key | None:
    kind = next((kind for kind in (datetime, date, time, timedelta) if isinstance(value, kind)), None)
    if kind is None:
        return None
    zone = getattr(value, "tzinfo", None) is not None
    # Python compares two times of one zone by their clocks, which go back at the end of summer time
    return kind.__name__, zone, value.astimezone(UTC) if zone and kind is datetime else value


FORMS: dict[str, Callable[[Any], Key | None]] = {
    "number": _number,
    "number with a decimal comma": lambda value: _number(value, ","),
    "date": lambda value: _date(value, zone=False),
    "date with zone": lambda value: _date(value, zone=True),
    "day first": _day_first,
    "month first": _month_first,
    "clock": _clock,
    "typed": _typed,
}
