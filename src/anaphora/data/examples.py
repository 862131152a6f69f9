"""Examples: rows with a location in a file, split into a training part and a held-out part.

train, held_out = examples        split by a random share, or read from separate files
"""

from __future__ import annotations

import hashlib
import re
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
from anaphora.errors import DataError, UsageError
from anaphora.formatting import comma_separated

Indices = NDArray[np.int64]
_SHARE = re.compile(r"(\d+[.,]\d+|\d+(?=\s*%))\s*(%?)")


E = TypeVar("E")


@dataclass(frozen=True)
class Split(Generic[E]):
    """Training examples and held-out examples; `sha256` is the digest of all examples, the held-out examples last."""

    train: E
    held_out: E
    sources: tuple[str, ...]  # the names of the files
    sha256: str
    taken: Taken | None = field(default=None, kw_only=True)


def checked_share(valid: float | str, takes: str) -> float:
    """Return the share to hold out; `takes` says in words which values the option accepts.

    Raises UsageError unless the share is between 0 and 1.
    """
    if isinstance(valid, str) or not 0 < valid < 1:
        raise UsageError(f"--valid takes {takes} between 0 and 1; it was given {valid}.")
    return valid


def valid_paths(valid: str) -> list[str]:
    """Return the held-out files: one file, or several with commas between them; raises UsageError for a share that is
    written as a percentage or with a comma.
    """
    if Path(valid).exists():
        return [valid]
    paths = comma_separated(valid)
    share = _SHARE.fullmatch(valid.strip())
    if share and not all(Path(path).exists() for path in paths):
        number = float(share[1].replace(",", ".")) / (100 if share[2] else 1)
        raise UsageError(f"--valid takes a share as a number: write {number:g}, not '{valid}'.")
    return paths


def held_out_files(config: Any) -> list[str]:
    """Return the held-out files that a config names; none if it gives a share."""
    valid = config.data.valid
    return valid_paths(valid) if isinstance(valid, str) else []


def refuse_empty(train: int, held_out: int, thing: str, remedy: str) -> None:
    """Raise DataError if one of the two parts is empty; `thing` names what the parts should hold."""
    if not train or not held_out:
        part = "held-out" if train else "training"
        raise DataError(f"The {part} part has no {thing}; the data have {train + held_out}. {remedy}")


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
