"""A task that learns from examples with known answers: the task's own methods, and the shared ones.

it writes     encode · network · make_batches · initialise · batch_loss · validation_part · validation_loss
              describe · fit_baseline · baseline · score · judge · reader
it is given   limits where time is short, the report, the card, both model files
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor, nn

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.data.sampling import at_least
from anaphora.errors import UsageError
from anaphora.runs import report as reports
from anaphora.runs import save
from anaphora.runs.content import Result
from anaphora.runs.report import Judgement, Report, Tensors, TrainedWeights
from anaphora.training import run
from anaphora.training.observer import Observer

Batch = TypeVar("Batch")


class SupervisedTask(ABC, Generic[Batch]):
    """A task's part in a run: an encoded corpus and its training."""

    task: str
    loss_unit: str  # what the loss is a mean over
    fewest: int  # examples that are validated on or scored, however little time there is
    unit: str  # the plural of what batches count

    def __init__(self, config: Any, corpus: Any) -> None:
        """Raises DataError for a corpus from which nothing can be learned."""
        self.config, self.corpus, self.sha256 = config, corpus, corpus.sha256
        self.encoded = self.encode()
        self.training = self.with_batch_defaults()
        self.tree = self.network()
        self.batches = self.make_batches()
        self.per_epoch: int = self.batches.per_epoch
        self.limit(1.0, 1.0)

    # Methods of a task

    @abstractmethod
    def encode(self) -> Any:
        """Return both parts of the corpus as numbers."""

    def with_batch_defaults(self) -> Any:
        """Return the options of training, with defaults for the fields that are not set."""
        return self.config.training

    @abstractmethod
    def network(self) -> spec.Block:
        """Return the model's checked spec."""

    @abstractmethod
    def make_batches(self) -> Any:
        """Return the training part in batches, with `per_epoch` of them in one epoch."""

    @abstractmethod
    def initialise(self, model: Any) -> None:
        """Set the first weights that follow from the data."""

    @abstractmethod
    def batch_loss(self, model: nn.Module, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
        """Return the sum () of a batch's losses, and the state with which the next batch begins."""

    @property
    @abstractmethod
    def most_validated(self) -> int:
        """The number of examples of one validation, if time allows."""

    @property
    @abstractmethod
    def most_scored(self) -> int:
        """The number of examples of the final score, if time allows."""

    @abstractmethod
    def validation_part(self, count: int) -> Any:
        """Return so many examples of the held-out part, evenly spaced."""

    @abstractmethod
    def validation_loss(self, model: nn.Module) -> float:
        """Return the mean loss on `self.validated`, in nats per unit."""

    @property
    @abstractmethod
    def validation_units(self) -> int:
        """The units of `self.validated`, as batches count them."""

    @property
    @abstractmethod
    def validations_per_score(self) -> float:
        """The time of the final score, in validations."""

    @abstractmethod
    def describe(self, batch: Batch, row: int, part: str = "") -> str:
        """Describe the origin of a row of a batch, in the row numbers of a part of the model."""

    @abstractmethod
    def fit_baseline(self, observer: Observer) -> None:
        """Fit the simple methods to the training part."""

    @property
    @abstractmethod
    def baseline(self) -> Any:
        """Return the score of the simple methods on the scored examples."""

    @abstractmethod
    def score(self, trained: TrainedWeights) -> Any:
        """Return the score of the trained weights on `self.scored` held-out examples, as the runtime computes it."""

    @abstractmethod
    def judge(self, score: Any, trained: TrainedWeights | None) -> Judgement:
        """Return the report of a score, or of no score yet (None)."""

    @abstractmethod
    def reader(self, score: Any) -> tuple[Mapping[str, Any], Tensors]:
        """Return the model's reader of inputs: the bundle's `units` and tensors."""

    # Methods that every task inherits

    @classmethod
    def train(cls, config: Any, corpus: Any, output: str | Path, **options: Any) -> Report:
        """Train on a corpus, score beside the baseline, and write the bundle to `output`.

        `options` and errors are those of `run.train`, and DataError for a corpus from which nothing can be learned.
        """
        report = run.train(cls(config, corpus), output, **options)
        assert isinstance(report, Report)
        return report

    def limit(self, validation_share: float, score_share: float) -> None:
        """Limit later validations and the score to these shares of their examples."""
        self.validated = self.validation_part(at_least(validation_share, self.most_validated, self.fewest))
        self.scored = at_least(score_share, self.most_scored, self.fewest)

    def results(self) -> Sequence[Result]:
        """The baseline's figures, as results without a value."""
        return self.judge(None, None).results

    def bundle_of(self, tree: spec.Block, tensors: Tensors, score: Any = None) -> bundle.Bundle:
        """Return the bundle of these weights, such as W_ih (G·H, I), without a card."""
        units, own = self.reader(score)
        config = {
            "version": bundle.VERSION,
            "task": self.task,
            "model": tree,
            "units": dict(units),
            "training": self.config.model_dump(),
        }
        return bundle.Bundle({**tensors, **own}, config)

    def save(
        self, trained: TrainedWeights, folder: Path, output: Path, score: Any
    ) -> tuple[Report, dict[Path, UsageError]]:
        """Write the model to `output` and into the run's folder, with its score, or None before there is one.

        Returns the report, and the error of each place that could not be written.
        """
        found = self.judge(score, trained)
        report = reports.report(trained, score, self.baseline, found, self.loss_unit, folder, output)
        made = self.bundle_of(trained.tree, trained.tensors, score)
        card = save.card(self.corpus.sources, self.sha256, found.facts, trained, report)
        return report, save.write(folder, output, made.tensors, {**made.config, "card": card})
