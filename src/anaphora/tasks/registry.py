"""The tasks by name, each found when it is asked for: `settings` costs no NumPy, `task` no torch, `model` everything.

A task's `settings.py` has CONFIG (its config), PRESETS, USUAL (the preset that is meant when none is named), LINE and
HELP (what `train` says of it), METAVAR and DATA (what its data are called) and SEARCH (what `tune` tries); its
`task.py` has `read`, `encode`, `floor` and `guess`, and `check_files`, `check` and `describe` (see
`anaphora.checks.examine`); its `training.py` has `work`, what a run needs of it; its `python.py` has `paths` and
`read`, for data that a Python program holds, and `open_model`, the class that a trained model is there.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from anaphora.errors import UsageError, closest

TASKS = {
    "language": "A language model: text in, the next character or word out.",
    "classify": "Labels for texts or series: a sequence in, one label or several out.",
    "tag": "A tag for every word of a sentence, or spans of words: names, parts of speech.",
    "fill": "The word that is missing in a text, judged from both sides.",
    "translate": "A text in, another text out: an encoder, attention and a decoder.",
}


def settings(name: str) -> ModuleType:
    """What one may set.

    Raises UsageError, naming the nearest, if there is no such task.
    """
    return _part(name, "settings")


def task(name: str) -> ModuleType:
    """How its data are read, judged and used; raises as `settings` does."""
    return _part(name, "task")


def model(name: str) -> ModuleType:
    """How it is trained, which needs torch; raises as `settings` does."""
    return _part(name, "training")


def python(name: str) -> ModuleType:
    """What it is in a Python program, without torch; raises as `settings` does."""
    return _part(name, "python")


def _part(name: str, part: str) -> ModuleType:
    if name not in TASKS:
        near = closest(name, TASKS)
        raise UsageError(
            f"There is no task {name!r}. There are: {', '.join(TASKS)}.{f' Did you mean {near!r}?' if near else ''}"
        )
    return importlib.import_module(f"anaphora.tasks.{name}.{part}")
