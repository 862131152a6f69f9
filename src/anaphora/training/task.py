"""The training of a task, as a run needs it: encoded data, a loss, a score, and a model file.

    batches → loss → validations → final score → save

The rest of a run is the same for all tasks.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.config import Config, Training
from anaphora.data.taken import Taken
from anaphora.errors import UsageError
from anaphora.runs.content import Result
from anaphora.runs.cross_validation import CrossValidation
from anaphora.runs.report import TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.training.observer import Observer
from anaphora.training.update import Batches

Batch = TypeVar("Batch")
ObserverFactory = Callable[[Path, Callable[[str], None]], Iterable[Observer]]
"""Returns the observers that write into a run's folder; the second argument receives a note if a file cannot be
written.
"""


class TrainingTask(Protocol[Batch]):
    """The training of a task."""

    task: str
    unit: str  # the plural of what a loss is summed over
    config: Config
    training: Training  # the options of the loop
    tree: spec.Block
    batches: Batches[Batch]  # of the training part
    per_epoch: int  # batches of one pass over the data
    trainings: int  # that share the time of --minutes: the folds and the final one, or this one alone
    sha256: str  # of the data
    taken: Taken | None  # how the data were read

    @property
    @abstractmethod
    def validations_per_score(self) -> float:
        """The time of the final score, in validations."""

    @abstractmethod
    def initialise(self, model: Any) -> None:
        """Set the first weights that follow from the data."""

    @abstractmethod
    def batch_loss(self, model: nn.Module, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
        """Return the sum () of a batch's losses, and the state with which the next batch begins."""

    @abstractmethod
    def validation_loss(self, model: nn.Module) -> float:
        """Return the mean loss on the held-out part or on a sample of it, in nats per unit."""

    @abstractmethod
    def describe(self, batch: Batch, row: int, part: str = "") -> str:
        """Describe the origin of a row of a batch, in the row numbers of a part of the model."""

    @abstractmethod
    def fit_baseline(self, observer: Observer) -> None:
        """Fit the simple methods of the baseline to the training part."""

    @abstractmethod
    def results(self) -> Sequence[Result]:
        """The figures of the simple methods, as results without a value."""

    @abstractmethod
    def score(self, trained: TrainedWeights) -> Any:
        """Return the score of the trained weights on the held-out part, or on a share of it if time is short; the
        runtime computes it.
        """

    @abstractmethod
    def fold(self, number: int, minutes: float | None) -> TrainingTask[Batch]:
        """Return the training whose test part is fold `number`, from 0, with its own time limit."""

    @property
    @abstractmethod
    def has_test_part(self) -> bool:
        """Whether a part of the data is kept for the last score."""

    @abstractmethod
    def test(self, trained: TrainedWeights, score: Any) -> Tested:
        """Return the figures of the test part, with what was fitted to the held-out part for its score."""

    @abstractmethod
    def save(
        self,
        trained: TrainedWeights,
        folder: Path,
        output: Path,
        score: Any,
        test: Tested | None = None,
        folds: CrossValidation | None = None,
    ) -> tuple[Any, dict[Path, UsageError]]:
        """Write the model to `output` and into the run's folder, with its score and the figures of the test part and of
        the folds, or None before there are any.

        Returns the report, and the error of each place that could not be written.
        """


@runtime_checkable
class Subsampled(Protocol):
    """A task that can also validate and score on a share of the held-out part when time is short."""

    @property
    @abstractmethod
    def validation_units(self) -> int:
        """The units of one validation, as batches count them."""

    @abstractmethod
    def limit(self, validation_share: float, score_share: float) -> None:
        """Limit later validations and the score to these shares of their examples, evenly spaced."""
