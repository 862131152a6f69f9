"""``anaphora resume``: what a person types after a training was killed, stopped or lost its disk."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from anaphora import bundle
from anaphora.training import checkpoint
from program import TEXT, TINY, Run, failed
from warm import Warm

STEPS = 600  # long enough that a signal comes before the end even where the machine is busy
OPTIONS = [*TINY[:-2], "--max-steps", str(STEPS), "--evaluations", "60", "--output-dropout", "0.2"]


def words_of(run_dir: str) -> list[str]:
    return ["train", "language", "t.txt", "-o", f"{run_dir}.anaphora", "--run-dir", run_dir, *OPTIONS]


def wait_for_a_checkpoint(folder: Path, is_over: Callable[[], bool]) -> None:
    """Until a training has written one and has most of its way before it."""
    while not (folder / "checkpoints" / checkpoint.LAST).exists():
        assert not is_over()
        time.sleep(0.01)


def stopped(warm: Warm, folder: Path, run_dir: str, number: int) -> tuple[int, str]:
    """A training that gets a signal: its code and what it said."""
    said = folder / "said.txt"
    with open(os.devnull, "r+b") as nowhere, said.open("wb") as err:
        call = warm.begin(words_of(run_dir), folder, nowhere.fileno(), nowhere.fileno(), err.fileno())
        wait_for_a_checkpoint(folder / run_dir, call.is_over)
        os.kill(call.pid, number)
        return call.wait(), said.read_text(encoding="utf-8")


def test_what_was_stopped_goes_on_to_the_same_model(run: Run, tmp_path: Path, warm: Warm) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    done = run("train", "language", "t.txt", "-o", "whole.anaphora", *OPTIONS)
    assert done.returncode == 0, done.stderr
    whole = bundle.read(tmp_path / "whole.anaphora").tensors
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)):
        folder = f"cut-{number}.run"
        ended, said = stopped(warm, tmp_path, folder, number)
        assert ended == code, said
        if code > 0:
            assert f"anaphora resume {folder}" in said
        there = checkpoint.newest(tmp_path / folder / "checkpoints")
        assert there is not None
        assert 0 < there[1]["step"] < STEPS

        done = run("resume", folder)
        assert done.returncode == 0, done.stderr
        assert f"Continuing after step {there[1]['step']:,} of {STEPS}." in done.stderr
        assert f"{STEPS} steps" in done.stdout
        other = bundle.read(tmp_path / f"{folder}.anaphora").tensors
        assert all(np.array_equal(whole[name], other[name]) for name in whole)

    model = tmp_path / f"{folder}.anaphora"
    before = {path: path.read_bytes() for path in [model, *(tmp_path / folder).rglob("*")] if path.is_file()}
    again = run("resume", folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout == (
        f"The run has finished after {STEPS} steps: there is nothing to continue, and nothing was changed.\n"
        f"model    {model}\nrecords  {folder}\n"
    )
    assert {path: path.read_bytes() for path in [model, *(tmp_path / folder).rglob("*")] if path.is_file()} == before
    model.unlink()
    again = run("resume", folder)
    assert again.returncode == 0, again.stderr
    assert "only scoring and saving remain" in again.stderr
    assert model.read_bytes() == (tmp_path / folder / "model.anaphora").read_bytes()


def test_where_there_is_nothing_to_go_on_with(run: Run, tmp_path: Path) -> None:
    failed(run("resume", "no.run"), 2, "'no.run' is not the folder of a run", "such as model.run")
    failed(run("resume"), 2, "RUN")
    done = run("train", "language", "-", *TINY, "--max-steps", "2", stdin=TEXT)
    assert done.returncode == 0, done.stderr
    (tmp_path / "model.anaphora").unlink()
    failed(run("resume", "model.run"), 2, "came from standard input", "Train anew from files")
    facts = json.loads((tmp_path / "model.run" / "run.json").read_text(encoding="utf-8"))
    facts["data"] = [str(tmp_path / "gone.txt")]
    (tmp_path / "model.run" / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    failed(run("resume", "model.run"), 3, "gone.txt' does not exist")
    (tmp_path / "gone.txt").write_text(TEXT + "more", encoding="utf-8")
    failed(run("resume", "model.run"), 3, "have changed since the run began", "gone.txt'.")


def test_the_files_of_changed_data_are_named(run: Run, tmp_path: Path) -> None:
    for name in ("t.txt", "v.txt", "e.txt"):
        (tmp_path / name).write_text(TEXT + name, encoding="utf-8")
    done = run("train", "language", "t.txt", *TINY, "--max-steps", "2", "--valid", "v.txt", "--test", "e.txt")
    assert done.returncode == 0, done.stderr
    (tmp_path / "model.anaphora").unlink()
    (tmp_path / "e.txt").write_text(TEXT + "other", encoding="utf-8")
    changed = run("resume", "model.run")
    failed(changed, 3, "The run reads ", "t.txt', ", "v.txt' (--valid), ", "e.txt' (--test).")


def test_both_checkpoints_damaged(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    assert run("train", "language", "t.txt", *TINY, "--max-steps", "40").returncode == 0
    (tmp_path / "model.anaphora").unlink()
    folder = tmp_path / "model.run" / "checkpoints"
    for path in (folder / checkpoint.LAST, folder / checkpoint.PREVIOUS):
        path.write_bytes(path.read_bytes()[:-3] if path.exists() else b"")
    failed(run("resume", "model.run"), 5, "last.safetensors is damaged", "train again")
