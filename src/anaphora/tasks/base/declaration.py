"""What a task is: one declaration that ends its `settings.py`, and the modules that are imported when first used.

TASK = Task("classify", "Labels for texts or series …", config=ClassifyConfig, presets=PRESETS, …)

settings     options and presets                          needs neither NumPy nor torch
data         files or values in memory  →  corpus
checks       what is wrong with a corpus
suggest      a config for data that nobody has described
predict      a model file  →  a trained model
training     a corpus  →  what a run trains               needs torch
demo         data that our own code makes
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from anaphora.config import Preset
from anaphora.config.search_space import Space

if TYPE_CHECKING:
    from anaphora.checks.examine import Load
    from anaphora.checks.findings import Finding
    from anaphora.config.toml import Guess
    from anaphora.runtime import Model
    from anaphora.tasks.base.demo import Demo
    from anaphora.tasks.base.trained_model import TrainedModel
    from anaphora.training.task import TrainingTask


class Option(NamedTuple):
    """An option of `run` or `eval` that belongs to a task; None in `default` where leaving it out has a meaning."""

    name: str  # of the argument that the task's model takes
    type: type
    default: Any
    metavar: str
    help: str
    flag: str = ""  # where it is not the name
    least: float | None = None
    many: bool = False  # may be given more than once

    @property
    def flags(self) -> str:
        """As it is typed."""
        return self.flag or f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True)
class Task:
    """A task: its name, its options, and where the rest of it is."""

    name: str
    summary: str
    config: type[Any]  # of its sections one is `training`
    presets: Mapping[str, Preset]
    default_preset: str
    search_space: Mapping[str, Space]
    help: str
    metavar: str
    data_help: str
    described: str  # a model of it, in the words of a refusal
    run_options: tuple[Option, ...] = ()
    eval_options: tuple[Option, ...] = ()
    takes_inputs: bool = True  # `run` reads files or lines
    answers_json: bool = True  # `run --json`

    def _part(self, name: str) -> ModuleType:
        return importlib.import_module(f"anaphora.tasks.{self.name}.{name}")

    def paths(self, data: Any) -> list[str] | None:
        """The files that a Python program named; None if the data are in memory."""
        found: list[str] | None = self._part("data").paths(data)
        return found

    def read(self, config: Any, paths: Sequence[str | Path]) -> Any:
        """The corpus in files.

        Raises DataError for what cannot be read, UsageError for a held-out share that is none.
        """
        return self._part("data").read(config, paths)

    def from_memory(self, config: Any, data: Any) -> Any:
        """The corpus of values in memory; raises as `read` does, and UsageError for what are no data of this task."""
        return self._part("data").from_memory(config, data)

    def check_files(self, config: Any, paths: Sequence[str | Path]) -> list[Finding]:
        """What is wrong with files before anything is read from them."""
        found: list[Finding] = self._part("checks").check_files(config, paths)
        return found

    def check(self, config: Any, corpus: Any) -> list[Finding]:
        """What is wrong with a corpus."""
        found: list[Finding] = self._part("checks").check(config, corpus)
        return found

    def describe(self, config: Any, corpus: Any) -> tuple[list[Finding], Load | None]:
        """What would be trained on, and how much work that is; raises DataError for what cannot be."""
        found: tuple[list[Finding], Load | None] = self._part("checks").describe(config, corpus)
        return found

    def suggest(self, paths: Sequence[str | Path]) -> Guess:
        """A config for these files; raises DataError for what cannot be read or told."""
        found: Guess = self._part("suggest").suggest(paths)
        return found

    def open(self, model: Model) -> TrainedModel:
        """A model of this task; raises IncompatibleBundle or CorruptBundle if it lacks what its task needs."""
        found: TrainedModel = self._part("predict").open_model(model)
        return found

    def training(self, config: Any, corpus: Any) -> TrainingTask[Any]:
        """What a run trains; raises DataError for a corpus that nothing can be learned from. Needs torch."""
        return self.trainer()(config, corpus)

    def trainer(self) -> Callable[[Any, Any], TrainingTask[Any]]:
        """What makes `training` of a config and a corpus. Needs torch."""
        found: Callable[[Any, Any], TrainingTask[Any]] = self._part("training").TRAINING
        return found

    @property
    def demo(self) -> Demo:
        """Data that our own code makes, and what to show of a model trained on them."""
        found: Demo = self._part("demo").DEMO
        return found
