"""Exact resume: a training that was killed and gone on with ends in the weights and records of one that was not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kills
from anaphora.errors import CorruptBundle, DataError, Interrupted
from anaphora.runs import folder as run_folder
from anaphora.training import checkpoint
from anaphora.training.observer import Evaluation, Observer, Step

TIMES = ("seconds", "units_per_second", "seconds_left", "model", "run_dir")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """A program that trains in children of its own, to be killed."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ANAPHORA_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, kills.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None

        def call(folder: Path, *, resume: bool = False, **how: Any) -> dict[str, Any]:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(json.dumps({"folder": str(folder), "resume": resume, **how}) + "\n")
            program.stdin.flush()
            answer: dict[str, Any] = json.loads(program.stdout.readline())
            return answer

        yield call
        program.stdin.close()


def records(folder: Path) -> list[dict[str, Any]]:
    """What the log tells of, but for the times."""
    lines = (folder / "m.run" / run_folder.LOG).read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name not in TIMES} for line in lines]


def same(one: Path, other: Path) -> None:
    """The runs in two folders ended in the same state, to the bit, and say the same of how they got there."""
    (tensors, facts), (others, their_facts) = (
        checkpoint.read(folder / "m.run" / run_folder.CHECKPOINTS / checkpoint.LAST) for folder in (one, other)
    )
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, others[name], err_msg=name)
    for name in facts.keys() - {"seconds", "evaluation_seconds", "logged"}:
        assert facts[name] == their_facts[name], name
    assert records(one) == records(other)
    weights = [checkpoint.read(folder / "m.run" / run_folder.CHECKPOINTS / checkpoint.BEST) for folder in (one, other)]
    assert weights[0][1] == weights[1][1]
    assert all(np.array_equal(tensor, weights[1][0][name]) for name, tensor in weights[0][0].items())


def whole_run(ask: Ask, folder: Path, cell: str) -> tuple[Path, dict[str, Any]]:
    done = ask(folder / "whole", cell=cell)
    assert done["status"] == 0
    return folder / "whole", done


