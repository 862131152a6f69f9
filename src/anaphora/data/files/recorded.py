"""A table whose rows were parsed before, each with the number of its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from anaphora.data.files.tables import NumberedRow, Table
from anaphora.errors import DataError

SERIES, LABEL = "dim_", "label"
"""The names of the channels of a series file, with a number from 0, and of its labels."""


class RecordedTable(Table):
    """Rows of a file in a layout of its own."""

    def __init__(self, name: str, columns: Sequence[str], records: Sequence[NumberedRow], layout: str, encoding: str):
        """Prepare a table; raises DataError if there are no records."""
        self.name, self.columns, self.layout, self.encoding = name, tuple(columns), layout, encoding
        self._records = records
        if not records:
            raise DataError(f"{name} has no rows.")

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row with the number of its line."""
        picks = [self.columns.index(column) for column in columns]
        for number, values in self._records:
            yield number, tuple([values[pick] for pick in picks])


def series_columns(channels: int) -> tuple[str, ...]:
    """Return the columns of a table of series with so many channels.

    >>> series_columns(2)
    ('dim_0', 'dim_1', 'label')
    """
    return (*(f"{SERIES}{channel}" for channel in range(channels)), LABEL)


def number_or_none(text: str, where: str) -> float | None:
    """Return a number, None for a missing one (`?`, NaN, nothing); raises DataError for anything else."""
    plain = text.strip()
    if plain in ("", "?") or plain.lower() in ("nan", "-nan"):
        return None
    value: Any = None
    if "_" not in plain:
        try:
            value = float(plain)
        except ValueError:
            value = None
    if value is None:
        raise DataError(f"{where} holds {plain[:60]!r}, which is not a number.")
    return float(value)
