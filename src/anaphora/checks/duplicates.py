"""Equal rows: within one part of the data, and in a scored part and a part before it.

training part → held-out part → test part        a scored row should be in no part before its own
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from anaphora.checks.findings import Finding
from anaphora.data.examples import Indices
from anaphora.data.location import Location
from anaphora.formatting import counted

FOLDS = "the folds"
_KEPT = 1000  # rows of one finding


class PartKeys(NamedTuple):
    """The rows of one part: its name, such as `the test part`, a key per row, and the location of a row.

    Equal rows have equal keys; None means that a row equals no other.
    """

    where: str
    keys: Iterable[Hashable | None]
    place: Callable[[int], Location]


def check_duplicates(parts: Sequence[PartKeys]) -> list[Finding]:
    """Return findings on equal rows; the first part is trained on, and each later part is scored."""
    first: dict[Hashable, tuple[int, int]] = {}
    found = []
    for number, part in enumerate(parts):
        rows, again, across = 0, list[int](), list[int]()
        origin = (0, 0)
        for row, key in enumerate(part.keys):
            rows += 1
            if key is None:
                continue
            before = first.setdefault(key, (number, row))
            if before[0] == number and before[1] != row:
                again.append(row)
            elif before[0] != number:
                origin = origin if across else before
                across.append(row)
        found += _within(part, again, rows) if again else []
        found += _across(parts[: number + 1], across, rows, origin) if across else []
    return found


def in_both(train: Iterable[Hashable | None], scored: Iterable[Hashable | None]) -> list[bool]:
    """Return, for each row of a scored part, whether the training part has an equal row; both are keys of rows.

    >>> in_both(["a", "b", None], ["b", None, "c"])
    [True, False, False]
    """
    known = set(train) - {None}
    return [key in known for key in scored]


def check_folds_apart(part: PartKeys, of: Indices) -> list[Finding]:
    """Return a finding on rows that equal a row of another fold; `of` is the fold (n,) of each row of all folds."""
    same: dict[Hashable, list[int]] = {}
    for row, key in enumerate(part.keys):
        if key is not None:
            same.setdefault(key, []).append(row)
    apart = [rows for rows in same.values() if len({int(of[row]) for row in rows}) > 1]
    if not apart:
        return []
    across = sorted(row for rows in apart for row in rows)
    one = apart[0][0]
    other = next(row for row in apart[0] if of[row] != of[one])
    return [_shared(part, across, len(of), "a row of another fold", part.place(one), part.place(other))]


def _within(part: PartKeys, again: Sequence[int], rows: int) -> list[Finding]:
    weight = "twice" if len(again) == 1 else "more than once"
    message = f"{_of(again, rows)} an earlier row of the same part, so {_it(again)} weighted {weight}."
    remedy = "Remove the duplicates, unless their weight is intended."
    return [_finding("duplicate", part, again, message, remedy)]


def _across(parts: Sequence[PartKeys], across: Sequence[int], rows: int, origin: tuple[int, int]) -> list[Finding]:
    """Return a finding on rows of the last part, the first of which equals the row `origin` of an earlier part."""
    *earlier, part = parts
    places = part.place(across[0]), earlier[origin[0]].place(origin[1])
    equal = f"a row of {' or '.join(each.where for each in earlier)}"
    return [_shared(part, across, rows, equal, *places)]


def _shared(part: PartKeys, numbers: Sequence[int], rows: int, equal: str, one: Location, other: Location) -> Finding:
    """Return a finding on rows of which training has equal ones; the first pair is named by its places."""
    message = (
        f"{_of(numbers, rows)} {equal} (line {one.line:,} of {one.file} equals line {other.line:,} of {other.file}):"
        " the score may reward rows that the network has memorised."
    )
    remedy = "Remove the duplicates." if part.where == FOLDS else "Remove them from one of the parts."
    return _finding("duplicate-across", part, numbers, message, remedy)


def _finding(code: str, part: PartKeys, numbers: Sequence[int], message: str, remedy: str) -> Finding:
    places = tuple(map(part.place, numbers[:_KEPT]))
    return Finding(code, "warning", part.where, places, message, remedy, len(numbers))


def _of(numbers: Sequence[int], rows: int) -> str:
    verb = "equals" if len(numbers) == 1 else "equal"
    return f"{len(numbers):,} of {counted(rows, 'row')} ({len(numbers) / rows:.1%}) {verb}"


def _it(numbers: Sequence[int]) -> str:
    return "it is" if len(numbers) == 1 else "they are"
