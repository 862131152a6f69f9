"""Columns that count or name the lines of a table and measure nothing, such as the index of a data frame.

Such a column can betray the label: if the lines are sorted by label, the number of a line determines it. A measured
channel is never mistaken for such a column: it has fractions, repeats values, or leaves gaps between whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from anaphora.tasks.classify.column_values import Values, whole_numbers

IDS = ("id", "ids", "sequence", "sequence_id", "series", "series_id", "case", "sample", "sample_id", "row_id")
_INDEX = re.compile(
    r"|unnamed: \d+(_level_\d+)?|__unnamed__\d+|index|level_\d+|row|rownames|row_?(number|index)|line(_number)?", re.I
)
_FEWEST = 10  # lines that show that a column counts them


def counting(head: Mapping[str, Values]) -> dict[str, str]:
    """Return the columns that count or name the lines, each with the reason; `head` are the first values of each.

    >>> counting({"": [0, 1, 2], "x": [3, 1, 1], "n": [*range(7, 17)], "id": ["a", "b", "c"]})
    {'': 'an index of the lines', 'n': 'it counts the lines', 'id': 'a different value in each line'}
    """
    reasons = {name: _reason(name.strip().lower(), values) for name, values in head.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason(name: str, values: Values) -> str | None:
    whole = whole_numbers(values)
    distinct = not any(isinstance(value, list | dict) for value in values) and len(set(values)) == len(values) > 1
    unnamed = not name or name.startswith(("unnamed", "__unnamed"))
    if whole is not None and _INDEX.fullmatch(name) and min(whole, default=0) >= 0 and (distinct or unnamed):
        return "an index of the lines"
    if whole is not None and len(whole) >= _FEWEST and distinct and max(whole) - min(whole) == len(whole) - 1:
        return "it counts the lines"
    if name in IDS and distinct and (whole is not None or all(isinstance(value, str) for value in values)):
        return "a different value in each line"
    return None
