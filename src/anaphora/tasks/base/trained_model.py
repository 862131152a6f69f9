"""A trained model, opened from its file: the methods of every task's model.

    model.save(path)      the same model in a file        model.runtime      its blocks, for steps and sessions
    model.config          the options of its training     model.card         the model card in its file

A model that was trained in this program also has `model.report`, the report of its training, and `model.run_dir`, the
folder of its records. The module does not need torch.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from anaphora import bundle
from anaphora.arguments.accept import PATH, TRUTH, check
from anaphora.bundle import spec
from anaphora.config import Config, from_values
from anaphora.config.old_names import card_by_current_names
from anaphora.data.files.reading import AS_DEFAULT, Reading
from anaphora.data.taken import Taken
from anaphora.errors import CorruptBundle, IncompatibleBundle
from anaphora.formatting import counted
from anaphora.runs.report import Score
from anaphora.runs.stored_baseline import StoredBaseline
from anaphora.runtime import Model, load
from anaphora.tasks.base.never_pickled import NeverPickled
from anaphora.tasks.base.python_words import public

if TYPE_CHECKING:
    from anaphora.tasks.base.line_answers import AnswerOutput


class TrainedModel(NeverPickled, ABC):
    """A trained model."""

    kept_by = "Write it with model.save(path), and read it with anaphora.load(path)."

    task: ClassVar[str]
    makes: ClassVar[str]
    """The output of a model of this task, for the error about a model of another task: `that gives labels`."""
    config_class: ClassVar[type[Config]]

    def __init__(self, model: Model) -> None:
        """Raises IncompatibleBundle if the model is of another task, CorruptBundle if it lacks what its task needs."""
        task = model.config.get("task")
        if task != self.task:
            raise IncompatibleBundle(
                f"Expected a model {self.makes}, made by `anaphora train {self.task}`; this model is of the"
                f" task {task!r}."
            )
        self.runtime = model
        self.report: Any = None
        self.notes: list[str] = []
        """How `score_files` read data, if not as the training data were read."""
        self.run_dir: Path | None = None

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """The model in a file; raises as `runtime.load` does, too."""
        check("path", path, PATH)
        return cls(load(path))

    @property
    def card(self) -> Mapping[str, Any]:
        """The model card in its file: date, data, scores, steps, versions; empty without a card."""
        return card_by_current_names(self.runtime.config.get("card", {}))

    @property
    def config(self) -> Any:
        """The options of its training, as a config of its task.

        Raises IncompatibleBundle if the file has no such record.
        """
        values = self.runtime.config.get("training")
        if values is None:
            raise IncompatibleBundle("The model file does not record its training settings.")
        return from_values(self.config_class, values)

    @cached_property
    def reading(self) -> Reading:
        """How input files are read: as in training, unless another reading is assigned."""
        if "training" not in self.runtime.config:
            return AS_DEFAULT
        trained = Taken.of_card(self.card)
        return Reading.of(self.config.data)._replace(layout="" if trained is None else trained.layout)

    def other_reading(self, taken: Taken) -> list[str]:
        """Return a note on how data were read, if the training data were read in another way."""
        trained = Taken.of_card(self.card)
        return [] if trained is None or taken.is_like(trained) else [f"read {taken.where}: {taken.message()}"]

    @property
    def parameters(self) -> int:
        """The number of trained parameters."""
        return spec.parameters(self.runtime.spec)

    @property
    def stored_baseline(self) -> StoredBaseline | None:
        """The figures of the baseline on the held-out part of the training; None if the file does not have them."""
        return None

    @abstractmethod
    def score_files(self, paths: Sequence[str], encoding: str, *_: Any, **options: Any) -> Score:
        """Score the model on files; `options` are the task's options of `eval`.

        Raises DataError for data that cannot be read.
        """

    @abstractmethod
    def run(self, inputs: Sequence[str], output: AnswerOutput, as_json: bool, *_: Any, **options: Any) -> None:
        """Answer inputs as `anaphora run` does; `options` are the task's options of `run`.

        Raises DataError at the end if some inputs could not be read.
        """

    @public(path=PATH, force=TRUTH)
    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the model's file; the same model gives the same bytes.

        Raises UsageError if the file cannot be written, or if another file than a model is there and `force` is not
        set.
        """
        bundle.write(path, self.runtime.tensors, self.runtime.config, force=force)

    def to_bytes(self) -> bytes:
        """The bytes that `save` writes."""
        return bundle.to_bytes(self.runtime.tensors, self.runtime.config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.parameters:,} parameters>"


def needed(units: Mapping[str, Any], use: str, *names: str) -> list[Any]:
    """Return values of a bundle; raises CorruptBundle, with the use of the values, if one is missing."""
    missing = next((name for name in names if name not in units), None)
    if missing is not None:
        raise CorruptBundle(f"The model file lacks '{missing}', which {use}.")
    return [units[name] for name in names]


def check_outputs(found: str, count: int, width: int) -> None:
    """Raise IncompatibleBundle unless a network has `count` outputs; `found` is this number in words."""
    if count != width:
        raise IncompatibleBundle(f"{found}, but its network has {counted(width, 'output')}.")
