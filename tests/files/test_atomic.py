"""Atomic files: whole or not there, whatever stops the writer."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anaphora.errors import UsageError
from anaphora.files import atomic


def test_content_replaces_content_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write(path, [b"old"])
    atomic.write(path, [b"ne", b"", b"w"])
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def breaking(error: BaseException) -> Iterator[bytes]:
    yield b"half of the "
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("x")])
def test_an_interrupted_writer_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        atomic.write(path, breaking(error))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_is_a_clear_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(UsageError, match=r"could not be written: No space left.*unchanged.*free disk space"):
        atomic.write(path, breaking(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="folders are flushed on POSIX only")
@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.ENOTSUP])
def test_a_folder_that_cannot_be_flushed_is_not_taken_for_a_file_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    real = os.fsync

    def flush(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        real(handle)

    monkeypatch.setattr(os, "fsync", flush)
    if number == errno.EIO:
        with pytest.raises(UsageError, match="was written, but may be lost"):
            atomic.write(path, [b"new"])
    else:
        atomic.write(path, [b"new"])
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_file_size_limit_of_the_system_is_met_in_earnest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "from anaphora import errors\nfrom anaphora.files import atomic\n"
        "try: atomic.write(sys.argv[1], [bytes(100_000)])\n"
        "except errors.UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-B", "-c", program, path], capture_output=True, text=True, check=True)
    assert "could not be written: File too large" in done.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    program = (
        "import os, sys\nfrom anaphora.files import atomic\n"
        "def chunks():\n    yield bytes(100_000)\n    os._exit(9)\n"
        "atomic.write(sys.argv[1], chunks())"
    )
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 9
    assert path.read_bytes() == b"old"
    atomic.write(path, [b"new"])
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link, fresh = tmp_path / "file", tmp_path / "link", tmp_path / "fresh"
    path.write_bytes(b"old")
    path.chmod(0o600)
    link.symlink_to(path)
    atomic.write(link, [b"new"])
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    atomic.write(fresh, [b"x"])
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o666 & ~mask


def test_what_is_in_the_way_is_said_beforehand(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    atomic.writable(path)
    atomic.writable(tmp_path / "new")
    with pytest.raises(UsageError, match="is a folder: expected the name of a file"):
        atomic.writable(tmp_path)
    with pytest.raises(UsageError, match=r"'.*no' does not exist: make it with mkdir -p"):
        atomic.writable(tmp_path / "no" / "file")
    with pytest.raises(UsageError, match="is not a folder"):
        atomic.writable(path / "file")
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that even root cannot write to")
def test_a_folder_that_cannot_be_written_is_found_beforehand() -> None:
    with pytest.raises(UsageError, match=r"cannot be written.* name another place"):
        atomic.writable("/proc/self/model.anaphora")
    with pytest.raises(UsageError, match="could not be written"):
        atomic.write("/proc/self/model.anaphora", [b"x"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not an ordinary file"):
        atomic.writable(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not an ordinary file"):
        atomic.writable("/dev/null")
