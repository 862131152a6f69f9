"""Dates in everyday forms and in ISO 8601: unlimited pairs with known answers.

the third of March, 1994     March 3, 1994     3 Mar 1994     Thursday, 3.3.1994      →      1994-03-03
"""

from __future__ import annotations

import datetime
import random

MONTHS = ("January", "February", "March", "April", "May", "June",
          "July", "August", "September", "October", "November", "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
         "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
         "twentieth")  # fmt: skip
_BEGUN = datetime.date(1800, 1, 1).toordinal()
_ENDED = datetime.date(2100, 1, 1).toordinal()


def pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Yield different dates of three centuries.

    >>> for source, target in pairs(3):
    ...     print(source, "→", target)
    the second of April, 1938 → 1938-04-02
    1 Jan 2072 → 2072-01-01
    Wednesday, 6.12.1950 → 1950-12-06
    """
    rng = random.Random(seed)
    days = map(datetime.date.fromordinal, rng.sample(range(_BEGUN, _ENDED), count))
    return [(rng.choice(ways(day)), day.isoformat()) for day in days]


def ordinal(number: int) -> str:
    """A day of the month in words.

    >>> ordinal(3), ordinal(20), ordinal(31)
    ('third', 'twentieth', 'thirty-first')
    """
    if number <= len(FIRST):
        return FIRST[number - 1]
    return "thirtieth" if number == 30 else f"{'twenty' if number < 30 else 'thirty'}-{ordinal(number % 10)}"


def ways(day: datetime.date) -> tuple[str, ...]:
    """Return a date in every form.

    >>> ways(datetime.date(1994, 3, 3))
    ('the third of March, 1994', 'March 3, 1994', '3 Mar 1994', 'Thursday, 3.3.1994')
    """
    month = MONTHS[day.month - 1]
    return (
        f"the {ordinal(day.day)} of {month}, {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month[:3]} {day.year}",
        f"{DAYS[day.weekday()]}, {day.day}.{day.month}.{day.year}",
    )
