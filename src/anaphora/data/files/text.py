"""Texts from files or from standard input: whole, or block by block where they are longer than memory is wide.

    Text = the characters of one source after another        text.blocks() reads them from the beginning, at any time

A `Text` of up to `IN_MEMORY` bytes is held. Of a longer one nothing is: its files are read anew in each pass, and a
pipe, which cannot be, is copied to a temporary file first (`TMPDIR` says where). A file that changes between two
passes is refused. What becomes of the bytes, and what is refused as no text, is said in `anaphora.data.files.decoding`.
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
from anaphora.data.progress import told
from anaphora.errors import DataError, UsageError, closest

STANDARD_INPUT = "-"
IN_MEMORY = 2**24  # bytes of files
BLOCK = 2**20  # bytes read at once, and characters given at once of a text in memory


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """Return the text of one file, or of standard input for ``-``.

    Raises DataError when the file is missing, unreadable, a folder, empty, binary or not in ``encoding``, and
    UsageError when no such encoding exists.
    """
    check_encoding(encoding)
    source = _source(os.fspath(path))
    return "".join(decoded(source.blocks(), encoding, source.name))


def open_texts(paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8") -> Text:
    """Return the files' texts as one, after a pass that checks every byte and counts the characters.

    Raises as :func:`read_text` does, and UsageError when no file is named or ``-`` twice; a later pass over a file that
    has changed since raises DataError.
    """
    names = _names(paths)
    check_encoding(encoding)
    sources = [_source(name) for name in names]
    held = sum(source.size for source in sources) <= IN_MEMORY
    stretches = []
    for source in sources:
        blocks = decoded(told(source.blocks(), source.size, f"reading {source.name}"), encoding, source.name)
        if held:
            text = "".join(blocks)
            stretches.append(_Stretch(_Held(text), 0, len(text)))
        else:
            stretches.append(_Stretch(_Decoded(source, encoding), 0, sum(map(len, blocks))))
    return Text(stretches)


class Text:
    """Characters that can be read again and again; it has a length, and slices that are texts themselves."""

    def __init__(self, stretches: Iterable[_Stretch]) -> None:
        self._stretches = tuple(stretches)
        self._characters = sum(stretch.stop - stretch.start for stretch in self._stretches)

    @classmethod
    def of(cls, text: str) -> Text:
        """Return a text that is in memory already."""
        return cls([_Stretch(_Held(text), 0, len(text))])

    def __len__(self) -> int:
        return self._characters

    def __getitem__(self, index: slice) -> Text:
        start, stop, step = index.indices(self._characters)
        if step != 1:
            raise ValueError(f"expected a slice of neighbours, got every {step}th character")
        stretches, before = [], 0
        for source, first, end in self._stretches:
            begin, until = max(first, first + start - before), min(end, first + stop - before)
            if begin < until:
                stretches.append(_Stretch(source, begin, until))
            before += end - first
        return Text(stretches)

    def __str__(self) -> str:
        return "".join(self.blocks())

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many characters of each source there are, one after another; a block is of one source."""
        return tuple(stretch.stop - stretch.start for stretch in self._stretches)

    def blocks(self) -> Iterator[str]:
        """Read it from the beginning, about `BLOCK` characters at once; no block is empty."""
        for source, start, stop in self._stretches:
            at = 0
            for block in source.text():
                here = block[max(0, start - at) : stop - at]
                if here:
                    yield here
                at += len(block)
                if at >= stop:
                    break


class _Held(NamedTuple):
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
        with _opened(self.path, self.name) as file:
            now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != (self.facts.st_size, self.facts.st_mtime_ns):
                raise DataError(f"{self.name} was changed while it was being read: leave it as it is, and begin anew")
            while True:
                with _explained(self.path, self.name):
                    block = file.read(BLOCK)
                if not block:
                    return
                yield block


class _Copy:
    """The bytes that came through a pipe, in memory or, if there are many, in a temporary file."""

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
                f"{name} cannot be read, or not be copied to '{tempfile.gettempdir()}': {error.strerror or error}; "
                "make room there, or name another folder with TMPDIR"
            ) from error

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, self.size, BLOCK):
            self._file.seek(start)
            yield self._file.read(BLOCK)


class _Decoded(NamedTuple):
    """Bytes that are characters in an encoding."""

    source: _File | _Copy
    encoding: str

    def text(self) -> Iterator[str]:
        return decoded(self.source.blocks(), self.encoding, self.source.name, again=True)


class _Stretch(NamedTuple):
    """Characters `start` to `stop` of a source."""

    source: _Held | _Decoded
    start: int
    stop: int


def _names(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    names = [os.fspath(path) for path in paths]
    if not names:
        raise UsageError("no text was named: give one or more files, or - for standard input")
    if names.count(STANDARD_INPUT) > 1:
        raise UsageError("standard input (-) was named more than once, but it can be read only once")
    return names


def _source(path: str) -> _File | _Copy:
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("standard input (-) was named, but this process has none: name a file")
        return _Copy(sys.stdin.buffer, "standard input")
    file, name = Path(path), f"'{path}'"
    with _explained(file, name):
        facts = file.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError
        if stat.S_ISREG(facts.st_mode):
            return _File(file, name, facts)
    with _opened(file, name) as pipe:
        return _Copy(pipe, name)


def _opened(file: Path, name: str) -> io.FileIO:
    with _explained(file, name):
        return open(file, "rb", buffering=0)


@contextmanager
def _explained(file: Path, name: str) -> Iterator[None]:
    """Say what stands in the way of reading a file."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{name} does not exist: expected a text file{_neighbour(file)}") from error
    except IsADirectoryError as error:
        raise DataError(f"{name} is a folder: name the text files in it, for example '{file / '*.txt'}'") from error
    except PermissionError as error:
        raise DataError(f"{name} may not be read by you (permission denied): check it with ls -l") from error
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from error


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return f", but not even its folder '{file.parent}' exists"
    try:
        near = closest(file.name, os.listdir(file.parent))
    except PermissionError:
        return ""
    return f"; did you mean '{file.with_name(near)}'?" if near else f" in the folder '{file.parent.resolve()}'"
