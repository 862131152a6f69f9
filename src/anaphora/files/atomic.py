"""Files that are whole or not there: written beside their place, flushed to the disk, and renamed over the old one.

At every moment, a power cut included, the name shows either the old content or the new; whatever fails on the way,
the old file stays as it was and nothing is left beside it.
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
    """Write ``chunks``, one after another, as the new content of ``path``.

    A file that is replaced keeps its permissions; a symbolic link keeps pointing, and what it points at is replaced.
    Raises UsageError when the disk is full or the place cannot be written, and, once the new content is there, when
    the system cannot say that it will last.
    """
    target = _target(path)
    beside = _beside(target)
    try:
        with open(beside, "xb") as file:
            if target.exists():
                os.chmod(beside, stat.S_IMODE(target.stat().st_mode))
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except OSError as error:
        raise UsageError(
            f"'{path}' could not be written: {error.strerror or error}. What was there before is untouched; "
            "make room, or name another place."
        ) from error
    finally:
        _remove(beside)
    try:
        _flush_folder(target.parent)
    except OSError as error:
        raise UsageError(
            f"'{path}' was written, but may not last through a power cut: flushing its folder failed:"
            f" {error.strerror or error}. Look after the disk."
        ) from error


def writable(path: str | os.PathLike[str]) -> None:
    """Return if :func:`write` would find its place, by making an empty file beside it and removing it again.

    Raises UsageError, which says what is in the way: to be asked before hours of work, not after them.
    """
    target = _target(path)
    if target.is_dir():
        raise UsageError(f"'{path}' is a folder: expected the name of a file to write, such as '{target / 'file'}'")
    if not target.parent.is_dir():
        what = "is not a folder" if target.parent.exists() else "does not exist"
        raise UsageError(
            f"'{path}' cannot be written: '{target.parent}' {what}; make it with mkdir -p, or name another place"
        )
    if target.exists() and not target.is_file():
        raise UsageError(f"'{path}' is not an ordinary file: it would be replaced by one; name another place")
    beside = _beside(target)
    try:
        with open(beside, "xb"):
            pass
    except OSError as error:
        raise UsageError(
            f"'{path}' cannot be written: {error.strerror or error} (folder '{target.parent}'); name another place."
        ) from error
    finally:
        _remove(beside)


def _target(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(path))


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _remove(beside: Path) -> None:
    with contextlib.suppress(OSError):  # a file system that became read-only refuses even what is not there
        beside.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make the rename last: the folder's own entry goes to the disk too (POSIX; elsewhere no folder can be opened)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that flushes no folders
            raise
    finally:
        os.close(handle)
