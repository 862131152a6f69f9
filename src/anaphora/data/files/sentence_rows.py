"""Rows with a word each as sentences, by the column with the number of the sentence.

a number in every row          rows with one number are one sentence, wherever they stand in the table
a number in some rows          a number begins a sentence, and the rows without one go on with it
no such column                 a gap between rows ends a sentence
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from anaphora.data.files.tables import Table

Row = tuple[int, tuple[Any, ...]]
"""The number of a row, and its values; the number of its sentence and the position of its word come last."""
POSITIONS = ("position", "token_id", "token_idx", "token #", "token_number", "word_id", "word_idx", "word #")


class Grouped(NamedTuple):
    """The rows of each sentence in the order of the first rows; `again` are rows whose number stands above, with rows
    of another sentence between; `joined`: such rows belong to one sentence; `placed`: the positions gave the order.
    """

    sentences: list[list[Row]]
    again: list[Row]
    joined: bool = False
    placed: bool = False


def grouped(table: Table, columns: Sequence[str], numbered: bool, placed: bool) -> Grouped:
    """Return the rows of a table as sentences; the last columns are the number of the sentence, if the rows are
    `numbered`, and the position of the word, if the words are `placed`.
    """
    rows = list(table.rows(columns))
    at = len(columns) - 1 - placed
    filled = [row for row in rows if not _is_blank(row)]
    again = _again(filled, at) if numbered else []
    if not numbered or any(row[1][at] in (None, "") for row in filled):
        return Grouped(_in_turn(table, rows, at if numbered else None), again)
    found: dict[Any, list[Row]] = {}
    for row in filled:
        found.setdefault(row[1][at], []).append(row)
    by_position = placed and all(map(_have_places, found.values()))
    if by_position:
        for own in found.values():
            own.sort(key=_position)
    return Grouped(list(found.values()), again, True, by_position)


def _again(rows: Sequence[Row], at: int) -> list[Row]:
    """Return the first of the rows of each sentence that stand apart from the rows above."""
    seen, current, found = set[Any](), None, list[Row]()
    for row in rows:
        own = row[1][at]
        if own in (None, "") or own == current:
            continue
        found += [row] if own in seen else []
        seen.add(own)
        current = own
    return found


def _in_turn(table: Table, rows: Sequence[Row], at: int | None) -> list[list[Row]]:
    """Return sentences that end where a number or a gap begins another, or at a row without any value."""
    found = list[list[Row]]()
    current, before, ended = None, 0, True
    for row in rows:
        own = None if at is None else row[1][at]
        begins = at is None and table.place(row[0])[1] > before + 1
        begins = begins or (own not in (None, "") and own != current)
        before, current = table.place(row[0])[1], current if own in (None, "") else own
        if _is_blank(row):
            ended = True
            continue
        if begins or ended:
            found.append([])
        found[-1].append(row)
        ended = False
    return found


def _is_blank(row: Row) -> bool:
    return all(value in (None, "") for value in row[1])


def _have_places(rows: Sequence[Row]) -> bool:
    """Return whether each row of a sentence has a position of its own."""
    try:
        return len(set(map(_position, rows))) == len(rows)
    except ValueError:
        return False


def _position(row: Row) -> int:
    return int(str(row[1][-1]))
