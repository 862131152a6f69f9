"""The bytes of a file, of standard input, or inside a compressed file, which can be read repeatedly from the beginning.

A file is read again in each pass. A pipe and the content of a compressed file are copied first: to memory, or, if there
are many bytes, to a temporary file (in `TMPDIR`). A file that changes between two passes is refused.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import sys
import tempfile
import weakref
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anaphora.errors import DataError, closest

STANDARD_INPUT = "-"
IN_MEMORY = 2**24  # bytes
BLOCK = 2**20  # bytes per read
_COMPRESSIONS: dict[str, Callable[[Any], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class Source(ABC):
    """Bytes with a `name` for messages; `size` is their number."""

    name: str
    size: int

    @abstractmethod
    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes from the beginning; raises DataError if they cannot be read or have changed."""

    def whole(self) -> bytes:
        """Return all bytes."""
        return b"".join(self.blocks())


def open_source(path: str | os.PathLike[str]) -> Source:
    """Return the bytes of a file, of a compressed file (.gz, .bz2, .xz), or of standard input for `-`.

    Raises DataError if the file is missing, unreadable, a folder or a damaged compressed file.
    """
    name = os.fspath(path)
    if name == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("Standard input (-) was named, but this process has none: name a file.")
        return _Copy(sys.stdin.buffer, "standard input")
    file = Path(path)
    with explaining(file):
        facts = file.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError
    with _open(file) as opened:
        if decompress := _COMPRESSIONS.get(file.suffix.lower()):
            with decompress(opened) as inside:
                return _Copy(inside, f"'{name}'")
        return _File(file, facts) if stat.S_ISREG(facts.st_mode) else _Copy(opened, f"'{name}'")


def plain_name(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file without the extension of a compression.

    >>> str(plain_name("a/b.csv.gz")), str(plain_name("b.csv"))
    ('a/b.csv', 'b.csv')
    """
    file = Path(path)
    return file.with_suffix("") if file.suffix.lower() in _COMPRESSIONS else file


def ending(path: str | os.PathLike[str]) -> str:
    """Return the extension that tells the format, in lower case.

    >>> ending("a/b.CSV"), ending("b.csv.gz"), ending("-")
    ('.csv', '.csv', '')
    """
    return plain_name(path).suffix.lower()


class _File(Source):
    """The bytes of a file, by its path."""

    def __init__(self, path: Path, facts: os.stat_result) -> None:
        self.path, self.name, self.size, self._facts = path, f"'{path}'", facts.st_size, facts

    def blocks(self) -> Iterator[bytes]:
        with _open(self.path) as file:
            now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != (self._facts.st_size, self._facts.st_mtime_ns):
                raise DataError(f"{self.name} changed while it was read: do not change it, and start again.")
            while True:
                with explaining(self.path):
                    block = file.read(BLOCK)
                if not block:
                    return
                yield block


class _Copy(Source):
    """A copy of bytes that can be read only once, in memory or in a temporary file."""

    def __init__(self, pipe: Any, name: str) -> None:
        self.name, self.size = name, 0
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it lives as long as this object
        weakref.finalize(self, self._file.close)
        try:
            while block := pipe.read(BLOCK):
                self._file.write(block)
                self.size += len(block)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise DataError(
                    f"{name} cannot be read, or cannot be copied to '{tempfile.gettempdir()}':"
                    f" {error.strerror}; free disk space in that folder, or name another folder with TMPDIR."
                ) from error
            raise DataError(
                f"{name} is not a whole compressed file ({str(error).rstrip('.') or 'damaged data'}): copy or download"
                " it again, or remove the extension of its name if the file is not compressed."
            ) from error

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, self.size, BLOCK):
            self._file.seek(start)
            yield self._file.read(BLOCK)


def _open(file: Path) -> Any:
    with explaining(file):
        return open(file, "rb", buffering=0)


@contextmanager
def explaining(file: Path) -> Iterator[None]:
    """Turn the errors of reading a file into DataError with an explanation."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"'{file}' does not exist: expected a text file{_neighbour(file)}") from error
    except IsADirectoryError as error:
        raise DataError(f"'{file}' is a folder: name the text files in it, for example '{file / '*.txt'}'.") from error
    except PermissionError as error:
        raise DataError(f"You may not read '{file}' (permission denied): check it with ls -l.") from error
    except OSError as error:
        raise DataError(f"'{file}' cannot be read: {error.strerror or error}.") from error


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return f", but its folder '{file.parent}' does not exist either."
    try:
        near = closest(file.name, os.listdir(file.parent))
    except PermissionError:
        return "."
    return f"; did you mean '{file.with_name(near)}'?" if near else f" in the folder '{file.parent.resolve()}'."
