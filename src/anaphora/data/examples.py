"""Examples: rows with a location in a file, split into a training part, a held-out part, and a test part if wanted.

train, held_out, test = examples        split by random shares, or read from separate files
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.text import read_text
from anaphora.data.location import Location
from anaphora.data.taken import Taken
from anaphora.errors import DataError, WrongArgument

Indices = NDArray[np.int64]

E = TypeVar("E")


@dataclass(frozen=True)
class Split(Generic[E]):
    """Training examples, held-out examples, and test examples or None; `sha256` is the digest of all in this order."""

    train: E
    held_out: E
    sources: tuple[str, ...]  # the names of the files
    sha256: str
    taken: Taken | None = field(default=None, kw_only=True)
    test: E | None = field(default=None, kw_only=True)  # of which nothing is read before the final score


def checked_share(share: float | str, takes: str, flag: str = "--valid") -> float:
    """Return the share to hold out; `takes` says in words which values the option accepts.

    Raises WrongArgument unless the share is between 0 and 1.
    """
    if isinstance(share, str):
        raise WrongArgument(
            f"{flag} takes a share between 0 and 1 if the data are in memory; it was given {share!r}. Give a share,"
            " such as 0.1, and score a file with model.evaluate(file); or give the training data as files, too."
        )
    if not 0 < share < 1:
        raise WrongArgument(f"{flag} takes {takes} between 0 and 1; it was given {share}.")
    return share


def refuse_empty(train: int, held_out: int, thing: str, remedy: str, test: int | None = None) -> None:
    """Raise DataError if one of the parts is empty; `thing` names what the parts should hold, `test` is the size of the
    test part if there is one.
    """
    parts = {"training": train, "held-out": held_out, **({} if test is None else {"test": test})}
    empty = next((name for name, size in parts.items() if not size), None)
    if empty is not None:
        remedy = f"Raise --test, or name a file of {thing}s with it." if empty == "test" else remedy
        raise DataError(f"The {empty} part has no {thing}; the data have {sum(parts.values())}. {remedy}")


def hold_out(count: int, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return the numbers of training rows and of held-out rows, at least one of them, in random order by the seed."""
    order = np.random.default_rng([seed, count]).permutation(count)
    held_out = max(1, round(share * count)) if count > 1 else 0
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def hold_out_stratified(labels: Sequence[Sequence[str]], share: float, seed: int) -> tuple[Indices, Indices]:
    """Return the numbers of training rows and of held-out rows, stratified by label.

    A row with several labels counts for its rarest label. The rows are ordered by label, and at random within a label;
    a row i is held out if ⌊i·share⌋ increases there. So every label gives its share, plus or minus one row, and a label
    with one row gives none.
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
    """Lines of text files, or texts in memory: the simplest examples; blank lines are skipped."""

    texts: tuple[str, ...]
    rows: tuple[Location, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @staticmethod
    def read(paths: Sequence[str | Path], encoding: str = "utf-8") -> TextExamples:
        """Return the lines of files; raises DataError for a file that cannot be read."""
        lines = [
            (text.strip(), Location(str(path), number))
            for path in paths
            for number, text in enumerate(read_text(str(path), encoding).split("\n"), 1)
        ]
        return TextExamples.of([line for line in lines if line[0]])

    @staticmethod
    def of(lines: Sequence[tuple[str, Location]]) -> TextExamples:
        """Return texts with their locations."""
        return TextExamples(tuple(text for text, _ in lines), tuple(row for _, row in lines))

    def place(self, row: int) -> Location:
        """Return the location of a line."""
        return self.rows[row]

    def at(self, row: int) -> str:
        """Return the location of a line in words."""
        return f"'{self.rows[row].file}', line {self.rows[row].line}"

    def take(self, rows: Any) -> TextExamples:
        """Return the lines numbered `rows` (n,), in this order."""
        return TextExamples(tuple(self.texts[row] for row in rows), tuple(self.rows[row] for row in rows))

    def split(self, share: float, seed: int) -> Split[TextExamples]:
        """Return the lines with a random share of them held out."""
        train, held_out = hold_out(len(self), share, seed)
        sources = tuple(dict.fromkeys(row.file for row in self.rows))
        sha256 = hashlib.sha256("\n".join(self.texts).encode()).hexdigest()
        return Split(self.take(train), self.take(held_out), sources, sha256)
