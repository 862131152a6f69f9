"""Texts from files or standard input: in memory, or block by block if they are large.

    Text = the characters of one source after another        text.blocks() reads them from the beginning, at any time

A `Text` of up to `IN_MEMORY` bytes is in memory. A larger text is not: each pass reads its files again, and a pipe is
copied to a temporary file first (in `TMPDIR`), because it cannot be read twice. A file that changes between two passes
is refused. `anaphora.data.files.decoding` says how bytes are decoded and which files are refused.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from anaphora.data.files.decoding import decoded
from anaphora.data.files.encodings import check_encoding
from anaphora.data.progress import reporting
from anaphora.errors import DataError, UsageError, closest

STANDARD_INPUT = "-"
IN_MEMORY = 2**24  # bytes of files
BLOCK = 2**20  # bytes per read, and characters per block of a text in memory


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """Return the text of one file, or of standard input for ``-``.

    Raises DataError if the file is missing, unreadable, a folder, empty, binary or not in `encoding`, and UsageError
    for an unknown encoding.
    """
    check_encoding(encoding)
    source = _source(os.fspath(path))
    return "".join(decoded(source.blocks(), encoding, source.name))


def open_texts(paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8") -> Text:
    """Return the text of several files as one, after a pass that checks every byte and counts the characters.

    Raises the errors of `read_text`, and UsageError if no file is named or ``-`` is named twice. A later pass over a
    changed file raises DataError.
    """
    names = _names(paths)
    check_encoding(encoding)
    sources = [_source(name) for name in names]
    held = sum(source.size for source in sources) <= IN_MEMORY
    slices = []
    for source in sources:
        blocks = decoded(reporting(source.blocks(), source.size, f"reading {source.name}"), encoding, source.name)
        if held:
            text = "".join(blocks)
            slices.append(_Slice(_InMemory(text), 0, len(text)))
        else:
            slices.append(_Slice(_Decoded(source, encoding), 0, sum(map(len, blocks))))
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

    def __str__(self) -> str:
        return "".join(self.blocks())

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of characters of each source, in order; a block belongs to one source."""
        return tuple(part.stop - part.start for part in self._slices)

    def blocks(self) -> Iterator[str]:
        """Yield the text from the beginning in blocks of about `BLOCK` characters; no block is empty."""
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
        for start in range(0, len(self.characters), BLOCK):
            yield self.characters[start : start + BLOCK]


class _File(NamedTuple):
    """The bytes of a file, by its path."""

    path: Path
    name: str
    facts: os.stat_result

    @property
    def size(self) -> int:
        return self.facts.st_size

    def blocks(self) -> Iterator[bytes]:
        with _open(self.path, self.name) as file:
            now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != (self.facts.st_size, self.facts.st_mtime_ns):
                raise DataError(f"{self.name} changed while it was read: do not change it, and start again.")
            while True:
                with _explaining(self.path, self.name):
                    block = file.read(BLOCK)
                if not block:
                    return
                yield block


class _PipeCopy:
    """The bytes of a pipe, in memory or, if there are many, in a temporary file."""

    def __init__(self, pipe: BinaryIO | io.FileIO, name: str) -> None:
        self.name = name
        self.size = 0
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it lives as long as this object
        weakref.finalize(self, self._file.close)
        try:
            while block := pipe.read(BLOCK):
                self._file.write(block)
                self.size += len(block)
        except OSError as error:
            raise DataError(
                f"{name} cannot be read, or cannot be copied to '{tempfile.gettempdir()}':"
                f" {error.strerror or error}; free disk space in that folder, or name another folder with TMPDIR."
            ) from error

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, self.size, BLOCK):
            self._file.seek(start)
            yield self._file.read(BLOCK)


class _Decoded(NamedTuple):
    """Bytes and their encoding."""

    source: _File | _PipeCopy
    encoding: str

    def text(self) -> Iterator[str]:
        return decoded(self.source.blocks(), self.encoding, self.source.name, again=True)


class _Slice(NamedTuple):
    """The characters `start` to `stop` of a source."""

    source: _InMemory | _Decoded
    start: int
    stop: int


def _names(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    names = [os.fspath(path) for path in paths]
    if not names:
        raise UsageError("No text was named: name one or more files, or - for standard input.")
    if names.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input (-) was named more than once, but it can be read only once.")
    return names


def _source(path: str) -> _File | _PipeCopy:
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("Standard input (-) was named, but this process has none: name a file.")
        return _PipeCopy(sys.stdin.buffer, "standard input")
    file, name = Path(path), f"'{path}'"
    with _explaining(file, name):
        facts = file.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError
        if stat.S_ISREG(facts.st_mode):
            return _File(file, name, facts)
    with _open(file, name) as pipe:
        return _PipeCopy(pipe, name)


def _open(file: Path, name: str) -> io.FileIO:
    with _explaining(file, name):
        return open(file, "rb", buffering=0)


@contextmanager
def _explaining(file: Path, name: str) -> Iterator[None]:
    """Turn the errors of reading a file into DataError with an explanation."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{name} does not exist: expected a text file{_neighbour(file)}") from error
    except IsADirectoryError as error:
        raise DataError(f"{name} is a folder: name the text files in it, for example '{file / '*.txt'}'.") from error
    except PermissionError as error:
        raise DataError(f"You may not read {name} (permission denied): check it with ls -l.") from error
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return f", but its folder '{file.parent}' does not exist either."
    try:
        near = closest(file.name, os.listdir(file.parent))
    except PermissionError:
        return "."
    return f"; did you mean '{file.with_name(near)}'?" if near else f" in the folder '{file.parent.resolve()}'."