@pytest.fixture(scope="module")
def lstm(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    return whole_run(ask, tmp_path_factory.mktemp("lstm"), "lstm")


@pytest.fixture(scope="module")
def gru(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    return whole_run(ask, tmp_path_factory.mktemp("gru"), "gru")


def test_killed_at_any_moment(
    ask: Ask, lstm: tuple[Path, Any], gru: tuple[Path, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Killed at random moments, some runs more than once, each goes on to the end of the run that was not killed."""
    count = 60 if request.config.getoption("--soak") else 8
    rng = np.random.default_rng(20261124)
    killed = 0
    for number in range(count):
        folder = tmp_path / str(number)
        cell, (whole, done) = (("lstm", lstm), ("gru", gru))[number % 2]
        ended = ask(folder, cell=cell, dies_after=float(rng.uniform(0.05, 0.95) * done["seconds"]))
        killed += ended["status"] == -9
        while ended["status"] == -9 and (folder / "m.run" / run_folder.FACTS).exists() and rng.random() < 0.4:
            ended = ask(folder, resume=True, dies_after=float(rng.uniform(0.05, 0.9) * done["seconds"]))
            killed += ended["status"] == -9
        if ended["status"] == -9 and not (folder / "m.run" / run_folder.FACTS).exists():
            ended = ask(folder, cell=cell)  # killed before the run had begun
        elif ended["status"] == -9:
            ended = ask(folder, resume=True)
        assert ended["status"] == 0
        same(whole, folder)
        shutil.rmtree(folder)
    assert killed >= count // 2


def test_killed_at_every_write(
    ask: Ask, lstm: tuple[Path, dict[str, Any]], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    whole, done = lstm
    writes = range(done["writes"]) if request.config.getoption("--soak") else range(4, done["writes"], 9)
    for at in writes:
        folder = tmp_path / str(at)
        assert ask(folder, cell="lstm", dies_at_write=at)["status"] == -9
        again = (folder / "m.run" / run_folder.FACTS).exists()
        if not again:
            shutil.rmtree(folder, ignore_errors=True)
        assert ask(folder, resume=again, cell="lstm")["status"] == 0, f"write {at} of {done['writes']}"
        same(whole, folder)
        shutil.rmtree(folder)


class Cuts(Observer):
    """Ctrl-C at a step, or at a look."""

    def __init__(self, at: int, *, looking: bool) -> None:
        self.at, self.looking = at, looking

    def step(self, step: Step) -> None:
        if step.step == self.at and not self.looking:
            os.kill(os.getpid(), 2)

    def evaluation(self, evaluation: Evaluation) -> None:
        if evaluation.step == self.at and self.looking:
            os.kill(os.getpid(), 2)


def in_process(folder: Path, **how: Any) -> Any:
    from anaphora.config import resolve
    from anaphora.tasks.language import data, training
    from anaphora.tasks.language.settings import PRESETS, LanguageConfig
    from anaphora.training import run

    config = resolve(LanguageConfig, PRESETS, options=[*kills.SETTINGS.split(), "rnn"])
    work = training.LanguageTraining(config, data.from_memory(config, how.pop("text", kills.TEXT)))
    if how.pop("resume", False):
        return run.resume(work, folder / "m.run", **how)
    return run.train(work, folder / "m.anaphora", run_dir=folder / "m.run", **how)


@pytest.mark.parametrize(("at", "looking"), [(1, False), (5, True), (10, False), (33, False), (45, True), (60, True)])
def test_a_run_that_was_asked_to_stop_goes_on_from_that_very_step(tmp_path: Path, at: int, looking: bool) -> None:
    in_process(tmp_path / "whole")
    with pytest.raises(Interrupted, match=rf"after step {at}\..* anaphora\.resume\('.*m\.run', data=…\)$"):
        in_process(tmp_path / "cut", observer=Cuts(at, looking=looking))
    assert checkpoint.read(tmp_path / "cut" / "m.run" / "checkpoints" / "last.safetensors")[1]["step"] == at
    report = in_process(tmp_path / "cut", resume=True)
    assert report.steps == 60
    same(tmp_path / "whole", tmp_path / "cut")


def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(tmp_path: Path) -> None:
    in_process(tmp_path / "whole")
    with pytest.raises(Interrupted):
        in_process(tmp_path / "cut", observer=Cuts(40, looking=False))
    folder = tmp_path / "cut" / "m.run" / run_folder.CHECKPOINTS
    raw = bytearray((folder / checkpoint.LAST).read_bytes())
    raw[-100] ^= 4
    (folder / checkpoint.LAST).write_bytes(raw)
    notes: list[str] = []
    watch = Observer()
    watch.note = notes.append  # type: ignore[method-assign]
    in_process(tmp_path / "cut", resume=True, observer=watch)
    assert "SHA-256" in notes[0]
    assert "the checkpoint before it was used" in notes[0].lower()
    same(tmp_path / "whole", tmp_path / "cut")

    for name in (checkpoint.LAST, checkpoint.PREVIOUS):
        (folder / name).write_bytes(b"cut short")
    with pytest.raises(CorruptBundle, match="is damaged"):
        in_process(tmp_path / "cut", resume=True)


def test_other_data_are_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        in_process(tmp_path, observer=Cuts(3, looking=False))
    with pytest.raises(DataError, match="have changed since the run began"):
        in_process(tmp_path, resume=True, text=kills.TEXT.replace("mat", "hat"))


def test_another_machine_may_go_on_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        in_process(tmp_path, observer=Cuts(3, looking=False))
    path = tmp_path / "m.run" / run_folder.FACTS
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["machine"]["instruction_set"] = "avx9"
    path.write_text(json.dumps(facts), encoding="utf-8")
    notes: list[str] = []
    watch = Observer()
    watch.note = notes.append  # type: ignore[method-assign]
    assert in_process(tmp_path, resume=True, observer=watch).steps == 60
    assert any("the instruction set was avx9" in note and "will not equal those" in note for note in notes)


def test_data_that_no_file_holds_are_asked_for_again(tmp_path: Path) -> None:
    notes: list[str] = []
    watch = Cuts(2, looking=False)
    watch.note = notes.append  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match=r"Continue the run in Python with the same data: anaphora\.resume\("):
        in_process(tmp_path / "piped", observer=watch, data=["-"])
    assert [note for note in notes if note.startswith("Standard input is read once: ")]
    with pytest.raises(Interrupted, match=r"Continue the run: anaphora resume .*m\.run$"):
        in_process(tmp_path / "named", observer=Cuts(2, looking=False), data=["a.txt"])
