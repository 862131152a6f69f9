"""A search: what it tries, what it gives up, what it keeps, and how it goes on."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.config import Config, Training, resolve
from anaphora.config.search_space import SearchChoice, SearchRange, chosen
from anaphora.errors import DataError, Interrupted, UsageError
from anaphora.runs import folder as run_folder
from anaphora.runs import record
from anaphora.runs.search import BEST, STUDY
from anaphora.training.tuning import Search, best_of, tried


class TinyTraining(Training):
    batch: int = Field(default=4, ge=1, description="rows")


class TinyConfig(Config):
    training: TinyTraining = Field(default_factory=TinyTraining)


class Work:
    """A linear problem; how good a rate is, is known beforehand: |log10 rate + 2|, falling a little with every look."""

    task, unit, per_epoch, sha256 = "tiny", "rows", 10, "00"

    def __init__(self, config: TinyConfig) -> None:
        self.config, self.training, self.validations_per_score, self.looks = config, config.training, 5.0, 0
        block = {"kind": "linear", "name": "output", "input_size": 3, "output_size": 1}
        self.tree = spec.check({"kind": "stack", "name": "model", "input_size": 3, "blocks": [block]})
        self.batches = self

    def at(self, position: int) -> Tensor:
        return torch.full((1, 2, 3), float(position % 3))

    def units(self, batch: Tensor) -> int:
        return batch.shape[1]

    def part(self, batch: Tensor, rank: int, ranks: int) -> Tensor:
        return batch

    def initialise(self, model: Any) -> None:
        if self.training.batch == 13:
            raise DataError("13 rows are too many.")

    def batch_loss(self, model: nn.Module, batch: Tensor, carry: Any) -> tuple[Tensor, None]:
        loss = model(batch)[0].square().sum()
        return (loss * math.nan if self.training.batch == 7 else loss), None

    def validation_loss(self, model: nn.Module) -> float:
        self.looks += 1
        if self.training.batch == 99:
            raise KeyboardInterrupt
        return quality(self.training.learning_rate) + 0.1 / self.looks


def quality(rate: float) -> float:
    return abs(math.log10(rate) + 2)


RATE = {"training.learning_rate": SearchRange(1e-4, 1.0, log=True)}


def search(folder: Path, trials: int = 3, options: tuple[str, ...] = (), **given: Any) -> Search:
    base = ["--max-steps", "20", "--evaluations", "10", "--minutes", "5", *options]
    arguments: dict[str, Any] = {
        "config": lambda more: resolve(TinyConfig, options=[*base, *more]),
        "work": Work,
        "spaces": RATE,
        "folder": folder,
        "minutes": 5.0,
        "trials": trials,
        "facts": {"task": "tiny", "seed": 3},
        "note": lambda text: None,
    }
    return Search(**{**arguments, **given})


def test_the_first_trial_is_as_set_and_the_best_is_kept(tmp_path: Path) -> None:
    heard: list[str] = []
    here = search(tmp_path, 8, note=heard.append)
    here.run()
    found = tried(here.open())
    assert [each.number for each in found] == list(range(8))
    assert found[0].values == {"training.learning_rate": 3e-3}
    for each in found:
        if each.state == "finished":  # the least of ten looks is the last one
            assert each.loss == pytest.approx(quality(float(each.values["training.learning_rate"])) + 0.01)
    best = best_of(here.open())
    assert best == min((each for each in found if each.state == "finished"), key=lambda each: each.loss or 9)
    settings = resolve(TinyConfig, file=tmp_path / BEST)
    assert settings.training.learning_rate == best.values["training.learning_rate"]
    assert (settings.training.minutes, settings.training.max_steps) == (5.0, 20)  # the person's own, not a trial's
    assert len(heard) == 8
    assert heard[0].startswith(f"trial 0: {found[0].loss:.4f}, finished; best so far (learning_rate 0.003).")


def test_trials_are_runs(tmp_path: Path) -> None:
    here = search(tmp_path)
    here.run()
    found, damaged = record.find([tmp_path])
    assert damaged == []
    for run, each in zip(found, tried(here.open()), strict=True):
        assert run.finish["trial"] == each.number
        assert run.status(0.0) == each.state
        assert run.config["training"]["learning_rate"] == each.values["training.learning_rate"]
        assert run.best is not None
        assert run.best["loss"] == pytest.approx(each.loss)
        assert not (run.folder / run_folder.CHECKPOINTS).exists()  # no disk is filled with weights nobody wants


def test_what_looks_worse_than_most_is_given_up(tmp_path: Path) -> None:
    rates = iter([0.01, 0.012, 0.008, 0.011, 1.0])

    def config(more: Any) -> TinyConfig:
        return resolve(TinyConfig, options=["--max-steps", "20", "--evaluations", "10", *more])

    def work(config: TinyConfig) -> Work:
        made = Work(config)
        made.training = config.training.model_copy(update={"learning_rate": next(rates)})
        return made

    here = search(tmp_path, 5, config=config, work=work)
    here.run()
    found = tried(here.open())
    assert [each.state for each in found] == ["finished"] * 4 + ["pruned"]
    last = record.read(tmp_path / "trials" / "0004")
    assert (last.status(0.0), last.steps) == ("pruned", 6)  # at 3 tenths of its 20 steps


def test_settings_that_somebody_changed_are_not_replaced(tmp_path: Path) -> None:
    search(tmp_path, 2).run()
    path = tmp_path / BEST
    edited = path.read_text(encoding="utf-8").replace("learning_rate = ", "learning_rate = 1")
    path.write_text(edited, encoding="utf-8")
    with pytest.raises(UsageError, match=r"best.toml' was changed after the search wrote it.*Move it elsewhere"):
        search(tmp_path, 4).run()
    assert path.read_text(encoding="utf-8") == edited
    path.rename(tmp_path / "mine.toml")
    search(tmp_path, 4).run()
    assert path.exists()


def test_a_search_goes_on_where_it_was_and_draws_other_fields(tmp_path: Path) -> None:
    search(tmp_path, 3).run()
    with (tmp_path / STUDY).open("a", encoding="utf-8") as file:
        file.write('{"op_code": 4, "wor')  # killed in the middle of a line
    here = search(tmp_path, 6)
    here.run()
    found = tried(here.open())
    assert [each.number for each in found] == list(range(6))
    assert len({each.values["training.learning_rate"] for each in found}) == 6
    for line in (tmp_path / STUDY).read_text(encoding="utf-8").splitlines():
        json.loads(line)  # plain text: nothing of it executes
    search(tmp_path, 6).run()
    assert len(tried(here.open())) == 6


def test_the_same_seed_tries_the_same(tmp_path: Path) -> None:
    drawn = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        here = search(tmp_path / name, 4, facts={"task": "tiny", "seed": seed})
        here.run()
        drawn.append([each.values for each in tried(here.open())])
    assert drawn[0] == drawn[1] != drawn[2]


def test_another_search_is_not_mixed_in(tmp_path: Path) -> None:
    search(tmp_path).run()
    other = {"training.learning_rate": SearchRange(1e-4, 0.5, log=True)}
    for given, what in (({"spaces": other}, "fields"), ({"facts": {"task": "x", "seed": 3}}, "task")):
        with pytest.raises(UsageError, match=rf"holds another search: its {what} differ"):
            search(tmp_path, **given).run()


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    batches = {"training.batch": SearchChoice((4, 99))}
    here = search(tmp_path, 40, spaces=batches)
    with pytest.raises(Interrupted, match=r"Ctrl-C; [1-9]\d* finished trials? kept in .*continues the search"):
        here.run()
    *before, last = tried(here.open())
    assert all(each.state in ("finished", "pruned") for each in before)
    assert (last.values, last.state) == ({"training.batch": 99}, "cut off")


def test_what_diverges_or_cannot_be_read_is_a_bad_trial_not_an_end(tmp_path: Path) -> None:
    batches = {"training.batch": SearchChoice((4, 7, 13))}
    here = search(tmp_path, 9, spaces=batches)
    here.run()
    assert len(tried(here.open())) == 9
    by_batch = {each.values["training.batch"]: each for each in tried(here.open())}
    assert by_batch[4].state in ("finished", "pruned")
    assert (by_batch[7].state, "loss was nan at step 1" in by_batch[7].why) == ("diverged", True)
    assert (by_batch[13].state, by_batch[13].why) == ("refused", "13 rows are too many.")
    with pytest.raises(DataError, match="13 rows"):  # but where the settings as given are refused, nothing will work
        search(tmp_path / "b", options=("--batch", "13")).run()


def test_the_time_is_divided_and_then_up(tmp_path: Path) -> None:
    given: list[float] = []

    def work(config: TinyConfig) -> Work:
        assert config.training.minutes is not None
        given.append(config.training.minutes)
        return Work(config)

    here = search(tmp_path, trials=3, minutes=0.01, work=work, options=("--max-steps", "1000000"))
    here.run()
    assert given[0] == pytest.approx(0.01 / 3)
    assert all(minutes <= given[0] for minutes in given)
    assert 1 <= len(tried(here.open())) == len(given) <= 3


def test_a_trial_whose_process_is_gone_is_buried(tmp_path: Path) -> None:
    study = search(tmp_path).open()
    for process in (2**22 + 1, os.getpid()):  # the first is above what Linux gives out
        study.ask().set_user_attr("process", process)
    states = [each.state for each in tried(search(tmp_path).open())]
    assert states[:2] == ["cut off", "running"]


def test_a_search_that_can_train_nothing_ends(tmp_path: Path) -> None:
    made: list[Work] = []

    def once(config: TinyConfig) -> Work:
        if made:
            raise DataError("No more.")
        made.append(Work(config))
        return made[0]

    here = search(tmp_path, 50, work=once)
    with pytest.raises(DataError, match="No more"):
        here.run()
    assert [each.state for each in tried(here.open())] == ["finished"] + ["refused"] * 10


@pytest.mark.parametrize(
    ("words", "spaces"),
    [
        ([], {"a.rate": SearchRange(0.1, 0.2), "a.cell": SearchChoice(("x", "y"))}),
        (["a.rate"], {"a.rate": SearchRange(0.1, 0.2)}),
        (["a.rate=1e-4..1e-2"], {"a.rate": SearchRange(1e-4, 1e-2, log=True)}),
        (["a.other=1..3", "a.cell"], {"a.other": SearchRange(1, 3), "a.cell": SearchChoice(("x", "y"))}),
        (["a.other=true,false"], {"a.other": SearchChoice((True, False))}),
        (["a.other=0..0.5"], {"a.other": SearchRange(0, 0.5)}),
        (["a.other=1,2.5,z"], {"a.other": SearchChoice((1, 2.5, "z"))}),
    ],
)
def test_fields_as_they_are_named(words: list[str], spaces: dict[str, Any]) -> None:
    declared = {"a.rate": SearchRange(0.1, 0.2), "a.cell": SearchChoice(("x", "y"))}
    assert chosen(words, declared, ["a.rate", "a.cell", "a.other"]) == spaces
    assert SearchRange(1, 3).whole
    assert not SearchRange(0, 0.5).whole


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("a.rat", "there is no field 'a.rat'. Did you mean a.rate?"),
        ("a.other", "say what to try, as a.other=LOW..HIGH or a.other=A,B,C"),
        ("a.rate=3..1", "two numbers, the lower one first, got '3..1'"),
        ("a.rate=x..y", "two numbers"),
        ("a.rate=5", "at least two values"),
    ],
)
def test_fields_that_cannot_be_searched(word: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen([word], {"a.rate": SearchRange(0.1, 0.2)}, ["a.rate", "a.other"])
    assert said in str(caught.value)
