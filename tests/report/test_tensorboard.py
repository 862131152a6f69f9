"""What TensorBoard reads back is what the loop told, once per step, also after a resume."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from anaphora.errors import MissingExtra
from anaphora.report.tensorboard import TensorBoard
from anaphora.training.observer import Evaluation, Step


def step(number: int, loss: float, marked: bool = True) -> Step:
    return Step(
        step=number, total_steps=100, loss=loss, learning_rate=0.01 / number, gradient_norm=2.0 * number,
        clip_rate=0.25, update_ratio=0.001, marked=marked, units=64, seconds=0.1 * number,
        units_per_second=math.nan if number == 1 else 640.0, seconds_left=1.0,
    )  # fmt: skip


def look(number: int, loss: float) -> Evaluation:
    probes = {"gates": {"open": 0.5, "lost": math.nan}}
    return Evaluation(number, 100, loss, "raw", True, loss, loss, 0.1 * number, probes)


def read(run: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}


def test_scalars_of_steps_and_looks(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, pytest.fail)
    for number in range(1, 7):
        board.step(step(number, 3.0 / number, marked=number % 2 == 1))
    board.evaluation(look(6, 0.75))
    board.finish(None)
    found = read(tmp_path)
    assert set(found) == {
        "loss/train", "loss/validation", "learning_rate", "gradient/norm", "gradient/clipped", "update/ratio",
        "units_per_second", "probe/gates/open",
    }  # fmt: skip
    assert found["loss/train"] == [(1, 3.0), (3, 1.0), (5, float(np.float32(0.6)))]
    assert found["learning_rate"] == [(number, float(np.float32(0.01 / number))) for number in (1, 3, 5)]
    assert found["gradient/norm"] == [(1, 2.0), (3, 6.0), (5, 10.0)]
    assert found["units_per_second"] == [(3, 640.0), (5, 640.0)]  # what is no number is left out
    assert found["loss/validation"] == [(6, 0.75)]
    assert found["probe/gates/open"] == [(6, 0.5)]


def test_a_run_that_goes_on_replaces_what_it_makes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for begin, loss in ((1, 4.0), (3, 2.0)):  # cut off after step 5, gone on with from step 3
        monkeypatch.setattr(
            "time.time", lambda begin=begin: 1e9 + begin
        )  # the files are read in the order of their names
        board = TensorBoard(tmp_path, pytest.fail)
        for number in range(begin, 6):
            board.step(step(number, loss))
        board.finish(None)
    assert read(tmp_path)["loss/train"] == [(1, 4.0), (2, 4.0), (3, 2.0), (4, 2.0), (5, 2.0)]


def test_a_disk_that_fails_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file where a folder should be", encoding="utf-8")
    heard: list[str] = []
    board = TensorBoard(tmp_path, heard.append)
    for number in range(1, 4):
        board.step(step(number, 1.0))
    board.evaluation(look(3, 1.0))
    board.finish(None)
    assert len(heard) == 1
    assert "cannot be written any more; the run continues. " in heard[0]


def test_without_tensorboard_the_line_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtra, match=r"anaphora\[train\]"):
        TensorBoard(tmp_path, pytest.fail)
