"""A translator's part in training: its loss, how it is judged, and a training from pairs to bundle.

    loss = −Σ_t Σ_v q_tv ln p_tv,    q_t = (1 − ε)·[v = y_t] + ε/V        (label smoothing, Szegedy et al., CVPR 2016)

The decoder reads the true symbols (teacher forcing). With a rate of sampling, a first pass guesses each symbol, some of
the true ones make way for such guesses, and the second pass learns from what the decoder would really have read: all
steps at once still (Duckworth et al., arXiv:1906.04331; the idea is Bengio et al.'s, NeurIPS 2015). A look judges ln p
of the true symbols, without smoothing; text is decoded once, at the end.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.data.batches import Bucketed, Ragged, edges
from anaphora.errors import UsageError
from anaphora.nn import ragged
from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.recurrent_dropout import recurrent_dropout
from anaphora.runs.content import Result, Section
from anaphora.runs.report import Tensors, Trained
from anaphora.tasks.translate.encoding import Part, encode
from anaphora.tasks.translate.floor import Floor, floor
from anaphora.tasks.translate.network import READS, WRITES, specification
from anaphora.tasks.translate.reading import Corpus
from anaphora.tasks.translate.saving import Report, opened, save, score
from anaphora.tasks.translate.scoring import Score
from anaphora.tasks.translate.settings import PLURAL, TranslateConfig
from anaphora.tasks.translate.showing import results, samples
from anaphora.training import run
from anaphora.training.observer import Watch

_LOOKED_AT_ONCE = 2**13  # units
_SCORING_MARGIN = 8.0  # decoding a pair takes so many times a look at it
_FEWEST = 50  # pairs that are looked at or decoded, however little time there is
_SHOWN = 80  # characters of a pair that are shown


class Batch(NamedTuple):
    """Pairs that are read at once, and which of the run's updates they belong to."""

    pairs: Part
    share: float  # of the run that is behind it; above 1 once a run is longer than was thought


class Batches:
    """A part in batches, a function of the position."""

    def __init__(self, part: Part, bucketed: Bucketed, whole: float) -> None:
        """`whole` is how many batches the run is thought to take."""
        self._part, self._bucketed, self._whole = part, bucketed, whole

    def at(self, position: int) -> Batch:
        """The batch at this position."""
        return Batch(self._part.take(self._bucketed.at(position)), position / self._whole)

    def units(self, batch: Batch) -> int:
        """Target symbols."""
        return len(batch.pairs.targets.steps)

    def part(self, batch: Batch, rank: int, ranks: int) -> Batch:
        """One worker's rows."""
        return batch._replace(pairs=batch.pairs.take(np.arange(len(batch.pairs.rows))[rank::ranks]))


