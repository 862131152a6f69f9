"""A task that learns from examples with known answers: the task's own methods, and the shared ones.

it writes     encode · network · make_batches · initialise · batch_loss · validation_part · validation_loss
              describe · fit_baseline · baseline · score · tested · judge · reader
it is given   limits where time is short, the trained model, the report, the card, both model files

`TrainingTask` documents the methods that a run calls.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

from anaphora import bundle
from anaphora import config as configs
from anaphora.bundle import spec
from anaphora.data.folds import Folds
from anaphora.data.sampling import at_least
from anaphora.data.taken import Taken
from anaphora.data.text.folds import TextFolds
from anaphora.errors import UsageError
from anaphora.runs import report as reports
from anaphora.runs import save
from anaphora.runs.content import Result
from anaphora.runs.cross_validation import CrossValidation
from anaphora.runs.report import Judgement, Report, Tensors, TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.runtime import Model
from anaphora.runtime.model import of_bundle
from anaphora.training.task import Subsampled, TrainingTask


class TwoParts(Protocol):
    """Data in a training part and a held-out part."""

    @property
    def train(self) -> Any:
        """The training part."""

    @property
    def held_out(self) -> Any:
        """The held-out part."""


class TwoReadParts(TwoParts, Protocol):
    """The same as it was read."""

    @property
    def test(self) -> Any:
        """The test part, or None."""

    @property
    def sources(self) -> Sequence[str]:
        """The names of the files."""

    @property
    def sha256(self) -> str:
        """The digest of all parts."""

    @property
    def taken(self) -> Taken | None:
        """The way in which it was read."""


Config = TypeVar("Config", bound=configs.Config)
Corpus = TypeVar("Corpus", bound=TwoReadParts)
Encoded = TypeVar("Encoded", bound=TwoParts)
Batch = TypeVar("Batch")
Opened = TypeVar("Opened")


class SupervisedTask(TrainingTask[Batch], Subsampled, Generic[Config, Corpus, Encoded, Batch, Opened]):
    """The training of a task on a corpus, which it encodes as numbers."""

    config: Config
    corpus: Corpus
    encoded: Encoded
    training: Any
    model_class: Callable[[Model], Opened]  # the class of the task's trained models
    loss_unit: str  # what the loss is a mean over
    fewest: int  # examples that are validated on or scored, however little time there is
    scoring_margin: float  # the runtime's scoring of an example may be so many times slower than its validation
    validated: Any
    trainings = 1

    def __init__(self, config: Config, corpus: Corpus) -> None:
        """Raises DataError for a corpus from which nothing can be learned."""
        self.config, self.corpus, self.sha256, self.taken = config, corpus, corpus.sha256, corpus.taken
        self.encoded = self.encode()
        self.training = self.with_batch_defaults()
        self.tree = self.network()
        self.batches = self.make_batches()
        self.per_epoch = self.batches.per_epoch
        self.limit(1.0, 1.0)
        if self.training.folds is not None:
            self.check_folds()

    # Methods of a task

    @abstractmethod
    def encode(self) -> Encoded:
        """Return both parts of the corpus as numbers."""

    def with_batch_defaults(self) -> Any:
        """Return the options of training, with the open ones filled in."""
        config: Any = self.config
        return config.training

    @abstractmethod
    def network(self) -> spec.Block:
        """Return the model's checked spec."""

    @abstractmethod
    def make_batches(self) -> Any:
        """Return the training part in batches, with `per_epoch` of them in one epoch."""

    @property
    @abstractmethod
    def most_validated(self) -> int:
        """The number of examples of one validation, if time allows."""

    @property
    @abstractmethod
    def most_scored(self) -> int:
        """The number of examples of the final score, if time allows."""

    @property
    def most_tested(self) -> int:
        """The number of examples of the test part that are scored, if time allows."""
        return len(self.corpus.test) if self.has_test_part else 0

    @abstractmethod
    def validation_part(self, count: int) -> Any:
        """Return so many examples of the held-out part, evenly spaced."""

    @property
    @abstractmethod
    def baseline(self) -> Any:
        """Return the score of the simple methods on the scored examples."""

    def check_folds(self) -> None:
        """Raise UsageError or DataError for folds that cannot be made of the data."""
        self.folds.corpus_of(0)

    @cached_property
    def folds(self) -> Folds[Any] | TextFolds:
        """The folds of a cross-validation; a task without them raises UsageError."""
        raise UsageError(f"--folds has no effect on the task {self.task}: leave it out.")

    def tested(self, model: Opened) -> Tested:
        """Return the figures of the final model on the test part; a task without a test part has none."""
        raise NotImplementedError(f"the task {self.task} has no test part")

    @abstractmethod
    def judge(self, score: Any, trained: TrainedWeights | None) -> Judgement:
        """Return the report of a score, or of no score yet (None)."""

    @abstractmethod
    def reader(self, score: Any) -> tuple[Mapping[str, Any], Tensors]:
        """Return the model's reader of inputs: the bundle's `units` and tensors."""

    # Methods that every task inherits

    @property
    def validations_per_score(self) -> float:
        return self.scoring_margin * (self.most_scored + self.most_tested) / self.most_validated

    def limit(self, validation_share: float, score_share: float) -> None:
        self.validated = self.validation_part(at_least(validation_share, self.most_validated, self.fewest))
        self.scored = at_least(score_share, self.most_scored, self.fewest)
        self.score_share = score_share

    def results(self) -> Sequence[Result]:
        return self.judge(None, None).results

    def bundle_of(self, tree: spec.Block, tensors: Tensors, score: Any = None) -> bundle.Bundle:
        """Return the bundle of these weights, such as W_ih (G·H, I), without a card."""
        units, own = self.reader(score)
        config = {
            "version": bundle.version_of(units),
            "task": self.task,
            "model": tree,
            "units": dict(units),
            "training": self.config.model_dump(),
        }
        return bundle.Bundle({**tensors, **own}, config)

    def opened(self, tree: spec.Block, tensors: Tensors) -> Opened:
        """Return the task's model of these weights, such as W_ih (G·H, I)."""
        return self.model_class(of_bundle(self.bundle_of(tree, tensors)))

    def fold(self, number: int, minutes: float | None) -> Self:
        config: Any = self.config
        corpus: Any = self.folds.corpus_of(number)
        training = config.training.model_copy(update={"folds": None, "minutes": minutes})
        data = config.data.model_copy(update={"test": None})
        made = type(self)(config.model_copy(update={"training": training, "data": data}), corpus)
        made.trainings = self.folds.count + 1
        return made

    @property
    def has_test_part(self) -> bool:
        return self.corpus.test is not None

    def test(self, trained: TrainedWeights, score: Any) -> Tested:
        return self.tested(self.model_class(of_bundle(self.bundle_of(trained.tree, trained.tensors, score))))

    def save(
        self,
        trained: TrainedWeights,
        folder: Path,
        output: Path,
        score: Any,
        test: Tested | None = None,
        folds: CrossValidation | None = None,
    ) -> tuple[Report, dict[Path, UsageError]]:
        found = self.judge(score, trained)
        unit, baseline, last = self.loss_unit, self.baseline, (test, folds)
        report = reports.report(trained, score, baseline, found, unit, folder, output, self.taken, *last)
        made = self.bundle_of(trained.tree, trained.tensors, score)
        card = save.card(self.corpus.sources, self.sha256, found.facts, trained, report)
        return report, save.write(folder, output, made.tensors, {**made.config, "card": card})
