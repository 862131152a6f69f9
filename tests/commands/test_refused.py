"""A run that is refused before its first step leaves the disk as it was; a run that goes on belongs to one process; and
a reader that goes away takes no model with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import anaphora
from anaphora import bundle
from anaphora.errors import AnaphoraError, DataWarning, MissingExtra
from anaphora.training import run as training
from program import TEXT, TINY, Run, failed

PAIRS = dict(zip(TINY[::2], TINY[1::2], strict=True))
FEW = {"hidden": 12, "layers": 1, "batch": 4, "bptt": 16, "evaluations": 2, "max_steps": 4}


def tiny(*words: str) -> list[str]:
    """The smallest settings, without those that the words set."""
    kept = {option: value for option, value in PAIRS.items() if option not in words}
    return [*words, *(word for pair in kept.items() for word in pair)]


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "short.txt").write_text("short", encoding="utf-8")
    return "t.txt"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["t.txt", "--hidden", "0"], 2, "--hidden takes"),
        (["t.txt", "--config", "none.toml"], 2, "cannot be read"),
        (["t.txt", "--device", "cuda"], 2, "cuda"),
        (["none.txt"], 3, "none.txt"),
        (["short.txt"], 3, "short"),
        (["t.txt", "--hidden", "40000", "--embedding", "8"], 2, "of free space"),
    ],
)
def test_a_refused_run_leaves_no_folder(
    run: Run, tmp_path: Path, text: str, words: list[str], code: int, said: str
) -> None:
    before = sorted(os.listdir(tmp_path))
    for places in (["-o", "new/deep/m.anaphora"], ["-o", "new/m.anaphora", "--run-dir", "runs/1"]):
        failed(run("train", "language", *tiny(*words), *places), code, said)
        assert sorted(os.listdir(tmp_path)) == before


def test_a_refused_search_leaves_no_folder(run: Run, tmp_path: Path, text: str) -> None:
    before = sorted(os.listdir(tmp_path))
    words = ["tune", "language", text, *TINY, "--minutes", "1", "--max-steps", "2", "--run-dir", "new/search"]
    failed(run(*words, "--device", "cuda"), 2, "cuda")
    assert sorted(os.listdir(tmp_path)) == before
    assert run(*words, "--trials", "1").returncode == 0
    held = sorted(os.listdir(tmp_path / "new" / "search"))
    failed(run(*words, "--trials", "2", "--device", "cuda"), 2, "holds another search")
    assert sorted(os.listdir(tmp_path / "new" / "search")) == held


def no_memory(*_: object, **__: object) -> None:
    raise MemoryError("cannot allocate memory")


def no_tensorboard(*_: object) -> None:
    raise MissingExtra("train", "--tensorboard", missing="tensorboard")


@pytest.mark.parametrize(
    ("place", "broken", "said"),
    [
        ("anaphora.training.run.first_model", no_memory, "Before the first step: there is not enough memory"),
        ("anaphora.training.update.Updater.update", no_memory, "At step 1 of 4: there is not enough memory"),
        ("anaphora.api.observers", lambda *_: no_tensorboard, "needs tensorboard"),
        (
            "anaphora.tasks.language.training.TRAINING.fit_baseline",
            no_memory,
            "Before the first step: there is not enough memory",
        ),
    ],
)
def test_neither_does_one_that_fails_before_its_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, broken: Callable[..., object], said: str
) -> None:
    monkeypatch.setattr(place, broken)
    (tmp_path / "empty").mkdir()
    for folder in (None, tmp_path / "runs" / "1", tmp_path / "empty"):
        with pytest.raises(AnaphoraError, match=said), pytest.warns(DataWarning):
            anaphora.train("language", TEXT, output=tmp_path / "new" / "m.anaphora", run_dir=folder, **FEW)
        assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_model_in_the_run_folder_survives_a_refused_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "m.run" / "model.anaphora"
    output.parent.mkdir()
    bundle.write(output, {}, {"version": 1, "task": "language", "model": {}})
    before = output.read_bytes()
    monkeypatch.setattr(training, "first_model", no_memory)
    with pytest.raises(AnaphoraError, match="memory"), pytest.warns(DataWarning):
        anaphora.train("language", TEXT, output=output, run_dir=tmp_path / "m.run", **FEW)
    assert [path.name for path in output.parent.iterdir()] == ["model.anaphora"]
    assert output.read_bytes() == before


def waited(for_what: Callable[[], bool]) -> None:
    for _ in range(1200):
        if for_what():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within two minutes")


def test_one_process_trains_in_a_folder_and_the_end_of_its_terminal_saves_the_model(
    run: Run, tmp_path: Path, text: str, quiet_environment: dict[str, str]
) -> None:
    words = tiny(text, "--max-steps", "1000000", "--evaluations", "10000")
    asked, pipe = [sys.executable, "-m", "anaphora", "train", "language", *words], subprocess.PIPE
    with subprocess.Popen(asked, cwd=tmp_path, env=quiet_environment, stdout=pipe, stderr=pipe) as child:
        try:
            assert child.stderr is not None
            assert child.stdout is not None
            child.stderr.readline()
            child.stderr.close()  # the reader of the progress goes away
            child.stdout.close()
            log = tmp_path / "model.run" / "metrics.jsonl"
            waited(lambda: log.exists() and log.read_bytes().count(b'"evaluation"') > 2)
            said = f"Process {child.pid} on "
            before = log.stat().st_ino
            failed(run("resume", "model.run"), 2, said, "trains in the run folder 'model.run'")
            failed(run("train", "language", text, *TINY, "--run-dir", "model.run", "-o", "n.anaphora"), 2, said)
            assert (child.poll(), log.stat().st_ino) == (None, before)
            assert not (tmp_path / "n.anaphora").exists()
            for _ in range(2):  # from the kernel, and from the shell
                child.send_signal(signal.SIGHUP)
            assert child.wait() == 143
        finally:
            child.kill()
    assert bundle.verify(tmp_path / "model.anaphora").task == "language"
    assert not (tmp_path / "model.run" / "lock").exists()


@pytest.mark.parametrize(("pipe", "code"), [("2>&1 | true", 141), ("2> /dev/full >&-", 0)])
def test_training_ends_with_a_model_whoever_reads(
    tmp_path: Path, text: str, quiet_environment: dict[str, str], pipe: str, code: int
) -> None:
    words = f"{sys.executable} -m anaphora train language {text} {' '.join(TINY)} --max-steps 4 {pipe}"
    asked = ["bash", "-c", f"{words}; exit ${{PIPESTATUS[0]}}"]
    done = subprocess.run(asked, cwd=tmp_path, env=quiet_environment, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    assert bundle.verify(tmp_path / "model.anaphora").task == "language"
    last = (tmp_path / "model.run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert (json.loads(last)["event"], json.loads(last)["stopped"]) == ("finish", "finished")