class Work:
    """A translator's part in a run: an encoded corpus, and what is made of it."""

    task = "translate"

    def __init__(self, config: TranslateConfig, corpus: Corpus) -> None:
        self.config = config
        self.training = training = config.training
        self.sha256 = corpus.sha256
        self._corpus = corpus
        self._encoded = encoded = encode(config, corpus)
        self._floor: Floor | None = None
        reader, train = encoded.reader, encoded.train
        self.unit = PLURAL[reader.kind]
        self.tree = specification(config, reader.source.size + 1, reader.target.size + 1)
        bucketed = Bucketed(train.sources.lengths + train.targets.lengths, training.batch_steps, training.seed)
        self.per_epoch = bucketed.per_epoch
        epochs = training.epochs or (10.0 if training.max_steps is None else 0.0)
        whole = max(1.0, epochs * self.per_epoch, float(training.max_steps or 0) * training.accumulate)
        self.batches = Batches(train, bucketed, whole)
        self._looked_at = sample(encoded.held_out, training.evaluation_rows)
        self.look_units = len(self._looked_at.targets.steps)
        self._looks, self._scores = len(self._looked_at.rows), min(training.scored_rows, len(corpus.held_out))
        self._scored = self._scores
        self.looks_per_score = _SCORING_MARGIN * self._scores / self._looks

    def limit(self, look_share: float, score_share: float) -> None:
        """Look at, and decode, only such shares of the pairs that would be."""
        looks, self._scored = (
            max(round(share * count), min(_FEWEST, count))
            for share, count in ((look_share, self._looks), (score_share, self._scores))
        )
        self._looked_at = sample(self._encoded.held_out, looks)

    def begin(self, model: Any) -> None:
        """An output that knows nothing but how frequent each symbol is; dropout inside the recurrent layers."""
        targets = self._encoded.train.targets.steps
        with torch.no_grad():
            for name in (READS, WRITES):
                table = next(each for path, each in model.named_modules() if path.endswith(f".{name}"))
                nn.init.normal_(table.weight, std=table.weight.shape[1] ** -0.5)
            bias = model.get_parameter("output.bias" if self.config.model.tied else "output.table.bias")
            counts = np.bincount(targets, minlength=len(bias)) + 1.0
            bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))
        for module in model.modules():
            if isinstance(module, RecurrentBase):
                recurrent_dropout(module, self.config.model.recurrent_dropout)

    def loss(self, model: nn.Module, batch: Batch, carry: None) -> tuple[Tensor, None]:
        """The sum of the symbols' smoothed losses; nothing is carried."""
        pairs, network, training = batch.pairs, self.config.model, self.training
        sources = self._some_unknown(pairs.sources.steps, self._encoded.reader.source.unknown)
        inputs = shifted(pairs.targets)
        if training.sampling > 0:
            inputs = self._some_guessed(model, pairs, inputs, training.sampling * min(1.0, batch.share))
        if network.unknown > 0:
            inputs = self._some_unknown(inputs, self._encoded.reader.target.unknown)
        logits = run_pairs(model, sources, inputs, pairs)
        targets = torch.from_numpy(pairs.targets.steps).long().to(logits.device)
        return nn.functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=training.smoothing), None

    def evaluate(self, model: nn.Module) -> float:
        """Nats per target symbol of the held-out part, or of pairs spread over it."""
        part = self._looked_at
        cuts = edges(part.sources.lengths + part.targets.lengths, _LOOKED_AT_ONCE, len(part.rows))
        total = 0.0
        for begin, end in pairwise(cuts.tolist()):
            some = part.take(np.arange(begin, end))
            logits = run_pairs(model, some.sources.steps, shifted(some.targets), some)
            targets = torch.from_numpy(some.targets.steps).long().to(logits.device)
            total += float(nn.functional.cross_entropy(logits.float(), targets, reduction="sum"))
        return total / len(part.targets.steps)

    def name(self, batch: Batch, row: int, part: str = "") -> str:
        """Where a pair stands, and how it reads."""
        train, number = self._corpus.train, int(batch.pairs.rows[row])
        return f"{train.at(number)} ({train.sources[number][:_SHOWN]!r} → {train.targets[number][:_SHOWN]!r})"

    def count_floor(self, told: Watch) -> tuple[Result, ...]:
        """Judge copies of the sources."""
        told.stage("judging what copying the source is worth")
        self._floor = floor(self.config, self._corpus, self._encoded)
        return results(None, self._floor, math.nan)

    def sections(self, tensors: Tensors) -> tuple[Section, ...]:
        """How a model of these weights writes, and where it looks."""
        return samples(opened(self.config, self._encoded, self.tree, tensors), self._corpus.held_out)

    def score(self, trained: Trained) -> Score:
        """How good decoded text is, as the runtime decodes it."""
        return score(self.config, self._corpus, self._encoded, trained, self._scored)

    def save(
        self, trained: Trained, folder: Path, output: Path, score: Score | None
    ) -> tuple[Report, dict[Path, UsageError]]:
        """Write the bundle to both its places."""
        assert self._floor is not None
        beat = self._floor
        if self._scored < self._scores:
            beat = floor(self.config, self._corpus, self._encoded, self._scored)
        return save(self.config, self._corpus, self._encoded, beat, trained, folder, output, score)

    def _some_unknown(self, symbols: NDArray[np.int32], unknown: int | None) -> NDArray[np.int32]:
        share = self.config.model.unknown
        if unknown is None or share == 0:
            return symbols
        return np.where(torch.rand(len(symbols)).numpy() < share, np.int32(unknown), symbols)

    def _some_guessed(
        self, model: nn.Module, pairs: Part, inputs: NDArray[np.int32], share: float
    ) -> NDArray[np.int32]:
        """Some of what the decoder reads replaced by what it would have said; never a row's beginning."""
        with torch.no_grad():
            guesses = run_pairs(model, pairs.sources.steps, inputs, pairs).argmax(1).cpu().numpy().astype(np.int32)
        begins = pairs.targets.ends - pairs.targets.lengths
        taken = torch.rand(len(inputs)).numpy() < share
        taken[begins] = False
        return np.where(taken, np.roll(guesses, 1), inputs)


def shifted(targets: Ragged) -> NDArray[np.int32]:
    """What the decoder reads to write these rows: each row's end first, for the row before ended with the same."""
    return np.roll(targets.steps, 1)


def run_pairs(model: Any, sources: NDArray[np.int32], inputs: NDArray[np.int32], pairs: Part) -> Tensor:
    """Logits (N, V) of all target steps, row after row."""
    device = next(model.parameters()).device
    reads, writes = (torch.from_numpy(side.lengths) for side in (pairs.sources, pairs.targets))
    memory, _ = model.encoder(ragged.Ragged(torch.from_numpy(sources).to(device), reads))
    first, _ = model.bridge(memory)
    queries, _ = model.decoder(ragged.Ragged(torch.from_numpy(inputs).to(device), writes), _begun(model, first))
    found, _ = model.attention(queries, memory)
    states, _ = model.writer(queries.with_data(torch.cat([queries.data, found.data], dim=1)))
    read, _ = model.readout(states.with_data(torch.cat([states.data, found.data], dim=1)))
    logits = model.output(read.data)
    return logits if isinstance(logits, Tensor) else logits[0]


def _begun(model: Any, first: Tensor) -> dict[str, tuple[Tensor, ...]]:
    """The decoder's state (1, B, H) before a row: h as the bridge says; c, if there is one, zeros."""
    h = first[None]
    return {"so_far": (h, torch.zeros_like(h)) if model.decoder.so_far.has_memory else (h,)}


def sample(part: Part, most: int) -> Part:
    """A part, or of a larger one so many pairs evenly spread over it; sorted by length."""
    count = len(part.rows)
    rows = np.arange(count) if count <= most else np.arange(most) * count // most
    lengths = part.sources.lengths + part.targets.lengths
    return part.take(rows[np.argsort(lengths[rows], kind="stable")])


def train(config: TranslateConfig, corpus: Corpus, output: str | Path, **how: Any) -> Report:
    """Train a translator on a corpus, score it beside a copy of the source, and write the bundle to `output`.

    `how` is what `anaphora.training.run.train` takes; raises what that does, and DataError for pairs that nothing can
    be learned from.
    """
    report = run.train(Work(config, corpus), output, **how)
    assert isinstance(report, Report)
    return report
