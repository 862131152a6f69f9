"""Id files: the units of a text on disk, as integers of the smallest type; a slice is read on demand.

    file = .npy, version 1.0: one dimension of uint8, uint16 or uint32, little-endian

Any NumPy opens the file by `np.load(path, mmap_mode="r")`. This module reads it by `pread` instead of a memory map.
Touched pages of a map count as memory of the process until the system reclaims them, and a pass over the text touches
all pages; the data that `pread` caches belong to the system.
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
    """The units of a text, in memory or on disk: a length, and slices that are arrays."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> NDArray[Any]: ...


class IdFile:
    """N units in a file; a slice is read on demand as an array (n,) int32."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a file that `write` wrote; raises DataError for another or incomplete file."""
        self.path = Path(path)
        try:
            with open(self.path, "rb") as file:
                self._length, self._type = _header(file)
                self._start, size = file.tell(), os.fstat(file.fileno()).st_size
            self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise DataError(f"'{path}' cannot be read as a file of units: {error}") from error
        weakref.finalize(self, os.close, self._file)
        if size != (expected := self._start + self._length * self._type.itemsize):
            raise DataError(f"'{path}' is incomplete: expected {expected:,} bytes, got {size:,}")

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: slice, /) -> NDArray[np.int32]:
        start, stop, step = index.indices(self._length)
        if step != 1:
            raise ValueError(f"expected a slice of neighbours, got every {step}th unit")
        raw = self._read(start * self._type.itemsize, max(0, stop - start) * self._type.itemsize)
        return np.frombuffer(raw, self._type).astype(np.int32)

    def digest(self) -> str:
        """Return the SHA-256 of the units' bytes."""
        sha256 = hashlib.sha256()
        for start in range(0, self._length, BLOCK):
            length = min(BLOCK, self._length - start)
            sha256.update(self._read(start * self._type.itemsize, length * self._type.itemsize))
        return sha256.hexdigest()

    def _read(self, begin: int, size: int) -> bytes:
        """Return some bytes of the units; the system may return fewer bytes per call than requested."""
        raw = os.pread(self._file, size, self._start + begin)
        while len(raw) < size:
            more = os.pread(self._file, size - len(raw), self._start + begin + len(raw))
            if not more:
                raise DataError(f"'{self.path}' was cut off while it was in use: do not change it during training")
            raw += more
        return raw


def write(path: str | os.PathLike[str], pieces: Iterable[NDArray[np.integer[Any]]], size: int) -> str:
    """Write units 0 … `size` - 1 to a new file, piece after piece, each (n,), and return the SHA-256 of their bytes.

    Raises OSError on failure; then the file is incomplete.
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
        _write_header(file, length, kind)  # as long as the first header, which has room for any length
        file.flush()
        os.fsync(file.fileno())
    return sha256.hexdigest()


def blocks(units: Units, size: int = BLOCK) -> Iterator[NDArray[Any]]:
    """Yield the units of a text in order, in arrays (n,) with n ≤ `size`."""
    for start in range(0, len(units), size):
        yield units[start : start + size]


def counts(units: Units, size: int) -> NDArray[np.int64]:
    """Return the number of occurrences of each unit 0 … `size` - 1, (V,) with V = `size`."""
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
