"""The declaration of a task, which ends its `settings.py`, and the modules that are imported when first used.

TASK = Task("classify", "Labels for texts or series …", config=ClassifyConfig, presets=PRESETS, …)

settings     options and presets                          needs neither NumPy nor torch
data         files or values in memory  →  corpus
checks       findings on a corpus
suggest      a config from the data
predict      a model file  →  a trained model
training     a corpus  →  what a run trains               needs torch
demo         data that our own code makes
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from anaphora.config import Preset, Requirement
from anaphora.config.search_space import Space
from anaphora.tasks.base import python_words

if TYPE_CHECKING:
    from anaphora.checks.examine import Load
    from anaphora.checks.findings import Finding
    from anaphora.config.toml import Suggestion
    from anaphora.runtime import Model
    from anaphora.tasks.base.demo import Demo
    from anaphora.tasks.base.trained_model import TrainedModel
    from anaphora.training.task import TrainingTask


class Option(NamedTuple):
    """An option of `run` or `eval` that belongs to a task; a `default` of None has a meaning of its own."""

    name: str  # of the argument that the task's model takes
    type: type
    default: Any
    metavar: str
    help: str
    flag: str = ""  # where it is not the name
    least: float | None = None
    many: bool = False  # may be given more than once
    drawn: tuple[str, ...] = ()  # the value is a file that is written, a page or a picture, with one of these endings

    @property
    def flags(self) -> str:
        """The option on the command line."""
        return self.flag or f"--{self.name.replace('_', '-')}"


def _nothing(corpus: Any) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Task:
    """A task: its name, its options, and the places of its modules."""

    name: str
    summary: str
    config: type[Any]  # of its sections one is `training`
    presets: Mapping[str, Preset]
    search_space: Mapping[str, Space]
    help: str
    metavar: str
    data_help: str
    described: str  # a model of it, in the words of a refusal
    default_preset: str = "medium"
    run_options: tuple[Option, ...] = ()
    eval_options: tuple[Option, ...] = ()
    requirements: tuple[Requirement, ...] = ()  # between these options
    idle: Callable[[Any], Mapping[str, str]] = _nothing
    """Fields, by `section.key`, that have no effect on a corpus, with the data in words."""
    str_is_path: bool = False  # in a Python program, a str names a file; else it is a text
    takes_inputs: bool = True  # `run` reads files or lines
    answers_json: bool = True  # `run --json`

    def __post_init__(self) -> None:
        python_words.declare(self.config, (*self.run_options, *self.eval_options))

    def _part(self, name: str) -> ModuleType:
        return importlib.import_module(f"anaphora.tasks.{self.name}.{name}")

    def paths(self, data: Any) -> list[str] | None:
        """Return the files that a Python program named; None if the data are in memory."""
        from anaphora.data import in_memory

        return in_memory.paths(data, words=self.str_is_path)

    def read(self, config: Any, paths: Sequence[str | Path]) -> Any:
        """Return the corpus in files.

        Raises DataError for data that cannot be read, UsageError for an invalid share, and for a test part that names
        a file of another part.
        """
        from anaphora.checks.part_files import refuse_shared
        from anaphora.data.parts import held_out_files, test_files
        from anaphora.tasks.base.idle import of_files, refuse_idle

        refuse_shared(paths, held_out_files(config), test_files(config))

        corpus = self._part("data").read(config, paths)
        refuse_idle(config, (*of_files(corpus.taken), *self.idle(corpus).items()))
        return corpus

    def from_memory(self, config: Any, data: Any) -> Any:
        """Return the corpus of values in memory; raises as `read` does, and UsageError for other kinds of values."""
        from anaphora.tasks.base.idle import of_memory, refuse_idle

        corpus = self._part("data").from_memory(config, data)
        refuse_idle(config, (*of_memory(data), *self.idle(corpus).items()))
        return corpus

    def check_files(self, config: Any, paths: Sequence[str | Path]) -> list[Finding]:
        """Return findings on files before anything is read from them."""
        found: list[Finding] = self._part("checks").check_files(config, paths)
        return found

    def check(self, config: Any, corpus: Any) -> list[Finding]:
        """Return findings on a corpus."""
        found: list[Finding] = self._part("checks").check(config, corpus)
        return found

    def describe(self, config: Any, corpus: Any) -> tuple[list[Finding], Load | None]:
        """Return findings on the training data, and the estimated work; raises DataError as training does."""
        found: tuple[list[Finding], Load | None] = self._part("checks").describe(config, corpus)
        return found

    def suggest(self, paths: Sequence[str | Path], given: Mapping[str, Any] = MappingProxyType({})) -> Suggestion:
        """Suggest a config for these files, which are read as the `given` fields of the section `data` say; the given
        fields are part of the suggestion.

        Raises DataError for data that cannot be read, or whose form is not clear, and UsageError for standard input,
        which training could not read again.
        """
        found: Suggestion = self._part("suggest").suggest(paths, given)
        return found.with_given("data", given)

    def open(self, model: Model) -> TrainedModel:
        """Return a model of this task; raises IncompatibleBundle or CorruptBundle if a needed part is missing."""
        found: TrainedModel = self._part("predict").MODEL(model)
        return found

    def training(self, config: Any, corpus: Any) -> TrainingTask[Any]:
        """Return the training of a run; raises DataError if nothing can be learned from the corpus. Needs torch."""
        found: TrainingTask[Any] = self._part("training").TRAINING(config, corpus)
        return found

    @property
    def demo(self) -> Demo:
        """The demo: generated data, and the output after training on them."""
        found: Demo = self._part("demo").DEMO
        return found
