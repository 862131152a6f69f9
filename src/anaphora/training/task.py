"""What a task brings to a run: its data ready to train on, its loss, its judgement, and what is made of the weights.

    batches → loss → evaluate now and then → score at the end → save

A run is everything else, the same for all tasks.
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
"""Gives the observers that write into a run's folder, of that folder and of who is told if one of them cannot."""


class TrainingTask(Protocol[Batch]):
    """A task's part in a run."""

    task: str
    unit: str  # the plural of what a loss is summed over
    tree: spec.Block
    per_epoch: int  # batches of one pass over the data
    sha256: str  # of the data

    @property
    def validations_per_score(self) -> float:
        """How many validations the score at the end takes as long as."""

    @property
    def config(self) -> Config:
        """Everything that was set."""

    @property
    def batches(self) -> Batches[Batch]:
        """What is trained on."""

    @property
    def training(self) -> Training:
        """The options of the loop."""

    def initialise(self, model: Any) -> None:
        """Set the first weights that follow from the data."""

    def batch_loss(self, model: nn.Module, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
        """The sum of a batch's losses (), and what the next batch begins with."""

    def validation_loss(self, model: nn.Module) -> float:
        """The mean loss on the held-out part or a sample of it."""

    def describe(self, batch: Batch, row: int, part: str = "") -> str:
        """Words that say where a row of a batch comes from, as a part of the model counts rows."""

    def fit_baseline(self, observer: Observer) -> None:
        """Fit the simple methods that the network is set beside."""

    def results(self) -> Sequence[Result]:
        """What the simple methods reach, as results without a value."""

    def score(self, trained: TrainedWeights) -> Any:
        """How good the trained weights are on all of the held-out part, or what of it there is time for."""

    def save(
        self, trained: TrainedWeights, folder: Path, output: Path, score: Any
    ) -> tuple[Any, dict[Path, UsageError]]:
        """Write the model to both its places, with its score if there is one: the report, and what could not be
        written.
        """


@runtime_checkable
class Subsampled(Protocol):
    """A work that can also look at less of the held-out part, and score less of it, where time is short."""

    @property
    def validation_units(self) -> int:
        """Units of one validation, as batches count them."""

    def limit(self, look_share: float, score_share: float) -> None:
        """From now on look at, and score, only such shares of what would be, evenly spread."""
