"""The first cell that kept a column of a table from being a channel."""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.data.files.numbers import is_missing
from anaphora.data.files.tables import Table
from anaphora.tasks.classify.column_values import are_numbers


def first_other_value(tables: Sequence[Table], names: Sequence[str]) -> str:
    """Return a sentence about the first value of columns that is no number, with its place; empty without one."""
    for table in tables:
        for number, values in table.rows(names):
            for name, value in zip(names, values, strict=True):
                if not is_missing(value) and not are_numbers([value]):
                    return f" {table.at(number)}: column {name!r} holds {value!r}, which is not a number."
    return ""
