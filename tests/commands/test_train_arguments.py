"""A printed command line means what was given: parsed again, it gives the same arguments, whatever they are."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from anaphora.commands import check, lr_find, train
from anaphora.commands.train_arguments import TrainArguments
from anaphora.config import config_fields
from anaphora.errors import UsageError
from anaphora.tasks import registry
from anaphora.tasks.base.declaration import Task

TASKS = list(registry.tasks())
ODD = "it's a name"


def parsed(task: Task, words: list[str]) -> TrainArguments:
    """The arguments of a command line, read by the real parser."""
    command = train.make().get_command(None, task.name)
    return TrainArguments.of(task.name, command.make_context(task.name, words).params)


def given(task: Task) -> list[str]:
    """Every option of `train`, each with a value that must be quoted, or that is the negative form."""
    words = ["--preset", ODD, "--config", ODD, "-o", ODD, "--run-dir", ODD, "--tensorboard"]
    for field in config_fields(task.config):
        words += [f"--no-{(field.short or field.flag)[2:]}"] if field.is_truth else [field.short or field.flag, "-7"]
    return words


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize("data", [["a.txt"], ["my a.txt", "-"], ["-b.txt", "--force"]])
def test_the_line_is_parsed_to_the_same_arguments(task: Task, data: list[str]) -> None:
    for words in (given(task), []):
        asked = parsed(task, [*words, "--", *data])
        assert asked.data == data
        assert len(asked.fields) == (len(config_fields(task.config)) if words else 0)
        program, command, name, *again = shlex.split(asked.line())
        assert (program, command, name) == ("anaphora", "train", task.name)
        assert parsed(task, again) == asked


@pytest.mark.parametrize("module", [check, lr_find])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_check_and_lr_find_take_every_option_of_train(task: Task, module: Any) -> None:
    theirs, own = (
        {
            name
            for each in made.make().get_command(None, task.name).params
            for name in (*each.opts, *each.secondary_opts)
        }
        for made in (module, train)
    )
    assert own <= theirs


@pytest.mark.parametrize("task", [task for task in TASKS if task.takes_inputs], ids=lambda task: task.name)
def test_a_pipe_that_is_held_out_is_refused(task: Task, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(UsageError, match=r"p' \(--valid\) is a pipe, which can be read once: save its content"):
        parsed(task, ["a.csv", "--valid", str(tmp_path / "p")])
