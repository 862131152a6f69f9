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
from anaphora.runs.report import Trained
from anaphora.training.observer import Watch
from anaphora.training.update import Batches

Batch = TypeVar("Batch")
Beside = Callable[[Path, Callable[[str], None]], Iterable[Watch]]
"""Gives the watches that write into a run's folder, of that folder and of who is told if one of them cannot."""


class Work(Protocol[Batch]):
    """A task's part in a run."""

    task: str
    unit: str  # the plural of what a loss is summed over
    tree: spec.Block
    per_epoch: int  # batches of one pass over the data
    looks_per_score: float  # how many looks at the held-out part the score at the end takes as long as
    sha256: str  # of the data

    @property
    def config(self) -> Config:
        """Everything that was set."""

    @property
    def batches(self) -> Batches[Batch]:
        """What is trained on."""

    @property
    def training(self) -> Training:
        """The knobs of the loop."""

    def begin(self, model: Any) -> None:
        """Set the first weights that follow from the data."""

    def loss(self, model: nn.Module, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
        """The sum of a batch's losses, and what the next batch begins with."""

    def evaluate(self, model: nn.Module) -> float:
        """The mean loss on the held-out part or a sample of it."""

    def name(self, batch: Batch, row: int, part: str = "") -> str:
        """Words that say where a row of a batch comes from, as a part of the model counts rows."""

    def count_floor(self, told: Watch) -> Sequence[Result] | None:
        """Find out what the network must beat, and give it, as results without a value; None where nothing is."""

    def score(self, trained: Trained) -> Any:
        """How good the trained weights are on all of the held-out part, or what of it there is time for."""

    def save(self, trained: Trained, folder: Path, output: Path, score: Any) -> tuple[Any, dict[Path, UsageError]]:
        """Write the model to both its places, with its score if there is one: the report, and what could not be
        written.
        """


@runtime_checkable
class Divided(Protocol):
    """A work that can also look at less of the held-out part, and score less of it, where time is short."""

    look_units: int  # of a look, as batches count units

    def limit(self, look_share: float, score_share: float) -> None:
        """From now on look at, and score, only such shares of what would be, evenly spread."""
