"""A cache of prepared folders, each with a name that identifies its content.

    place = $ANAPHORA_CACHE, else $XDG_CACHE_HOME/anaphora, else ~/.cache/anaphora

A folder appears completely or not at all: it is filled beside its place, flushed to the disk, and renamed. If two
processes want the same folder, the second process waits for the first. A folder that was made here and was not used for
thirty days is deleted when another folder is made; what somebody else put into the place is left alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from anaphora.data.progress import report
from anaphora.errors import UsageError

VARIABLE = "ANAPHORA_CACHE"
KEPT_SECONDS = 30 * 24 * 3600.0
_PART = ".part"
_LOCK = ".lock"
_OURS = re.compile(r"[a-z]+-[0-9a-f]{32}")  # a kind, and the digest of what the folder was made of


def place() -> Path:
    """Return the folder of the cache."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anaphora"


def cached(name: str, whole: Callable[[Path], bool], fill: Callable[[Path], None]) -> Path:
    """Return the folder with this name; if it is missing or not ``whole``, ``fill`` writes its files first.

    Raises UsageError if the folder cannot be made, and the errors of ``fill``; then no partial folder is left.
    """
    folder = place() / name
    beside = folder.with_name(f"{name}.{secrets.token_hex(4)}{_PART}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(name + _LOCK), f"waiting for another run to prepare {folder}"):
            if folder.is_dir() and whole(folder):
                os.utime(folder)
                return folder
            _delete_old(folder)
            beside.mkdir()
            fill(beside)
            _flush(beside)
            shutil.rmtree(folder, ignore_errors=True)
            beside.rename(folder)
            _flush(folder.parent)
    except OSError as error:
        raise UsageError(
            f"'{folder}', the folder for prepared data, cannot be made: {error.strerror or error}. Free"
            f" disk space, or name another folder with {VARIABLE}."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


@contextmanager
def _locked(path: Path, meanwhile: str) -> Iterator[None]:
    """Hold a lock file; the system releases it when the process ends, even after a crash."""
    with open(path, "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(meanwhile)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _delete_old(wanted: Path) -> None:
    """Delete partial folders of this name that a killed process left, and all folders made here that are too old."""
    oldest = time.time() - KEPT_SECONDS
    for other in wanted.parent.iterdir():
        left = re.fullmatch(rf"{re.escape(wanted.name)}\.[0-9a-f]{{8}}{re.escape(_PART)}", other.name) is not None
        lock = other.with_name(other.name + _LOCK)
        ours = _OURS.fullmatch(other.name) is not None and lock.exists()
        if other.is_dir() and (left or (ours and other.stat().st_mtime < oldest)):
            shutil.rmtree(other, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
