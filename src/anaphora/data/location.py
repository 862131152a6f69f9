"""The location of a row in the data."""

from __future__ import annotations

from typing import NamedTuple


class Location(NamedTuple):
    """The location of a row: its file, and its line number in an editor, from 1."""

    file: str
    line: int
