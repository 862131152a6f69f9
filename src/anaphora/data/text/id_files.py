"""Units on disk: a text as whole numbers of the smallest type that holds them; a stretch is read when it is asked for.

    file = .npy, version 1.0: one dimension of uint8, uint16 or uint32, little-endian

Any NumPy opens it, `np.load(path, mmap_mode="r")`. Here it is read with `pread` and not through a memory map: pages of
a map that were touched count as this process's memory until the system wants them back, and a pass over the text
touches them all; what `pread` leaves behind is the system's own cache.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from anaphora.errors import DataError

BLOCK = 2**20  # units
_TYPES = (np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4"))


class Units(Protocol):
    """A text's units, in memory or on disk: a length, and slices that are arrays."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> NDArray[Any]: ...


class Shard:
    """N units in a file; a slice is (n,) int32, read at that moment."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a file that `write` has written; raises DataError if it is another or was cut off."""
        self.path = Path(path)
        try:
            with open(self.path, "rb") as file:
                self._length, self._type = _header(file)
                self._start, size = file.tell(), os.fstat(file.fileno()).st_size
            self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise DataError(f"'{path}' cannot be read as a text's units: {error}") from error
        weakref.finalize(self, os.close, self._file)
        if size != (expected := self._start + self._length * self._type.itemsize):
            raise DataError(f"'{path}' is not whole: expected {expected:,} bytes, got {size:,}")

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: slice, /) -> NDArray[np.int32]:
        start, stop, step = index.indices(self._length)
        if step != 1:
            raise ValueError(f"expected a slice of neighbours, got every {step}th unit")
        read = self._read(start * self._type.itemsize, max(0, stop - start) * self._type.itemsize)
        return np.frombuffer(read, self._type).astype(np.int32)

    def digest(self) -> str:
        """The SHA-256 of the units' bytes."""
        sha256 = hashlib.sha256()
        for start in range(0, self._length, BLOCK):
            length = min(BLOCK, self._length - start)
            sha256.update(self._read(start * self._type.itemsize, length * self._type.itemsize))
        return sha256.hexdigest()

    def _read(self, begin: int, size: int) -> bytes:
        """Some bytes of the units; a system may give fewer than it is asked for."""
        read = os.pread(self._file, size, self._start + begin)
        while len(read) < size:
            more = os.pread(self._file, size - len(read), self._start + begin + len(read))
            if not more:
                raise DataError(f"'{self.path}' was cut off while it was in use: leave it alone while training goes on")
            read += more
        return read


def write(path: str | os.PathLike[str], pieces: Iterable[NDArray[np.integer[Any]]], size: int) -> str:
    """Write units 0 … ``size`` - 1, piece after piece, to a new file, and give the SHA-256 of their bytes.

    Raises OSError where that fails; what is there then is no whole file.
    """
    kind = next(kind for kind in _TYPES if size - 1 <= np.iinfo(kind).max)
    length, sha256 = 0, hashlib.sha256()
    with open(path, "xb") as file:
        _write_header(file, length, kind)
        for piece in pieces:
            raw = piece.astype(kind).tobytes()
            file.write(raw)
            sha256.update(raw)
            length += piece.size
        file.seek(0)
        _write_header(file, length, kind)  # as long as the first: it leaves room for any length
        file.flush()
        os.fsync(file.fileno())
    return sha256.hexdigest()


def blocks(units: Units, size: int = BLOCK) -> Iterator[NDArray[Any]]:
    """Units from first to last, some at a time."""
    for start in range(0, len(units), size):
        yield units[start : start + size]


def counts(units: Units, size: int) -> NDArray[np.int64]:
    """How often each of 0 … ``size`` - 1 occurs, (size,)."""
    return sum((np.bincount(block, minlength=size) for block in blocks(units)), np.zeros(size, np.int64))


def _header(file: BinaryIO) -> tuple[int, np.dtype[Any]]:
    if npy.read_magic(file) != (1, 0):
        raise ValueError("expected version 1.0 of .npy")
    shape, _, kind = npy.read_array_header_1_0(file)
    if len(shape) != 1 or kind not in _TYPES:
        raise ValueError(f"expected one dimension of uint8, uint16 or uint32, got {len(shape)} of {kind}")
    return shape[0], kind


def _write_header(file: BinaryIO, length: int, kind: np.dtype[Any]) -> None:
    description = {"descr": npy.dtype_to_descr(kind), "fortran_order": False, "shape": (length,)}
    npy.write_array_header_1_0(file, description)
