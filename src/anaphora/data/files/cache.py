"""Folders that took time to make and can be made again, each under a name that says all of what is in it.

    place = $ANAPHORA_CACHE, else $XDG_CACHE_HOME/anaphora, else ~/.cache/anaphora

A folder appears whole or not at all: it is filled beside its place, flushed to the disk, and renamed. Of two processes
that want the same one, the second waits and finds it. What nobody wanted for thirty days is deleted when another is
made.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from anaphora.data.progress import tell
from anaphora.errors import UsageError

VARIABLE = "ANAPHORA_CACHE"
KEPT_SECONDS = 30 * 24 * 3600.0
_PART = ".part"
_LOCK = ".lock"


def place() -> Path:
    """Where such folders are."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anaphora"


def kept(name: str, whole: Callable[[Path], bool], fill: Callable[[Path], None]) -> Path:
    """Return the folder of that name; where there is none, or none that is ``whole``, ``fill`` puts files into it.

    Raises UsageError when it cannot be made, and what ``fill`` raises; nothing is left then.
    """
    folder = place() / name
    beside = folder.with_name(f"{name}.{secrets.token_hex(4)}{_PART}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_name(name + _LOCK), f"waiting for another run to prepare {folder}"):
            if folder.is_dir() and whole(folder):
                os.utime(folder)
                return folder
            _tidy(folder)
            beside.mkdir()
            fill(beside)
            _flush(beside)
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
            _flush(folder.parent)
    except OSError as error:
        raise UsageError(
            f"'{folder}' cannot be made, which prepared data go into: {error.strerror or error}. Make room, or name"
            f" another folder with {VARIABLE}."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


@contextmanager
def _alone(path: Path, meanwhile: str) -> Iterator[None]:
    """Hold a lock file; the system lets go of it when the process ends, however it does."""
    with open(path, "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(meanwhile)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tidy(wanted: Path) -> None:
    """Delete what a killed process left of this folder, and whatever nobody wanted for long."""
    oldest = time.time() - KEPT_SECONDS
    for other in wanted.parent.iterdir():
        left = other.name.startswith(f"{wanted.name}.") and other.name.endswith(_PART)
        if other.is_dir() and (left or other.stat().st_mtime < oldest):
            shutil.rmtree(other, ignore_errors=True)
            other.with_name(other.name + _LOCK).unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
