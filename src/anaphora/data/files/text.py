"""Texts from files or standard input: in memory, or block by block if they are large.

    Text = the characters of one source after another        text.blocks() reads them from the beginning, at any time

A line end is added to a source that does not end in one, unless it is the last source.

A `Text` of up to `IN_MEMORY` bytes is in memory. A larger text is not: each pass reads its sources again.
`anaphora.data.files.decoding` says how bytes are decoded and which files are refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from anaphora.data.files import sources
from anaphora.data.files.decoding import decoded
from anaphora.data.files.encodings import check_encoding
from anaphora.data.files.line_ends import are_cr
from anaphora.data.files.sources import STANDARD_INPUT, Source, open_source
from anaphora.data.progress import reporting
from anaphora.errors import UsageError


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """Return the text of one file, or of standard input for ``-``.

    Raises DataError if the file is missing, unreadable, a folder, empty, binary or not in `encoding`, and UsageError
    for an unknown encoding.
    """
    check_encoding(encoding)
    source = open_source(path)
    return "".join(_Decoded(source, encoding, are_cr(source, encoding)).text())


def open_texts(paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8") -> Text:
    """Return the text of several files as one, after a pass that checks every byte and counts the characters.

    Raises the errors of `read_text`, and UsageError if no file is named or ``-`` is named twice. A later pass over a
    changed file raises DataError.
    """
    names = _names(paths)
    check_encoding(encoding)
    opened = [open_source(name) for name in names]
    held = sum(source.size for source in opened) <= sources.IN_MEMORY
    slices = []
    for number, source in enumerate(opened, 1):
        cr = are_cr(source, encoding)
        raw = reporting(source.blocks(), source.size, f"reading {source.name}")
        blocks = decoded(raw, encoding, source.name, cr)
        if number < len(opened):
            blocks = _ended(blocks)
        if held:
            text = "".join(blocks)
            slices.append(_Slice(_InMemory(text), 0, len(text)))
        else:
            again = _Decoded(source, encoding, cr, again=True, ended=number < len(opened))
            slices.append(_Slice(again, 0, sum(map(len, blocks))))
    return Text(slices)


class Text:
    """Characters that can be read repeatedly; a Text has a length, and its slices are Texts."""

    def __init__(self, slices: Iterable[_Slice]) -> None:
        self._slices = tuple(slices)
        self._characters = sum(part.stop - part.start for part in self._slices)

    @classmethod
    def of(cls, text: str) -> Text:
        """Return a text that is in memory."""
        return cls([_Slice(_InMemory(text), 0, len(text))])

    @classmethod
    def joined(cls, texts: Sequence[Text]) -> Text:
        """Return several texts as one."""
        return cls(part for text in texts for part in text._slices)

    def __len__(self) -> int:
        return self._characters

    def __getitem__(self, index: slice) -> Text:
        start, stop, step = index.indices(self._characters)
        if step != 1:
            raise ValueError(f"expected a slice of neighbours, got every {step}th character")
        slices, before = [], 0
        for source, first, end in self._slices:
            begin, until = max(first, first + start - before), min(end, first + stop - before)
            if begin < until:
                slices.append(_Slice(source, begin, until))
            before += end - first
        return Text(slices)

    def mapped(self, change: Callable[[Iterator[str]], Iterator[str]]) -> Text:
        """Return the text that a function makes of the blocks, at every pass; a first pass counts its characters."""
        source = _Mapped(self, change)
        return Text([_Slice(source, 0, sum(map(len, source.text())))])

    def __str__(self) -> str:
        return "".join(self.blocks())

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of characters of each source, in order; a block belongs to one source."""
        return tuple(part.stop - part.start for part in self._slices)

    @property
    def begins_inside(self) -> bool:
        """Whether the text begins after the beginning of its first source."""
        return bool(self._slices) and self._slices[0].start > 0

    def blocks(self) -> Iterator[str]:
        """Yield the text from the beginning in blocks of about `sources.BLOCK` characters; no block is empty."""
        for source, start, stop in self._slices:
            at = 0
            for block in source.text():
                piece = block[max(0, start - at) : stop - at]
                if piece:
                    yield piece
                at += len(block)
                if at >= stop:
                    break


class _InMemory(NamedTuple):
    """Characters in memory."""

    characters: str

    def text(self) -> Iterator[str]:
        for start in range(0, len(self.characters), sources.BLOCK):
            yield self.characters[start : start + sources.BLOCK]


class _Decoded(NamedTuple):
    """Bytes, their encoding, and whether CR alone ends a line; `again` if the bytes were checked before, `ended` if the
    last line gets an end.
    """

    source: Source
    encoding: str
    cr: bool
    again: bool = False
    ended: bool = False

    def text(self) -> Iterator[str]:
        blocks = decoded(self.source.blocks(), self.encoding, self.source.name, self.cr, again=self.again)
        return _ended(blocks) if self.ended else blocks


class _Mapped(NamedTuple):
    """A text, and a function that changes its blocks."""

    whole: Text
    change: Callable[[Iterator[str]], Iterator[str]]

    def text(self) -> Iterator[str]:
        return self.change(self.whole.blocks())


class _Slice(NamedTuple):
    """The characters `start` to `stop` of a source."""

    source: _InMemory | _Decoded | _Mapped
    start: int
    stop: int


def _ended(blocks: Iterable[str]) -> Iterator[str]:
    """Yield a text in blocks, and a line end after a last line that has none."""
    last = "\n"
    for block in blocks:
        last = block[-1:] or last
        yield block
    if last != "\n":
        yield "\n"


def _names(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    names = [os.fspath(path) for path in paths]
    if not names:
        raise UsageError("No text was named: name one or more files, or - for standard input.")
    if names.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input (-) was named more than once, but it can be read only once.")
    return names
