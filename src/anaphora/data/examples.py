"""Examples to learn from: rows that have a place in a file, and a part of them held out.

train, held_out = examples        split by a share of them that a seed draws, or read from files of their own
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.text import read_text
from anaphora.data.location import Location
from anaphora.errors import DataError, UsageError

Indices = NDArray[np.int64]


class Examples(Protocol):
    """Rows of data."""

    def __len__(self) -> int: ...

    def place(self, row: int, /) -> Location:
        """Where a row stands."""

    def at(self, row: int, /) -> str:
        """The same in words."""

    def take(self, rows: Any, /) -> Self:
        """Some rows, by their numbers (n,)."""


E = TypeVar("E", bound=Examples)


@dataclass(frozen=True)
class Split(Generic[E]):
    """Examples to train on and examples that are held out; `sha256` is that of all of them, the held-out ones last."""

    train: E
    held_out: E
    sources: tuple[str, ...]  # the names of the files
    sha256: str


def checked_share(valid: float | str, takes: str) -> float:
    """The share that is held out; `takes` says what the option takes, in words.

    Raises UsageError if it is not a share between 0 and 1.
    """
    if isinstance(valid, str) or not 0 < valid < 1:
        raise UsageError(f"--valid takes {takes} between 0 and 1; it was given {valid}.")
    return valid


def refuse_empty(train: int, held_out: int, thing: str, remedy: str) -> None:
    """Raise DataError if there is nothing in one of the two parts; `thing` is what they should hold, in words."""
    if not train or not held_out:
        part = "held-out" if train else "training"
        raise DataError(f"The {part} part has no {thing}; the data have {train + held_out}. {remedy}")


def hold_out(count: int, share: float, seed: int) -> tuple[Indices, Indices]:
    """Numbers of rows to train on and of rows to hold out, at least one, in an order that the seed draws."""
    order = np.random.default_rng([seed, count]).permutation(count)
    held_out = max(1, round(share * count)) if count > 1 else 0
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def hold_out_stratified(labels: Sequence[Sequence[str]], share: float, seed: int) -> tuple[Indices, Indices]:
    """The same label by label; a row with several labels goes by the rarest of them.

    With all rows in a row, each label's in an order that the seed draws, those are held out at which ⌊i·share⌋ goes
    up. So every label gives its share, give or take one row, and a label of one row none.
    """
    counts = Counter(label for row in labels for label in row)
    keys = [min(row, key=lambda label: (counts[label], label), default="") for row in labels]
    order = np.random.default_rng([seed, len(labels)]).permutation(len(labels))
    groups: dict[str, list[int]] = {}
    for row in order.tolist():
        groups.setdefault(keys[row], []).append(row)
    held_out: list[int] = []
    at = 0
    for key in sorted(groups):
        rows = groups[key] if len(groups[key]) > 1 else []
        taken = [row for place, row in enumerate(rows, at) if int((place + 1) * share) > int(place * share)]
        held_out += taken[: len(rows) - 1]
        at += len(rows)
    inside = np.zeros(len(labels), dtype=np.bool_)
    inside[np.array(held_out, dtype=np.int64)] = True
    return np.flatnonzero(~inside), np.flatnonzero(inside)


@dataclass(frozen=True)
class TextExamples:
    """Lines of text files, or texts in memory: the simplest examples. Blank lines are none."""

    texts: tuple[str, ...]
    rows: tuple[Location, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @staticmethod
    def read(paths: Sequence[str | Path], encoding: str = "utf-8") -> TextExamples:
        """The lines of files; raises DataError for what cannot be read."""
        lines = [
            (text.strip(), Location(str(path), number))
            for path in paths
            for number, text in enumerate(read_text(str(path), encoding).split("\n"), 1)
        ]
        return TextExamples.of([line for line in lines if line[0]])

    @staticmethod
    def of(lines: Sequence[tuple[str, Location]]) -> TextExamples:
        """Texts and where they stand."""
        return TextExamples(tuple(text for text, _ in lines), tuple(row for _, row in lines))

    def place(self, row: int) -> Location:
        """Where a line stands."""
        return self.rows[row]

    def at(self, row: int) -> str:
        """The same in words."""
        return f"'{self.rows[row].file}', line {self.rows[row].line}"

    def take(self, rows: Any) -> TextExamples:
        """Some lines, by their numbers (n,)."""
        return TextExamples(tuple(self.texts[row] for row in rows), tuple(self.rows[row] for row in rows))

    def split(self, share: float, seed: int) -> Split[TextExamples]:
        """A share of them held out, in an order that the seed draws."""
        train, held_out = hold_out(len(self), share, seed)
        sources = tuple(dict.fromkeys(row.file for row in self.rows))
        sha256 = hashlib.sha256("\n".join(self.texts).encode()).hexdigest()
        return Split(self.take(train), self.take(held_out), sources, sha256)
