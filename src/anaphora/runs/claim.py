"""The claim of a process on a run folder: one process trains in it, and a refused run leaves no trace of it.

    claim.make(folder)   the folder is made and locked         claim.take(folder)   an existing folder is locked
    claim.keep()         from now on the folder stays          the end of the `with` block releases the lock

The lock is the system's (flock) on the file `lock` of the folder, so that it ends with the process, even after
`kill -9`. The file says which process holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Self

from anaphora.errors import Interrupted, Terminated, UsageError

LOCK = "lock"


class Claim:
    """A claim on one run folder, for a `with` block; nothing is claimed before `make` or `take`.

    `files` are the names of all files and folders that a run writes into its folder. `note` receives a sentence if the
    file system has no locks.
    """

    def __init__(self, files: Iterable[str], note: Callable[[str], None] = lambda _: None) -> None:
        self.folder = Path()
        self._files, self._note = tuple(files), note
        self._lock: IO[str] | None = None
        self._made: list[Path] = []  # the deepest first
        self._ours = False  # whether everything in the folder was written under this claim
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        stopped = isinstance(error, Interrupted | Terminated | KeyboardInterrupt)
        if error is not None and not self._kept and not stopped:
            self._undo()
        self._release()

    def make(self, folder: Path, *, new: bool = False) -> None:
        """Make a folder and its missing parents, and lock it; an error in the `with` block removes them again.

        Raises FileExistsError if the folder exists and must be `new`, UsageError if it cannot be made, or if another
        process holds it.
        """
        self.make_parents(folder)
        try:
            folder.mkdir()
            self._made.insert(0, folder)
        except FileExistsError:
            if new:
                raise
        except OSError as error:
            raise _unwritable(folder, error) from error
        self.take(folder)
        self._ours = not any(os.path.lexists(folder / name) for name in self._files if name != LOCK)

    def make_parents(self, place: Path) -> None:
        """Make the missing folders on the way to a file or a folder; an error in the `with` block removes them again.

        Raises UsageError.
        """
        for folder in reversed(place.absolute().parents):
            try:
                folder.mkdir()
                self._made.insert(0, folder)
            except OSError as error:
                if not folder.is_dir():
                    raise _unwritable(folder, error) from error

    def take(self, folder: Path) -> None:
        """Lock an existing folder; raises UsageError, with the process, if another process holds it."""
        self.folder = folder
        path = folder / LOCK
        try:
            while self._lock is None:
                lock = path.open("a+", encoding="utf-8")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BaseException:
                    lock.close()
                    raise
                if _is(lock, path):
                    self._lock = lock
                else:
                    lock.close()
        except BlockingIOError:
            raise _busy(folder) from None
        except OSError as error:
            self._note(
                f"'{path}' cannot be locked ({error.strerror or error}): let no second process train in this folder at"
                " the same time."
            )
            return
        with contextlib.suppress(OSError):  # the lock holds without its text
            self._lock.truncate(0)
            self._lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            self._lock.flush()

    def keep(self) -> None:
        """Let the folder stay, whatever happens."""
        self._kept = True

    def _undo(self) -> None:
        for name in self._files if self._ours else ():
            place = self.folder / name
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)
        self._release()
        for folder in self._made:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _release(self) -> None:
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self.folder / LOCK).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None


def check_free(folder: Path) -> None:
    """Raise UsageError, with the process, if a process holds a folder."""
    with (
        contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError),
        (folder / LOCK).open("rb") as lock,
    ):
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(folder) from None
        except OSError:  # no locks here
            return


def _is(lock: IO[str], path: Path) -> bool:
    """Return whether an open file is still the one with this name; its former holder may just have removed it."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _busy(folder: Path) -> UsageError:
    try:
        holder = (folder / LOCK).read_text(encoding="utf-8").strip()
    except OSError:
        holder = ""
    return UsageError(
        f"{holder.capitalize() or 'Another process'} trains in the run folder '{folder}' at this moment. Wait until it"
        " ends or stop it, or name another folder."
    )


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"The folder {folder} cannot be made: {error.strerror or error}. Name another place.")
