"""A task's part in a run: its encoded data, its loss, its score, and its model file.

    batches → loss → validations → final score → save

The rest of a run is the same for all tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.config import Config, Training
from anaphora.errors import UsageError
from anaphora.runs.content import Result
from anaphora.runs.report import TrainedWeights
from anaphora.training.observer import Observer
from anaphora.training.update import Batches

Batch = TypeVar("Batch")
ObserverFactory = Callable[[Path, Callable[[str], None]], Iterable[Observer]]
"""Returns the observers that write into a run's folder; the second argument receives a note if a file cannot be
written.
"""


class TrainingTask(Protocol[Batch]):
    """A task's part in a run."""

    task: str
    unit: str  # the plural of what a loss is summed over
    tree: spec.Block
    per_epoch: int  # batches of one epoch
    sha256: str  # of the data

    @property
    def validations_per_score(self) -> float:
        """The time of the final score, in validations."""

    @property
    def config(self) -> Config:
        """The whole config."""

    @property
    def batches(self) -> Batches[Batch]:
        """The training part in batches."""

    @property
    def training(self) -> Training:
        """The options of the loop."""

    def initialise(self, model: Any) -> None:
        """Set the first weights that follow from the data."""

    def batch_loss(self, model: nn.Module, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
        """Return the sum () of a batch's losses, and the state with which the next batch begins."""

    def validation_loss(self, model: nn.Module) -> float:
        """Return the mean loss on the held-out part or on a sample of it."""

    def describe(self, batch: Batch, row: int, part: str = "") -> str:
        """Describe the origin of a row of a batch, in the row numbers of a part of the model."""

    def fit_baseline(self, observer: Observer) -> None:
        """Fit the simple methods of the baseline."""

    def results(self) -> Sequence[Result]:
        """The figures of the simple methods, as results without a value."""

    def score(self, trained: TrainedWeights) -> Any:
        """Return the score of the trained weights on the held-out part, or on a share of it if time is short."""

    def save(
        self, trained: TrainedWeights, folder: Path, output: Path, score: Any
    ) -> tuple[Any, dict[Path, UsageError]]:
        """Write the model to both its places, with its score if there is one; return the report, and the errors of
        writing.
        """


@runtime_checkable
class Subsampled(Protocol):
    """A task that can also validate and score on a share of the held-out part when time is short."""

    @property
    def validation_units(self) -> int:
        """The units of one validation, as batches count them."""

    def limit(self, validation_share: float, score_share: float) -> None:
        """Limit later validations and the score to these shares of their examples, evenly spaced."""
