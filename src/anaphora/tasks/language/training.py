"""A recurrent language model's training: its loss, and how it is validated.

    loss = Σ −log p(x_t | all before it)        over a window's targets

Rows carry their state from window to window; gradients stop at the window's edge (truncated backpropagation through
time).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.config.units import PLURAL
from anaphora.data.text import id_files
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.folds import TextFolds
from anaphora.data.text.id_files import Units
from anaphora.metrics.language_model import surprise
from anaphora.nn.build import State
from anaphora.runs.content import ReportSection
from anaphora.runs.report import Judgement, Tensors, TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.runs.text_sample import means
from anaphora.tasks.language import score, windows
from anaphora.tasks.language.baseline import Baseline, Fitted, fitted
from anaphora.tasks.language.data import Encoded, encode
from anaphora.tasks.language.judgement import HeldOutScore, is_finite, judgement, sections, tested
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.predict import LanguageModel
from anaphora.tasks.language.settings import LanguageConfig
from anaphora.tasks.language.windows import PieceRows, Window, Windows
from anaphora.training.initialise import expect
from anaphora.training.observer import Observer
from anaphora.training.supervised import SupervisedTask

_LOGITS_AT_ONCE = 2**22
_SHOWN = 20  # units of a row that is described


class LanguageTraining(SupervisedTask[LanguageConfig, TextCorpus, Encoded, Window, LanguageModel]):
    """The training of a language model."""

    task, fewest, scoring_margin = "language", 256, 1.3
    model_class = LanguageModel
    validated: PieceRows

    def encode(self) -> Encoded:
        self.loss_unit = self.config.data.units
        self.unit = PLURAL[self.loss_unit]
        return encode(self.config, self.corpus)

    @cached_property
    def folds(self) -> TextFolds:
        assert self.config.training.folds is not None
        return TextFolds(self.corpus, self.config.training.folds, self.config.data.valid)

    def network(self) -> spec.Block:
        return specification(self.config, self.encoded.vocabulary.size)

    def make_batches(self) -> Windows:
        training = self.config.training
        self._pieces = windows.cut(len(self.encoded.held_out))
        test = self.encoded.test
        self._test_pieces = [] if test is None else windows.cut(len(test))
        return Windows(self.encoded.train, training.batch, training.bptt, training.seed)

    def initialise(self, model: nn.Module) -> None:
        """Begin with an output equal to the log frequencies of the symbols."""
        expect(model, "output.bias", id_files.counts(self.encoded.train, self.encoded.vocabulary.size))

    def batch_loss(self, model: nn.Module, batch: Window, carry: State | None) -> tuple[Tensor, State]:
        """Return the sum () of the losses of a window, and the state after it, (L, B, H) per part."""
        return loss(model, batch, carry)

    @property
    def most_validated(self) -> int:
        return min(self.config.training.evaluation_units, len(self.encoded.held_out) - 1)

    @property
    def most_scored(self) -> int:
        return windows.scored_in(self._pieces)

    def validation_part(self, count: int) -> PieceRows:
        return windows.rows(self.encoded.held_out, windows.sample(len(self.encoded.held_out), count))

    def validation_loss(self, model: nn.Module) -> float:
        return mean_nats(model, self.validated, self.encoded.vocabulary.size)

    @property
    def validation_units(self) -> int:
        return _read_in(windows.sample(len(self.encoded.held_out), self.config.training.evaluation_units))

    @property
    def validations_per_score(self) -> float:
        return self.scoring_margin * _read_in([*self._pieces, *self._test_pieces]) / self.validation_units

    def describe(self, batch: Window, row: int, part: str = "") -> str:
        """Describe a row of a batch by the text it begins with."""
        read = self.encoded.vocabulary.decode_whole([int(symbol) for symbol in batch.inputs[:_SHOWN, row]])
        return f"row {row + 1} (it begins {read!r})"

    def fit_baseline(self, observer: Observer) -> None:
        observer.stage(f"counting n-grams of {len(self.encoded.train):,} {self.unit}")
        self._fitted: Fitted = fitted(self.config, self.encoded)

    @property
    def baseline(self) -> Baseline:
        return self._fitted.baseline(self._pieces, self.score_share)

    @property
    def _scored_pieces(self) -> list[windows.Piece]:
        return self._shortened(self._pieces)

    def _shortened(self, pieces: list[windows.Piece]) -> list[windows.Piece]:
        """Return the part of pieces that there is time to score."""
        return pieces if self.score_share >= 1 else windows.shortened(pieces, self.score_share)

    def sections(self, tensors: Tensors) -> tuple[ReportSection, ...]:
        """Return sections with generated text and the passages of highest loss, for weights such as W_ih (G·H, I)."""
        return sections(self.opened(self.tree, tensors), self.encoded.held_out)

    def score(self, trained: TrainedWeights) -> HeldOutScore:
        model = self.opened(trained.tree, trained.tensors)
        return self._scored(model, self.encoded.held_out, self._scored_pieces)

    def _scored(self, model: LanguageModel, ids: Units, pieces: list[windows.Piece]) -> HeldOutScore:
        """Return the score of pieces of units (N,)."""
        each = score.nats(model.runtime, ids, pieces)
        found = surprise(each)
        return HeldOutScore(self.loss_unit, found.nats_per_unit, found.units, means(score.FIGURES, each))

    def tested(self, model: LanguageModel) -> Tested:
        test, fitted_to = self.encoded.test, self._fitted.of_test
        assert test is not None
        assert fitted_to is not None
        assert self.corpus.test_sha256 is not None
        found = self._scored(model, test, self._shortened(self._test_pieces))
        baseline = fitted_to.baseline(self._test_pieces, self.score_share)
        return tested(found, baseline, self.corpus.test_sha256, len(test) - 1)

    def judge(self, score: HeldOutScore | None, trained: TrainedWeights | None) -> Judgement:
        scored = windows.scored_in(self._scored_pieces)
        shown: tuple[ReportSection, ...] = ()
        if trained is not None and is_finite(score):
            shown = sections(self.opened(trained.tree, trained.tensors), self.encoded.held_out, scored)
        known = {
            "held_out_sha256": self.corpus.held_out_sha256,
            "unit": self.loss_unit,
            "train_units": len(self.encoded.train),
            "held_out_units": len(self.encoded.held_out),
        }
        return judgement(
            score=score,
            baseline=self.baseline,
            unit=self.loss_unit,
            scored=scored,
            every=len(self.encoded.held_out) - 1,
            short_of_time=self.score_share < 1,
            known=known,
            validation_loss=None if trained is None else trained.validation_loss,
            sections=shown,
        )

    def reader(self, score: Any) -> tuple[dict[str, Any], Tensors]:
        known = self.encoded.vocabulary
        return {"kind": self.loss_unit, **known.settings()}, known.tensors()


TRAINING = LanguageTraining


def loss(model: nn.Module, window: Window, carry: State | None) -> tuple[Tensor, State]:
    """Return Σ −log p of a window's targets (T, B) in nats, and the state of the next window without gradient."""
    device = next(model.parameters()).device
    logits, state = model(torch.from_numpy(window.inputs).to(device), None if window.begins else carry)
    targets = torch.from_numpy(window.targets).long().to(device)
    nats = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return nats, {path: tuple(part.detach() for part in parts) for path, parts in state.items()}


def mean_nats(model: nn.Module, rows: PieceRows, vocabulary: int) -> float:
    """Return the mean −log p of the scored targets of rows (T, B), in nats; a vocabulary of V symbols."""
    device = next(model.parameters()).device
    inputs, targets, scored = (torch.from_numpy(part) for part in (rows.inputs, rows.targets, rows.scored))
    T, B = inputs.shape
    at_once = max(1, _LOGITS_AT_ONCE // (B * vocabulary))
    state: State | None = None
    total = 0.0
    for begin in range(0, T, at_once):
        here = slice(begin, begin + at_once)
        logits, state = model(inputs[here].to(device), state)
        right = targets[here].flatten().to(device)
        nats = nn.functional.cross_entropy(logits.flatten(0, 1), right, reduction="none").cpu()
        total += float(nats[scored[here].flatten()].sum(dtype=torch.float64))
    return total / int(scored.sum())


def _read_in(pieces: list[windows.Piece]) -> int:
    return sum(piece.stop - piece.start for piece in pieces)
