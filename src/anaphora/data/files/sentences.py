"""Sentences whose words have tags, with the location of every word, and how they were found in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.location import Location

_MOST_WRONG = 1000


@dataclass(frozen=True)
class Sentences:
    """Words and tags of sentences, and the line number of each word."""

    tokens: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    lines: tuple[tuple[int, ...], ...]
    files: tuple[str, ...]  # of each sentence

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def words(self) -> int:
        """The number of words."""
        return sum(map(len, self.tokens))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of words of each sentence, (B,)."""
        return np.array([len(row) for row in self.tokens], dtype=np.int64)

    def place(self, row: int, word: int = 0) -> Location:
        """Return the location of a word."""
        return Location(self.files[row], self.lines[row][word] if self.lines[row] else 0)

    def at(self, row: int) -> str:
        """Return the location of a sentence in words, for messages."""
        file, line = self.place(row)
        return f"'{file}', line {line}" if file else f"sentence {line}"

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Sentences:
        """Return the sentences with numbers `rows` (n,), in this order."""
        tokens, tags, lines, files = (
            tuple(part[row] for row in rows) for part in (self.tokens, self.tags, self.lines, self.files)
        )
        return Sentences(tokens, tags, lines, files)  # type: ignore[arg-type]

    @staticmethod
    def joined(several: Sequence[Sentences]) -> Sentences:
        """Return the sentences of several readings, one after another."""
        parts = zip(*((each.tokens, each.tags, each.lines, each.files) for each in several), strict=True)
        return Sentences(*(tuple(row for part in parts_of for row in part) for parts_of in parts))


class MalformedLine(NamedTuple):
    """A malformed line, and a message about it; `empty`: a field of it has no characters."""

    line: int
    message: str
    empty: bool = False


@dataclass(frozen=True)
class Found:
    """How words and tags were found in a file: the name of the format, the layout in words, the columns."""

    format: str
    layout: str
    words: str  # the column or the field of the words
    tags: str
    width: int = 0  # fields of a line
    left_out: Mapping[str, str] = field(default_factory=dict)
    again: tuple[MalformedLine, ...] = ()  # rows in memory of a sentence that stand apart from its rows above


class Read(NamedTuple):
    """The reading of one file."""

    path: str
    sentences: Sentences
    wrong: Sequence[MalformedLine]
    found: Found
    cut: Sequence[MalformedLine] = ()  # words that a span cuts
    again: Sequence[MalformedLine] = ()  # rows of a sentence that stand apart from its rows above
    unannotated: Sequence[MalformedLine] = ()  # texts that are left out, each with the reason


class Collected:
    """Sentences of one file, collected one by one."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.tokens, self.tags, self.lines = list[tuple[str, ...]](), list[tuple[str, ...]](), list[tuple[int, ...]]()
        self.wrong, self.cut, self.again, self.unannotated = (list[MalformedLine]() for _ in range(4))

    def add(self, tokens: Sequence[str], tags: Sequence[str], lines: Sequence[int]) -> None:
        """Add a sentence."""
        self.tokens.append(tuple(tokens))
        self.tags.append(tuple(tags))
        self.lines.append(tuple(lines))

    def read(self, found: Found) -> Read:
        """Return all that was collected."""
        rows = tuple(self.tokens), tuple(self.tags), tuple(self.lines)
        sentences = Sentences(*rows, (self.path,) * len(self.tokens))
        return Read(self.path, sentences, self.wrong, found, self.cut, self.again, self.unannotated)


def record(wrong: list[MalformedLine], line: int, message: str, empty: bool = False) -> None:
    """Add a malformed line to `wrong`, up to the first thousand."""
    if len(wrong) < _MOST_WRONG:
        wrong.append(MalformedLine(line, message, empty))
