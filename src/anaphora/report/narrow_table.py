"""Tables that fit a terminal: columns leave in a given order, a long name is shortened, and a line says which columns
left. Elsewhere, as in a pipe, a table keeps its full width.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from anaphora.formatting import columns, display_width, shortened

_LEAST = 12  # characters to which the first column is shortened before the last columns leave
_GAP = 2  # between columns


@dataclass(frozen=True)
class Column:
    """A column of a table; `short` is its name where space is scarce."""

    name: str
    cells: tuple[str, ...]
    right: bool = False
    short: str = ""

    @property
    def width(self) -> int:
        """The characters of its widest cell."""
        return max(map(display_width, (self.name, *self.cells)))


def terminal_width() -> int | None:
    """Return the characters of a line of the terminal, by COLUMNS if it is set; None if output goes elsewhere."""
    if not os.environ.get("COLUMNS", "").isdigit() and not sys.stdout.isatty():
        return None
    return max(1, shutil.get_terminal_size().columns)


def fitted(
    table: Sequence[Column], width: int | None, first: Sequence[str], last: Sequence[str], elsewhere: str
) -> list[str]:
    """Return the lines of a table of at most `width` characters.

    The columns in `first` leave one by one while the table is too wide; then the first column is shortened at its
    beginning; then the columns in `last` leave. `elsewhere` says where all columns are shown.
    """
    if width is None or _total(table) <= width:
        return _lines(table)
    kept, left = [Column(each.short or each.name, each.cells, each.right) for each in table], list[str]()
    names = {each.name: each.short or each.name for each in table}
    for wanted, least in ((first, kept[0].width), (last, min(_LEAST, kept[0].width))):
        for name in wanted:
            if _total(kept) - kept[0].width + least > width:
                kept = [each for each in kept if each.name != names[name]]
                left.append(name)
    room = width - (_total(kept) - kept[0].width)
    head, *others = kept
    cells = tuple(shortened(cell, room, front=True) for cell in head.cells)
    lines = _lines([Column(shortened(head.name, room), cells), *others])
    if left:
        lines += ["", *textwrap.wrap(f"Not shown, for want of width: {', '.join(left)}. {elsewhere}", width)]
    return lines


def in_blocks(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the lines of a table of at most `width` characters: columns that do not fit stand in a further table
    below, beside the first column again.
    """
    every = range(1, len(head))
    widths = [max(display_width(row[column]) for row in (head, *rows)) for column in range(len(head))]
    if width is None or sum(widths) + _GAP * len(every) <= width:
        return columns(head, rows, right=every)
    named = min(widths[0], width // 2)
    room = max(1, width - named - _GAP)
    lines: list[str] = []
    block, taken = list[int](), 0
    for column in every:
        wide = min(widths[column], room)
        if block and named + taken + wide + _GAP * (len(block) + 1) > width:
            lines += [*_block(head, rows, block, named, room), ""]
            block, taken = [], 0
        block.append(column)
        taken += wide
    return [*lines, *_block(head, rows, block, named, room)]


def _block(
    head: Sequence[str], rows: Sequence[Sequence[str]], block: Sequence[int], named: int, room: int
) -> list[str]:
    top = ["", *(shortened(head[column], room, front=True) for column in block)]
    body = [[shortened(row[0], named), *(shortened(row[column], room) for column in block)] for row in rows]
    return columns(top, body, right=range(1, len(top)))


def _total(table: Sequence[Column]) -> int:
    return sum(each.width for each in table) + _GAP * (len(table) - 1)


def _lines(table: Sequence[Column]) -> list[str]:
    rows = list(zip(*(each.cells for each in table), strict=True))
    return columns([each.name for each in table], rows, [at for at, each in enumerate(table) if each.right])
