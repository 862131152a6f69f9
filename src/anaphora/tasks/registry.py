"""The tasks: a row for each, whose declaration is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from anaphora.arguments.synonyms import name_meant
from anaphora.errors import IncompatibleBundle, UsageError, closest

if TYPE_CHECKING:
    from anaphora.runtime import Model
    from anaphora.tasks.base.declaration import Task
    from anaphora.tasks.base.trained_model import TrainedModel

TASKS = ("language", "classify", "tag", "fill", "translate")


def task(name: str) -> Task:
    """The declaration of a task.

    Raises UsageError, naming the nearest, if there is no such task.
    """
    if name not in TASKS:
        near = name_meant(name, TASKS) or closest(name, TASKS)
        raise UsageError(
            f"There is no task {name!r}. There are: {', '.join(TASKS)}.{f' Did you mean {near!r}?' if near else ''}"
        )
    found: Task = importlib.import_module(f"anaphora.tasks.{name}.settings").TASK
    return found


def tasks() -> Iterator[Task]:
    """Every task."""
    return map(task, TASKS)


def open_model(model: Model) -> TrainedModel:
    """Open a runtime model as the model of its task.

    Raises IncompatibleBundle for a task that this version does not know, or a model that lacks what its task needs.
    """
    name = str(model.config["task"])
    if name not in TASKS:
        raise IncompatibleBundle(f"The model is of the task {name!r}; this version knows: {', '.join(TASKS)}.")
    return task(name).open(model)
