"""A task that learns from examples with known answers: what it writes itself, and what it is given.

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
    """A task's part in a run: an encoded corpus, and what is made of it."""

    task: str
    loss_unit: str  # what the loss is a mean over
    fewest: int  # examples that are validated on or scored, however little time there is
    unit: str  # the plural of what batches count

    def __init__(self, config: Any, corpus: Any) -> None:
        """Raises DataError for a corpus that nothing can be learned from."""
        self.config, self.corpus, self.sha256 = config, corpus, corpus.sha256
        self.encoded = self.encode()
        self.training = self.settle()
        self.tree = self.network()
        self.batches = self.make_batches()
        self.per_epoch: int = self.batches.per_epoch
        self.limit(1.0, 1.0)

    # What a task writes

    @abstractmethod
    def encode(self) -> Any:
        """Both parts of the corpus as numbers."""

    def settle(self) -> Any:
        """The options of training, with those that were left open filled in."""
        return self.config.training

    @abstractmethod
    def network(self) -> spec.Block:
        """The model's checked spec."""

    @abstractmethod
    def make_batches(self) -> Any:
        """The training part in batches, with `per_epoch` of them in one pass."""

    @abstractmethod
    def initialise(self, model: Any) -> None:
        """Set the first weights that follow from the data."""

    @abstractmethod
    def batch_loss(self, model: nn.Module, batch: Batch, carry: Any) -> tuple[Tensor, Any]:
        """The sum of a batch's losses (), and what the next batch begins with."""

    @property
    @abstractmethod
    def most_validated(self) -> int:
        """Examples of one validation, where there is time."""

    @property
    @abstractmethod
    def most_scored(self) -> int:
        """Examples of the final score, where there is time."""

    @abstractmethod
    def validation_part(self, count: int) -> Any:
        """So many examples of the held-out part, evenly spread over it."""

    @abstractmethod
    def validation_loss(self, model: nn.Module) -> float:
        """The mean loss on `self.validated`, in nats per unit."""

    @property
    @abstractmethod
    def validation_units(self) -> int:
        """Units of `self.validated`, as batches count them."""

    @property
    @abstractmethod
    def validations_per_score(self) -> float:
        """How many validations the final score takes as long as."""

    @abstractmethod
    def describe(self, batch: Batch, row: int, part: str = "") -> str:
        """Words that say where a row of a batch comes from, as a part of the model counts rows."""

    @abstractmethod
    def fit_baseline(self, observer: Observer) -> None:
        """Fit the simple methods to the training part."""

    @property
    @abstractmethod
    def baseline(self) -> Any:
        """How good the simple methods are on the examples that are scored."""

    @abstractmethod
    def score(self, trained: TrainedWeights) -> Any:
        """How good the trained weights are on `self.scored` held-out examples, as the runtime computes it."""

    @abstractmethod
    def judge(self, score: Any, trained: TrainedWeights | None) -> Judgement:
        """What there is to say of a score, None before there is one."""

    @abstractmethod
    def reader(self, score: Any) -> tuple[Mapping[str, Any], Tensors]:
        """How the model reads its input: the bundle's `units` and the tensors that go with them."""

    # What it is given

    @classmethod
    def train(cls, config: Any, corpus: Any, output: str | Path, **options: Any) -> Report:
        """Train on a corpus, score beside the baseline, and write the bundle to `output`; `options` and errors are
        those of `run.train`, and DataError for a corpus that nothing can be learned from.
        """
        report = run.train(cls(config, corpus), output, **options)
        assert isinstance(report, Report)
        return report

    def limit(self, validation_share: float, score_share: float) -> None:
        """From now on validate on, and score, only such shares of the examples that would be."""
        self.validated = self.validation_part(at_least(validation_share, self.most_validated, self.fewest))
        self.scored = at_least(score_share, self.most_scored, self.fewest)

    def results(self) -> Sequence[Result]:
        """The baseline's figures, as results without a value."""
        return self.judge(None, None).results

    def bundle_of(self, tree: spec.Block, tensors: Tensors, score: Any = None) -> bundle.Bundle:
        """The bundle of these weights, without a card."""
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
        """Write the model to `output` and into the run's folder, with its score or (None) before there is one.

        Gives the report, and the error of each of the two places that could not be written.
        """
        found = self.judge(score, trained)
        report = reports.report(trained, score, self.baseline, found, self.loss_unit, folder, output)
        made = self.bundle_of(trained.tree, trained.tensors, score)
        card = save.card(self.corpus.sources, self.sha256, found.facts, trained, report)
        return report, save.write(folder, output, made.tensors, {**made.config, "card": card})
