"""``anaphora resume``: what a person types after a training was killed, stopped or lost its disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from anaphora import bundle
from anaphora.training import checkpoint
from program import TEXT, TINY, Run, failed

STEPS = 600  # long enough that a signal comes before the end even where the machine is busy
OPTIONS = [*TINY, "--max-steps", str(STEPS), "--evaluations", "60", "--dropout", "0.2", "--output-dropout", "0.2"]


def begun(tmp_path: Path, environment: dict[str, str], run_dir: str) -> subprocess.Popen[bytes]:
    """A training that has written a checkpoint and has most of its way before it."""
    words = ["train", "language", "t.txt", "-o", f"{run_dir}.anaphora", "--run-dir", run_dir, *OPTIONS]
    program = subprocess.Popen(
        [sys.executable, "-m", "anaphora", *words],
        cwd=tmp_path,
        env={**environment, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / run_dir / "checkpoints" / checkpoint.LAST).exists():
        assert program.poll() is None
        time.sleep(0.01)
    return program


def test_what_was_stopped_goes_on_to_the_same_model(
    run: Run, tmp_path: Path, quiet_environment: dict[str, str]
) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    done = run("train", "language", "t.txt", "-o", "whole.anaphora", *OPTIONS)
    assert done.returncode == 0, done.stderr
    whole = bundle.read(tmp_path / "whole.anaphora").tensors
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)):
        folder = f"cut-{number}.run"
        program = begun(tmp_path, quiet_environment, folder)
        program.send_signal(number)
        _, said = program.communicate()
        assert program.returncode == code, said
        if code > 0:
            assert f"anaphora resume {folder}".encode() in said
        there = checkpoint.newest(tmp_path / folder / "checkpoints")
        assert there is not None
        assert 0 < there[1]["step"] < STEPS

        done = run("resume", folder)
        assert done.returncode == 0, done.stderr
        assert f"Continuing after step {there[1]['step']:,} of {STEPS}." in done.stderr
        assert f"{STEPS} steps" in done.stdout
        other = bundle.read(tmp_path / f"{folder}.anaphora").tensors
        assert all(np.array_equal(whole[name], other[name]) for name in whole)

    again = run("resume", folder)
    assert again.returncode == 0, again.stderr
    assert "only scoring and saving remain" in again.stderr


def test_where_there_is_nothing_to_go_on_with(run: Run, tmp_path: Path) -> None:
    failed(run("resume", "no.run"), 2, "'no.run' is not the folder of a run", "such as model.run")
    failed(run("resume"), 2, "RUN")
    done = run("train", "language", "-", *TINY, "--max-steps", "2", stdin=TEXT)
    assert done.returncode == 0, done.stderr
    failed(run("resume", "model.run"), 2, "came from standard input", "Train anew from files")
    facts = json.loads((tmp_path / "model.run" / "run.json").read_text(encoding="utf-8"))
    facts["data"] = [str(tmp_path / "gone.txt")]
    (tmp_path / "model.run" / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    failed(run("resume", "model.run"), 3, "gone.txt' does not exist")
    (tmp_path / "gone.txt").write_text(TEXT + "more", encoding="utf-8")
    failed(run("resume", "model.run"), 3, "have changed since the run began")


def test_both_checkpoints_damaged(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    assert run("train", "language", "t.txt", *TINY, "--max-steps", "40").returncode == 0
    folder = tmp_path / "model.run" / "checkpoints"
    for path in (folder / checkpoint.LAST, folder / checkpoint.PREVIOUS):
        path.write_bytes(path.read_bytes()[:-3] if path.exists() else b"")
    failed(run("resume", "model.run"), 5, "last.safetensors is damaged", "train again")
