"""Lines of a text that is read as one: how long they are, and which long ones stand more than once.

A text may be longer than memory, so of a line only its number, its length and a hash of 64 bits are kept, and that of
the first two millions of long lines. Short lines repeat in any text; so do rules, drawn with a few marks over and over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.findings import Finding
from anaphora.data.location import Row

LONG = 40  # characters from which a line is its own
KEPT = 2_000_000  # long lines of one part
_UNBROKEN = 2**20  # characters without a line's end that are held at once
_HISTOGRAM = 2**16
_REPEATED_SHARE = 0.05  # of a part's long lines
_ACROSS_SHARE = 0.005  # of the held-out part's long lines
_ROWS = 1000


class Piece(NamedTuple):
    """Text of one file; `line` is where it begins there."""

    file: str
    line: int
    blocks: Iterable[str]


class Lines:
    """The lines of one part of a text."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.count = self.empty = 0
        self._histogram = np.zeros(_HISTOGRAM + 1, np.int64)
        self._longest, self._longest_row = -1, Row("", 1)
        self._files: list[str] = []
        self._hashes: list[NDArray[np.int64]] = []
        self._places: list[NDArray[np.int64]] = []  # file · 2⁴⁰ + line
        self._held = 0
        self.ends_in = 1  # the line of the last file in which whatever follows begins
        for piece in pieces:
            self._read(piece)
        self.hashes = np.concatenate([np.zeros(0, np.int64), *self._hashes])
        self.places = np.concatenate([np.zeros(0, np.int64), *self._places])

    def _read(self, piece: Piece) -> None:
        self._files.append(piece.file)
        line = piece.line
        for lines, whole in _split(piece.blocks):
            self._take(lines, line)
            line += whole
        self.ends_in = line

    def _take(self, lines: list[str], first: int) -> None:
        lengths = np.fromiter(map(len, lines), np.int64, len(lines))
        self.count += len(lines)
        self.empty += int((lengths == 0).sum())
        self._histogram += np.bincount(np.minimum(lengths, _HISTOGRAM), minlength=_HISTOGRAM + 1)
        longest = int(lengths.argmax())
        if lengths[longest] > self._longest:
            self._longest, self._longest_row = int(lengths[longest]), Row(self._files[-1], first + longest)
        if self._held >= KEPT:
            return
        long = np.flatnonzero(lengths >= LONG)
        at = np.array([number for number in long.tolist() if _says_something(lines[number])], np.int64)
        self._held += at.size
        self._hashes.append(np.array([hash(lines[number]) for number in at.tolist()], np.int64))
        self._places.append(at + first + ((len(self._files) - 1) << 40))

    def row(self, place: int) -> Row:
        """Where a line stands."""
        return Row(self._files[place >> 40], place & (2**40 - 1))

    def lengths(self, where: str) -> Finding:
        """How long the lines are."""
        ends = np.searchsorted(np.cumsum(self._histogram), [0.5 * self.count, 0.95 * self.count])
        middle, usual = (int(end) for end in ends)
        message = (
            f"{self.count:,} lines{f', {self.empty:,} of them empty' if self.empty else ''}: half of them have up to"
            f" {middle:,} characters, 95 of 100 up to {usual:,}, the longest {self._longest:,}."
        )
        figures = {"rows": self.count, "empty": self.empty, "median": middle, "p95": usual, "longest": self._longest}
        return Finding("lengths", "info", where, (self._longest_row,), message, "", figures=figures)


def check_lines(train: Lines, held_out: Lines) -> list[Finding]:
    """Long lines that stand more than once: many in the training part, or some of them in the held-out part too."""
    found = []
    known, first, numbers = np.unique(train.hashes, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[numbers] != np.arange(train.hashes.size))
    if again.size > _REPEATED_SHARE * train.hashes.size:
        share = again.size / train.hashes.size
        message = f"{again.size:,} long lines ({share:.1%}) are what an earlier line is: they count more than others."
        rows = tuple(train.row(place) for place in train.places[again[:_ROWS]].tolist())
        remedy = "Remove them, unless the text is like that."
        found.append(Finding("duplicate", "warning", "the training part", rows, message, remedy, again.size))
    near = np.minimum(np.searchsorted(known, held_out.hashes), max(0, known.size - 1))
    across = np.flatnonzero(known[near] == held_out.hashes) if known.size else np.zeros(0, np.int64)
    if across.size > _ACROSS_SHARE * held_out.hashes.size:
        share = across.size / held_out.hashes.size
        rows = tuple(held_out.row(place) for place in held_out.places[across[:_ROWS]].tolist())
        origin = train.row(int(train.places[first[near[across[0]]]]))
        message = (
            f"{across.size:,} of the long lines ({share:.1%}) also stand in the training part (the first is line"
            f" {origin.line:,} of {origin.file}): the score is partly memory."
        )
        remedy = "Remove them from one part, or hold out another text with --valid FILE."
        found.append(Finding("duplicate-across", "warning", "the held-out part", rows, message, remedy, across.size))
    return found


def _says_something(line: str) -> bool:
    """Whether a line is no rule, drawn with a few marks over and over."""
    return line[0].isalnum() or 2 * len(line.lstrip(line[:4])) > len(line)


def _split(blocks: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    """Lines, block by block, and how many of them have their end; one too long to be held comes in pieces."""
    begun = ""
    for block in blocks:
        lines = (begun + block).split("\n")
        begun = lines.pop()
        whole = len(lines)
        if len(begun) > _UNBROKEN:
            lines, begun = [*lines, begun], ""
        if lines:
            yield lines, whole
    if begun:
        yield [begun], 0
