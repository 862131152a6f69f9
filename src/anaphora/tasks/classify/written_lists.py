"""Lists that are written as text, such as "[0.5, 1, 2]" in a cell of a CSV file: never taken for a text or a label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from anaphora.data.files.numbers import is_missing, number
from anaphora.data.files.tables import Table
from anaphora.errors import DataError

_SEEN = 200  # characters of a value
_BRACKETS = re.compile(r"[\[\]()]")
_BETWEEN = re.compile(r"[\s,;|]+")
_NAMES = re.compile(r"""\[\s*(?:(["']).*\1\s*)?\]""", re.DOTALL)


def is_number_list(value: Any) -> bool:
    """Return whether a value is a text that lists numbers.

    >>> is_number_list("[0.5, 1, nan]"), is_number_list("70 80 -1e3"), is_number_list("[7]")
    (True, True, True)
    >>> is_number_list("1,234"), is_number_list("3 apples"), is_number_list("2024-01-31"), is_number_list([1, 2])
    (False, False, False, False)
    """
    if not isinstance(value, str) or number(value) is not None or number(value, ",") is not None:
        return False
    items = _BETWEEN.split(_BRACKETS.sub(" ", value[:_SEEN]).strip(" \n\r\t,;|"))
    whole = items[:-1] if len(value) > _SEEN else items
    listed = len(items) > 1 or value.strip().startswith("[")
    return listed and all(number(item) is not None or (bool(item) and is_missing(item)) for item in whole)


def are_number_lists(values: Sequence[Any]) -> bool:
    """Return whether more than half of the values that are there list numbers."""
    present = [value for value in values if not is_missing(value)]
    return 2 * sum(map(is_number_list, present)) > len(present)


def refuse_number_lists(columns: Mapping[str, Sequence[Any]], table: Table) -> None:
    """Raise DataError, with the command that converts a CSV file, for a column whose values list numbers as text."""
    name = next((name for name, values in columns.items() if are_number_lists(values)), None)
    if name is None:
        return
    example = next(filter(is_number_list, columns[name]))
    told = f"{table.name}: column {name!r} holds lists of numbers that are written as text, such as {_short(example)}."
    remedy = f"Write JSON Lines with a list per row to read them as series, or add --text {name} to read them as texts."
    if separator := getattr(table, "separator", None):
        remedy += (
            f' The command for this file: python -c "import polars as p; p.read_csv({table.name},'
            f" separator={separator!r}).with_columns(p.col({name!r}).str.extract_all(r'[^\\[\\]\\s,;]+')"
            ".cast(p.List(p.Float64))).write_ndjson('series.jsonl')\""
        )
    raise DataError(f"{told} {remedy}")


def refuse_label_lists(label: str, values: Sequence[Any], table: str) -> None:
    """Raise DataError if the labels are lists that are written as text, such as "['a', 'b']"."""
    present = [value for value in values if not is_missing(value)]
    if present and all(isinstance(value, str) and _is_label_list(value.strip()) for value in present):
        raise DataError(
            f"{table}: column {label!r} holds lists that are written as text, such as {_short(present[0])}. Write JSON"
            " Lines with a list of labels per row, or labels with a mark between them (a|b), and add --separator '|'."
        )


def _is_label_list(value: str) -> bool:
    return bool(_NAMES.fullmatch(value)) or (value.startswith("[") and is_number_list(value))


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:40]}…")
