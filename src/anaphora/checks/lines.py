"""Checks of the lines of a text: their lengths, and repeated long lines.

A text may be larger than memory, so only the number, the length and a 64-bit hash of a line are kept, and only of the
first two million long lines. Short lines repeat in any text, and so do rules of repeated characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.findings import Finding
from anaphora.data.location import Location
from anaphora.formatting import counted

LONG = 40  # characters of a line that should be unique
KEPT = 2_000_000  # long lines of one part
_UNBROKEN = 2**20  # characters without a line end that are held in memory
_HISTOGRAM = 2**16
_REPEATED_SHARE = 0.05  # of a part's long lines
_ACROSS_SHARE = 0.005  # of the held-out part's long lines
_ROWS = 1000


class FilePiece(NamedTuple):
    """A piece of the text of one file; `line` is the number of its first line in the file."""

    file: str
    line: int
    blocks: Iterable[str]


class TextLines:
    """The lines of one part of a text."""

    def __init__(self, pieces: Iterable[FilePiece]) -> None:
        self.count = self.empty = 0
        self._histogram = np.zeros(_HISTOGRAM + 1, np.int64)
        self._longest, self._longest_row = -1, Location("", 1)
        self._files: list[str] = []
        self._hashes: list[NDArray[np.int64]] = []
        self._places: list[NDArray[np.int64]] = []  # file · 2⁴⁰ + line
        self._kept = 0
        self.ends_in = 1  # the line of the last file at the end of the text
        for piece in pieces:
            self._read(piece)
        self.hashes = np.concatenate([np.zeros(0, np.int64), *self._hashes])
        self.places = np.concatenate([np.zeros(0, np.int64), *self._places])

    def _read(self, piece: FilePiece) -> None:
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
            self._longest, self._longest_row = int(lengths[longest]), Location(self._files[-1], first + longest)
        if self._kept >= KEPT:
            return
        long = np.flatnonzero(lengths >= LONG)
        at = np.array([number for number in long.tolist() if _is_no_rule(lines[number])], np.int64)
        self._kept += at.size
        self._hashes.append(np.array([hash(lines[number]) for number in at.tolist()], np.int64))
        self._places.append(at + first + ((len(self._files) - 1) << 40))

    def row(self, place: int) -> Location:
        """Return the file and line number of a place."""
        return Location(self._files[place >> 40], place & (2**40 - 1))

    def lengths(self, where: str) -> Finding:
        """Return a finding on the lengths of the lines."""
        ends = np.searchsorted(np.cumsum(self._histogram), [0.5 * self.count, 0.95 * self.count])
        middle, usual = (int(end) for end in ends)
        message = (
            f"{counted(self.count, 'line')}{f', {self.empty:,} of them empty' if self.empty else ''}; characters per"
            f" line: median {middle:,}, 95th percentile {usual:,}, longest {self._longest:,}."
        )
        figures = {"rows": self.count, "empty": self.empty, "median": middle, "p95": usual, "longest": self._longest}
        return Finding("lengths", "info", where, (self._longest_row,), message, "", figures=figures)


def check_lines(parts: Mapping[str, TextLines]) -> list[Finding]:
    """Return findings on repeated long lines: within the training part, which is the first, and in it and a later
    part.
    """
    (_, train), *scored = parts.items()
    found = []
    known, first, numbers = np.unique(train.hashes, return_index=True, return_inverse=True)
    repeated = np.flatnonzero(first[numbers] != np.arange(train.hashes.size))
    if repeated.size > _REPEATED_SHARE * train.hashes.size:
        share = repeated.size / train.hashes.size
        message = (
            f"{repeated.size:,} long lines ({share:.1%}) duplicate an earlier line, so they are weighted"
            " more than once."
        )
        rows = tuple(train.row(place) for place in train.places[repeated[:_ROWS]].tolist())
        remedy = "Remove them, unless the repetition is intended."
        found.append(Finding("duplicate", "warning", "the training part", rows, message, remedy, repeated.size))
    for where, part in scored:
        near = np.minimum(np.searchsorted(known, part.hashes), max(0, known.size - 1))
        shared = np.flatnonzero(known[near] == part.hashes) if known.size else np.zeros(0, np.int64)
        if shared.size > _ACROSS_SHARE * part.hashes.size:
            share = shared.size / part.hashes.size
            rows = tuple(part.row(place) for place in part.places[shared[:_ROWS]].tolist())
            origin = train.row(int(train.places[first[near[shared[0]]]]))
            message = (
                f"{shared.size:,} of {part.hashes.size:,} long lines ({share:.1%}) are also in the training part (the"
                f" first is line {origin.line:,} of {origin.file}): the score may reward text that the network has"
                " memorised."
            )
            remedy = "Remove them from one part, or name another text with --valid or --test."
            found.append(Finding("duplicate-across", "warning", where, rows, message, remedy, shared.size))
    return found


def _is_no_rule(line: str) -> bool:
    """Return whether a line is not a rule of repeated characters."""
    return line[0].isalnum() or 2 * len(line.lstrip(line[:4])) > len(line)


def _split(blocks: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    """Yield lines, block by block, and the number of complete lines among them; a very long line comes in pieces."""
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
