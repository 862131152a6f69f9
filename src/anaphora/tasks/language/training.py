"""A recurrent language model's part in training: its loss, how it is judged, and a training from text to bundle.

Rows carry their state from window to window; gradients stop at the window's edge (truncated backpropagation through
time).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anaphora.data.text import id_files
from anaphora.data.text.id_files import Units
from anaphora.errors import UsageError
from anaphora.nn.build import Stack, State
from anaphora.runs.content import Result, Section
from anaphora.runs.report import Tensors, Trained
from anaphora.tasks.language import streams
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.saving import opened, save, score
from anaphora.tasks.language.showing import results, sections
from anaphora.tasks.language.task import PLURAL, Corpus, Floor, LanguageConfig, Report, encode, floor, scored
from anaphora.training import run
from anaphora.training.observer import Watch

_LOGITS_AT_ONCE = 2**22
_SCORING_MARGIN = 1.3  # the runtime's scoring may be so much slower than a look in training
_LEAST_LOOK = 256  # units, however little time there is
_SHOWN = 20  # units of a row that is told of


def expect_frequencies(model: Stack, ids: Units) -> None:
    """Let the output begin at the symbols' log frequencies in training, which the first steps then need not learn."""
    bias = model.get_parameter("output.bias")
    counts = id_files.counts(ids, len(bias)) + 1.0
    with torch.no_grad():
        bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def loss(model: nn.Module, window: streams.Window, carry: State | None) -> tuple[Tensor, State]:
    """The sum of −log p of the window's targets in nats, and the state the next window begins in, cut off from this
    one's gradient.
    """
    device = next(model.parameters()).device
    logits, state = model(torch.from_numpy(window.inputs).to(device), None if window.begins else carry)
    targets = torch.from_numpy(window.targets).long().to(device)
    nats = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return nats, {path: tuple(part.detach() for part in parts) for path, parts in state.items()}


def evaluation(ids: Units, units: int, vocabulary: int) -> Callable[[nn.Module], float]:
    """A quick judgement of a model: mean nats per unit on about `units` units, evenly spread over held-out ids."""
    laid = streams.rows(ids, streams.sample(len(ids), units))
    inputs, targets, scored = (torch.from_numpy(part) for part in (laid.inputs, laid.targets, laid.scored))
    T, B = inputs.shape
    at_once = max(1, _LOGITS_AT_ONCE // (B * vocabulary))

    def evaluate(model: nn.Module) -> float:
        state: State | None = None
        total = 0.0
        device = next(model.parameters()).device
        for begin in range(0, T, at_once):
            here = slice(begin, begin + at_once)
            logits, state = model(inputs[here].to(device), state)
            right = targets[here].flatten().to(device)
            nats = nn.functional.cross_entropy(logits.flatten(0, 1), right, reduction="none").cpu()
            total += float(nats[scored[here].flatten()].sum(dtype=torch.float64))
        return total / int(scored.sum())

    return evaluate


class Work:
    """A language model's part in a run: an encoded corpus, and what is made of it."""

    task = "language"

    def __init__(self, config: LanguageConfig, corpus: Corpus) -> None:
        self.config = config
        self.training = config.training
        self.unit = PLURAL[config.data.units]
        self.sha256 = corpus.sha256
        self._corpus = corpus
        self._encoded = encoded = encode(config, corpus)
        self._floor: Floor | None = None
        training = config.training
        self.tree = specification(config, encoded.vocabulary.size)
        self.batches = streams.Windows(encoded.train, training.batch, training.steps, training.seed)
        self.per_epoch = self.batches.per_epoch
        self.look_units = _read_in(streams.sample(len(encoded.held_out), training.evaluation_units))
        whole = _read_in(streams.cut(len(encoded.held_out)))
        self.looks_per_score = _SCORING_MARGIN * whole / self.look_units
        self._score_share = 1.0
        self.evaluate = self._look(training.evaluation_units)

    def limit(self, look_share: float, score_share: float) -> None:
        """Look at, and score, only such shares of what would be."""
        most = min(self.training.evaluation_units, len(self._encoded.held_out) - 1)
        self.evaluate = self._look(max(round(look_share * most), min(_LEAST_LOOK, most)))
        self._score_share = score_share

    def _look(self, units: int) -> Callable[[nn.Module], float]:
        return evaluation(self._encoded.held_out, units, self._encoded.vocabulary.size)

    def begin(self, model: Stack) -> None:
        """Let the output begin at the symbols' frequencies."""
        expect_frequencies(model, self._encoded.train)

    def loss(self, model: nn.Module, batch: streams.Window, carry: State | None) -> tuple[Tensor, State]:
        """The sum of the window's losses, and the state that the next one begins in."""
        return loss(model, batch, carry)

    def name(self, batch: streams.Window, row: int, part: str = "") -> str:
        """A row is a stretch of the text: tell it by how it reads."""
        read = self._encoded.vocabulary.decode([int(symbol) for symbol in batch.inputs[:_SHOWN, row]])
        return f"row {row + 1} (it begins {read!r})"

    def count_floor(self, told: Watch) -> tuple[Result, ...]:
        """Count the n-grams of the training part, and score the held-out part with them."""
        told.stage(f"counting n-grams of {len(self._encoded.train):,} {PLURAL[self.config.data.units]}")
        self._floor = floor(self.config, self._encoded)
        return results(self.config.data.units, None, self._floor.nats)

    def sections(self, tensors: Tensors) -> tuple[Section, ...]:
        """How a model of these weights writes, and what surprises it."""
        return sections(opened(self.config, self._encoded, self.tree, tensors), self._encoded.held_out)

    def score(self, trained: Trained) -> float:
        """Nats per unit of the held-out part, or the share that there is time for, as the runtime computes them."""
        assert self._floor is not None
        pieces = scored(self._encoded, self._floor, self._score_share).pieces
        return score(self.config, self._encoded, trained, pieces)

    def save(
        self, trained: Trained, folder: Path, output: Path, score: float | None
    ) -> tuple[Report, dict[Path, UsageError]]:
        """Write the bundle to both its places."""
        assert self._floor is not None
        parts = self._corpus, self._encoded, self._floor
        return save(self.config, *parts, trained, folder, output, score, self._score_share)


def train(config: LanguageConfig, corpus: Corpus, output: str | Path, **how: Any) -> Report:
    """Train a language model on a corpus, score it beside the n-gram model, and write the bundle to `output`.

    `how` is what `anaphora.training.run.train` takes; raises what that does, and DataError for a corpus too short.
    """
    report = run.train(Work(config, corpus), output, **how)
    assert isinstance(report, Report)
    return report


def _read_in(pieces: list[streams.Piece]) -> int:
    return sum(piece.stop - piece.start for piece in pieces)
