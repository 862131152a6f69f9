"""Disks that are full, read-only or fill up on the way: what is said, and that what was there is left alone.

A small file system of its own is mounted where this system allows it to (`unshare`), so nothing else sees it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from anaphora import bundle
from bad.planted import GOOD, text
from program import TINY, failed

TRAIN = f"train language a.txt --max-steps 4 {' '.join(TINY)}"


def shell(script: str, folder: Path, environment: dict[str, str], *before: str) -> subprocess.CompletedProcess[str]:
    """Run a script that calls `anaphora`."""
    words = f'anaphora() {{ "{sys.executable}" -m anaphora "$@"; }}; {script}'
    asked = [*before, "bash", "-c", words]
    environment = {**environment, "PYTHONDONTWRITEBYTECODE": "1"}  # which would be cut short and stay in the source
    return subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_bytes(text(GOOD))
    (tmp_path / "disk").mkdir()
    return tmp_path


@pytest.fixture
def mounted(folder: Path, quiet_environment: dict[str, str]) -> str:
    """The beginning of a script in which `disk` is a file system of 64 kB that nobody else sees."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare, which mounts a file system for a test alone")
    begin = "mount -t tmpfs -o size=64k tmpfs disk || exit 77"
    tried = subprocess.run(["unshare", "-rm", "bash", "-c", begin], cwd=folder, capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this system does not let a test mount a file system")
    return begin


def within(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return shell(script, folder, environment, "unshare", "-rm")


def test_a_disk_without_room_is_refused_before_training(
    mounted: str, folder: Path, quiet_environment: dict[str, str]
) -> None:
    done = within(f"{mounted}; anaphora {TRAIN} -o disk/m.anaphora", folder, quiet_environment)
    remedy = "is free. Free disk space, or name another folder."
    failed(done, 2, "Training needs about", "of free space in 'disk/m.run'", remedy)
    done = within(f"{mounted}; anaphora check{TRAIN[5:]} -o disk/m.anaphora", folder, quiet_environment)
    assert done.returncode == 3
    assert "error    disk-full  disk\n" in done.stdout
    assert "are free.\n    Free disk space, or name another folder with -o.\n" in done.stdout


def test_a_disk_that_is_read_only(mounted: str, folder: Path, quiet_environment: dict[str, str]) -> None:
    begin = f"{mounted}; mount -o remount,ro disk"
    done = within(f"{begin}; anaphora {TRAIN} -o disk/m.anaphora", folder, quiet_environment)
    failed(done, 2, "'disk/m.anaphora' cannot be written: Read-only file system", "name another place.")
    done = within(f"{begin}; anaphora {TRAIN} -o m.anaphora --run-dir disk/run", folder, quiet_environment)
    failed(done, 2, "The folder 'disk/run' (--run-dir) cannot be written: Read-only file system")
    done = within(f"{begin}; anaphora init language a.txt -o disk/c.toml", folder, quiet_environment)
    failed(done, 2, "'disk/c.toml' cannot be written: Read-only file system", "name another place.")


def test_a_disk_that_fills_up_during_training(folder: Path, quiet_environment: dict[str, str]) -> None:
    """A limit on a file's size is a full disk, as far as writing goes; the log is short enough to be written."""
    older = bundle.to_bytes({}, {"version": 1, "task": "language", "model": {}})
    (folder / "m.anaphora").write_bytes(older)
    done = shell(f"ulimit -f 5; anaphora {TRAIN} -o m.anaphora", folder, quiet_environment)
    failed(
        done, 2, "could not be written: File too large. The file that was there before is unchanged; free disk space,"
    )
    assert done.stderr.endswith(" No model could be saved.\n")
    assert (folder / "m.anaphora").read_bytes() == older
    assert [path.name for path in folder.iterdir() if path.name.endswith(".part")] == []


def test_standard_output_on_a_full_disk(folder: Path, quiet_environment: dict[str, str]) -> None:
    for words in ("check language a.txt --preset small --batch 2 --bptt 8", "config language", "config --page"):
        failed(shell(f"anaphora {words} > /dev/full", folder, quiet_environment), 1, "No space left on device")
