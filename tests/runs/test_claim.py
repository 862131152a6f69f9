"""The claim on a run folder: one process at a time, ended by the system, and no trace of what was refused."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from anaphora.errors import Interrupted, UsageError
from anaphora.runs import claim
from anaphora.runs.claim import LOCK, Claim, check_free

HOLD = """
import sys, time
from pathlib import Path
from anaphora.runs.claim import Claim
with Claim(()) as held:
    held.take(Path(sys.argv[1]))
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_another_process_is_named_and_its_end_frees_the_folder(
    tmp_path: Path, quiet_environment: dict[str, str], end: signal.Signals
) -> None:
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=quiet_environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        for ask in (lambda: Claim(()).take(tmp_path), lambda: check_free(tmp_path)):
            with pytest.raises(UsageError, match=f"Process {other.pid} on .* trains in the run folder '{tmp_path}'"):
                ask()
        other.send_signal(end)
    check_free(tmp_path)
    with Claim(()) as held:
        held.take(tmp_path)
        with pytest.raises(UsageError, match=f"Process {os.getpid()} on "), Claim(()) as second:
            second.take(tmp_path)
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()


def test_what_was_refused_leaves_the_disk_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep" / "m.run"

    def work(error: BaseException, *, kept: bool) -> None:
        with Claim(("config.toml", "checkpoints")) as held:
            held.make_parents(tmp_path / "models" / "m.anaphora")
            held.make(folder)
            (folder / "config.toml").touch()
            (folder / "checkpoints").mkdir()
            (folder / "checkpoints" / "last").touch()
            if kept:
                held.keep()
            raise error

    def begin(error: BaseException, *, kept: bool = False) -> None:
        with pytest.raises(type(error)):
            work(error, kept=kept)

    begin(UsageError("no"))
    begin(RuntimeError("no"))
    assert list(tmp_path.iterdir()) == []
    begin(Interrupted("stopped"))
    assert sorted(os.listdir(folder)) == ["checkpoints", "config.toml"]
    (tmp_path / "empty").mkdir()
    folder = tmp_path / "empty"
    begin(UsageError("no"))
    assert list(folder.iterdir()) == []
    begin(UsageError("no"), kept=True)
    assert sorted(os.listdir(folder)) == ["checkpoints", "config.toml"]
    with pytest.raises(FileExistsError), Claim(("config.toml",)) as held:
        held.make(folder, new=True)
    assert sorted(os.listdir(folder)) == ["checkpoints", "config.toml"]


def test_what_was_there_before_the_claim_stays(tmp_path: Path) -> None:
    folder = tmp_path / "m.run"
    folder.mkdir()
    (folder / "config.toml").write_text("of another run", encoding="utf-8")

    def refused() -> None:
        with Claim(("config.toml", LOCK)) as held:
            held.make(folder)
            raise UsageError("no")

    with pytest.raises(UsageError):
        refused()
    assert os.listdir(folder) == ["config.toml"]


def test_a_busy_folder_is_not_touched(tmp_path: Path) -> None:
    with Claim(()) as first:
        first.make(tmp_path / "m.run")
        (tmp_path / "m.run" / "config.toml").touch()
        with pytest.raises(UsageError), Claim(("config.toml",)) as second:
            second.make(tmp_path / "m.run")
        assert (tmp_path / "m.run" / "config.toml").exists()


def test_a_file_system_without_locks_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(claim.fcntl, "flock", refuse)
    notes: list[str] = []
    with Claim((), notes.append) as held:
        held.take(tmp_path)
        check_free(tmp_path)
    assert notes == [
        f"'{tmp_path / LOCK}' cannot be locked (No locks available): let no second process train in this folder at the"
        " same time."
    ]
