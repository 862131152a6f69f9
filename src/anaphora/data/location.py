"""Where a row of the data stands."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A row of the data: its file, and the line in it that a person's editor shows, from 1."""

    file: str
    line: int
