"""Folders that are kept: whole or not there, made once, found again, forgotten in the end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from anaphora.data import progress
from anaphora.data.files import cache
from anaphora.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANAPHORA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fill(folder: Path) -> None:
    (folder / "a").write_text("something", encoding="utf-8")


def whole(folder: Path) -> bool:
    return (folder / "a").read_text(encoding="utf-8") == "something"


def refuse(folder: Path) -> None:
    raise AssertionError("it was there")


def names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir() if path.suffix != ".lock"}


def test_it_is_made_once_and_found_again(home: Path) -> None:
    made = cache.cached("one", whole, fill)
    assert made == home / "one"
    assert cache.cached("one", whole, refuse) == made
    assert names(home) == {"one"}


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.place() == tmp_path / "cache"
    monkeypatch.delenv("ANAPHORA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.place() == Path("/somewhere/anaphora")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache.place() == Path("/home/somebody/.cache/anaphora")


def test_one_that_is_damaged_is_made_again(home: Path) -> None:
    cache.cached("one", whole, fill)
    (home / "one" / "a").write_text("else", encoding="utf-8")
    (home / "one" / "b").write_text("left", encoding="utf-8")
    cache.cached("one", whole, fill)
    assert whole(home / "one")
    assert not (home / "one" / "b").exists()


def test_what_fails_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise DataError("no text")

    def full(folder: Path) -> None:
        fill(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="no text"):
        cache.cached("one", whole, fail)
    with pytest.raises(UsageError, match=r"one', .*, cannot be made: No space left on device\. Free .* ANAPHORA"):
        cache.cached("one", whole, full)
    assert names(home) == set()
    (home / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("ANAPHORA_CACHE", str(home / "file"))
    with pytest.raises(UsageError, match=r"one', .*, cannot be made: File exists\. Free disk space"):
        cache.cached("one", whole, fill)


def test_a_killed_process_leaves_what_the_next_one_clears(home: Path) -> None:
    code = (
        "import os, signal, sys\nfrom anaphora.data.files import cache\n"
        "def fill(folder):\n    (folder / 'a').write_text('some')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "cache.cached('one', lambda folder: True, fill)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    assert len(names(home)) == 1
    assert "one" not in names(home)
    assert whole(cache.cached("one", whole, fill))
    assert names(home) == {"one"}


def test_of_two_the_second_waits_and_finds_it(home: Path) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(folder: Path) -> None:
        inside.set()
        assert go_on.wait(30)
        fill(folder)

    first = threading.Thread(target=cache.cached, args=("one", whole, slow))
    first.start()
    assert inside.wait(30)
    heard: list[str] = []

    def listen(what: str) -> None:
        heard.append(what)
        go_on.set()

    with progress.observed_by(listen):
        cache.cached("one", whole, refuse)
    first.join()
    assert len(heard) == 1
    assert heard[0].startswith("waiting for another run to prepare")


def test_what_nobody_wanted_for_long_is_forgotten(home: Path) -> None:
    old, used, new = (f"text-{sign * 32}" for sign in "abc")
    for name in (old, used, new):
        cache.cached(name, whole, fill)
    long_ago = time.time() - cache.KEPT_SECONDS - 60
    for name in (old, used):
        os.utime(home / name, (long_ago, long_ago))
    cache.cached(used, whole, refuse)
    cache.cached("another", whole, fill)
    assert names(home) == {used, new, "another"}
    assert not (home / f"{old}.lock").exists()


def test_what_somebody_else_put_there_is_never_deleted(home: Path) -> None:
    home.mkdir(exist_ok=True)
    long_ago = time.time() - cache.KEPT_SECONDS - 60
    theirs = ("photos", "poetry", f"text-{'a' * 32}", "another.part", "one.part")
    for name in theirs:
        (home / name).mkdir()
        (home / name / "file").touch()
        os.utime(home / name, (long_ago, long_ago))
    (home / "poetry.lock").touch()
    cache.cached("another", whole, fill)
    assert {*theirs, "another"} <= {path.name for path in home.iterdir() if path.is_dir()}
    assert all((home / name / "file").exists() for name in theirs if name != "another.part")
