"""Atomic writing: a file is written beside its final place, flushed to the disk, and renamed over the old file.

At every moment, even after a power cut, the name shows either the old or the new content. After any failure the old
file is unchanged and no temporary file is left.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from anaphora.errors import UsageError


def write(path: str | os.PathLike[str], chunks: Iterable[bytes | memoryview]) -> None:
    """Write `chunks`, one after another, as the new content of `path`.

    A file that is replaced keeps its permissions. A symbolic link stays, and its target is replaced. Raises UsageError
    if the disk is full or the place cannot be written, and also if the new content is in place but could not be
    flushed.
    """
    target = _target(path)
    beside, old = _beside(target), target.exists()
    try:
        with open(beside, "xb") as file:
            if old:
                os.chmod(beside, stat.S_IMODE(target.stat().st_mode))
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except OSError as error:
        raise UsageError(
            f"'{path}' could not be written: {error.strerror or error}."
            f"{' The file that was there before is unchanged; free' if old else ' Free'} disk space, or name another"
            " place."
        ) from error
    finally:
        _remove(beside)
    try:
        _flush_folder(target.parent)
    except OSError as error:
        raise UsageError(
            f"'{path}' was written, but may be lost in a power cut, because its folder could not be"
            f" flushed: {error.strerror or error}. Check the disk."
        ) from error


def writable(path: str | os.PathLike[str], *, makes_parents: bool = False) -> None:
    """Check that `write` could write `path`: make an empty file beside it and remove it again.

    With `makes_parents`, missing folders count as made: the file is tried in the nearest folder that exists. Raises
    UsageError, which names the obstacle. Call it before hours of work, not after them.
    """
    target = _target(path)
    if os.path.isdir(target):
        raise UsageError(f"'{path}' is a folder: expected the name of a file to write, such as '{target / 'file'}'")
    folder = target.parent
    while makes_parents and not os.path.lexists(folder):
        folder = folder.parent
    if not os.path.isdir(folder):
        why = "is not a folder:" if os.path.exists(folder) else "does not exist: make it with mkdir -p, or"
        raise UsageError(f"'{path}' cannot be written, because '{folder}' {why} name another place.")
    if os.path.exists(target) and not os.path.isfile(target):
        raise UsageError(f"'{path}' is not an ordinary file: it would be replaced by one; name another place")
    beside = _beside(folder / target.name)
    try:
        with open(beside, "xb"):
            pass
    except OSError as error:
        raise UsageError(
            f"'{path}' cannot be written: {error.strerror or error} (folder '{folder}'); name another place."
        ) from error
    finally:
        _remove(beside)


def _target(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(path))


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _remove(beside: Path) -> None:
    with contextlib.suppress(OSError):  # a read-only file system refuses even a missing file
        beside.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Flush the folder's own entry, so that the rename lasts (POSIX only; other systems cannot open a folder)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # this file system flushes no folders
            raise
    finally:
        os.close(handle)
