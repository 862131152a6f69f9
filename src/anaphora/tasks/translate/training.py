"""A translator's training: its loss, how it is validated, and its first weights.

    loss = −Σ_t Σ_v q_tv ln p_tv,    q_t = (1 − ε)·[v = y_t] + ε/V        (label smoothing, Szegedy et al., CVPR 2016)

The decoder reads the true symbols (teacher forcing). With scheduled sampling, a first pass predicts each symbol, some
of the true ones make way for such predictions, and the second pass learns from what the decoder would really have
read: all steps at once still (Duckworth et al., arXiv:1906.04331; the idea is Bengio et al.'s, NeurIPS 2015). A
validation takes ln p of the true symbols, without smoothing; text is decoded once, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.config.units import PLURAL
from anaphora.data.batches import Bucketed, Ragged, RowBatches
from anaphora.data.files.pairs import Pairs
from anaphora.data.folds import Folds
from anaphora.data.sampling import evenly_spaced
from anaphora.nn import ragged
from anaphora.runs.content import ReportSection
from anaphora.runs.report import Judgement, Tensors, TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.tasks.translate import checks
from anaphora.tasks.translate.data import Corpus, folds
from anaphora.tasks.translate.deciding import deciding
from anaphora.tasks.translate.encoding import Encoded, Part, encode
from anaphora.tasks.translate.judgement import judgement, samples, tested
from anaphora.tasks.translate.network import specification
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import Figures, Score, copied
from anaphora.tasks.translate.settings import TranslateConfig
from anaphora.training.augment import hide_symbols
from anaphora.training.initialise import drop_recurrently, expect, small_embeddings
from anaphora.training.observer import Observer
from anaphora.training.rows import RowTask

_EPOCHS = 10.0  # that a run is thought to take, if nothing says how long
_VALIDATED_AT_ONCE = 2**13  # units
_SHOWN = 80  # characters of a pair that are shown
_USUAL = 0.999  # the share of training pairs whose ratio of lengths a translation may reach


class PairBatches(RowBatches[Part]):
    """Batches that know the progress of the run; `whole` is the expected number of batches of the run."""

    def __init__(self, rows: Part, bucketed: Bucketed, units: Callable[[Part], int], whole: float) -> None:
        super().__init__(rows, bucketed, units)
        self._whole = whole

    def at(self, position: int) -> Part:
        return super().at(position)._replace(progress=position / self._whole)


class TranslateTraining(RowTask[TranslateConfig, Corpus, Encoded, Part, Translator]):
    """The training of a translator."""

    task, loss_unit, fewest = "translate", "symbol", 50
    scoring_margin = 8.0  # decoding a pair takes so many times a validation of it
    model_class = Translator

    def encode(self) -> Encoded:
        encoded = encode(self.config, self.corpus)
        self.unit = PLURAL[encoded.reader.kind]
        self.deciding = deciding(self.corpus.train.targets, self.config.data.bleu_tokenize)
        return encoded

    @cached_property
    def folds(self) -> Folds[Pairs]:
        assert self.training.folds is not None
        return folds(self.config, self.corpus, self.training.folds)

    def fold(self, number: int, minutes: float | None) -> Self:
        """Return the training of one fold; all folds are judged by the metric of the whole corpus."""
        found = super().fold(number, minutes)
        found.deciding = self.deciding
        return found

    def network(self) -> spec.Block:
        reader = self.encoded.reader
        return specification(self.config, reader.source.size + 1, reader.target.size + 1)

    def make_batches(self) -> PairBatches:
        train, training = self.encoded.train, self.config.training
        bucketed = Bucketed(train.lengths, training.batch_steps, training.seed)
        epochs = training.epochs or (_EPOCHS if training.max_steps is None else 0.0)
        steps = float(training.max_steps or 0) * training.accumulate
        return PairBatches(train, bucketed, self.units_of, max(1.0, epochs * bucketed.per_epoch, steps))

    def initialise(self, model: nn.Module) -> None:
        """Begin with an output equal to the frequencies of the symbols, and set the recurrent dropout."""
        network, targets = self.config.model, self.encoded.train.targets.steps
        small_embeddings(model, network.embedding**-0.5)
        counts = np.bincount(targets, minlength=self.encoded.reader.target.size + 1)
        expect(model, "output.bias" if network.tied else "output.table.bias", counts)
        drop_recurrently(model, network.recurrent_dropout)

    def batch_loss(self, model: nn.Module, batch: Part, carry: None) -> tuple[Tensor, None]:
        reader, training, hidden = self.encoded.reader, self.config.training, self.config.model.unk_dropout
        sources = hide_symbols(batch.sources.steps, hidden, reader.source.unknown)
        inputs = shifted(batch.targets)
        if training.scheduled_sampling > 0:  # the share grows with the run, which may be longer than was thought
            inputs = sampled(model, batch, inputs, training.scheduled_sampling * min(1.0, batch.progress))
        inputs = hide_symbols(inputs, hidden, reader.target.unknown)
        return _loss(run_pairs(model, sources, inputs, batch), batch, label_smoothing=training.smoothing), None

    @property
    def most_scored(self) -> int:
        return min(len(self.corpus.held_out), self.config.training.scored_rows)

    def units_of(self, part: Part) -> int:
        """Return the number of target symbols."""
        return len(part.targets.steps)

    def validation_loss(self, model: nn.Module) -> float:
        """Return nats per target symbol."""
        total = 0.0
        for piece in self.pieces(_VALIDATED_AT_ONCE):
            logits = run_pairs(model, piece.sources.steps, shifted(piece.targets), piece)
            total += float(_loss(logits.float(), piece))
        return total / self.validation_units

    def quote(self, row: int) -> str:
        train = self.corpus.train
        return f"{train.sources[row][:_SHOWN]!r} → {train.targets[row][:_SHOWN]!r}"

    def fit_baseline(self, observer: Observer) -> None:
        observer.stage("scoring a copy of the source")
        pairs, lower, by = self.corpus.held_out, self.config.data.lower, self.deciding
        self._baseline_on = lru_cache(None)(lambda most: copied(pairs, evenly_spaced(len(pairs), most), lower, by))
        self._baseline_on(self.scored)

    @property
    def baseline(self) -> Figures:
        return self._baseline_on(self.scored)

    def score(self, trained: TrainedWeights) -> Score:
        return self.opened(trained.tree, trained.tensors).judged(self.corpus.held_out, most=self.scored)

    @property
    def most_tested(self) -> int:
        return min(super().most_tested, self.config.training.scored_rows)

    def keys(self, part: Pairs) -> Iterable[Hashable | None]:
        return checks.keys(part, self.config.data.lower)

    def tested(self, model: Translator) -> Tested:
        test = self.corpus.test
        assert test is not None
        rows, by = self.tested_rows, self.deciding
        score = model.judged(test.take(rows))
        return tested(score, copied(test, rows, self.config.data.lower, by), by, len(test))

    def sections(self, tensors: Tensors) -> Sequence[ReportSection]:
        """Return sections with translations and attention of weights such as W_ih (G·H, I), while a run continues."""
        return samples(self.opened(self.tree, tensors), self.corpus.held_out)

    def judge(self, score: Score | None, trained: TrainedWeights | None) -> Judgement:
        encoded, held_out, by = self.encoded, len(self.corpus.held_out), self.deciding
        known = {"unit": self.unit, "train_pairs": len(encoded.train.numbers), "held_out_pairs": held_out}
        nats = None if trained is None or not math.isfinite(trained.validation_loss) else trained.validation_loss
        translator = None
        if score is not None and trained is not None:
            translator = self.opened(trained.tree, trained.tensors)
        return judgement(
            score, self.baseline, by, nats, known, held_out, len(encoded.left_out), encoded.cut, translator
        )

    def reader(self, score: Score | None) -> tuple[dict[str, Any], Tensors]:
        reader, train = self.encoded.reader, self.encoded.train
        ratios = train.targets.lengths / train.sources.lengths
        ratio = float(np.quantile(ratios, _USUAL))
        return {**reader.settings(), "ratio": ratio, **self.deciding.settings()}, reader.tensors()


TRAINING = TranslateTraining


def shifted(targets: Ragged) -> NDArray[np.int32]:
    """Return the decoder's inputs (N,) under teacher forcing: the end, then the symbols before each step."""
    return np.roll(targets.steps, 1)


def sampled(model: nn.Module, pairs: Part, inputs: NDArray[np.int32], share: float) -> NDArray[np.int32]:
    """Return the decoder's inputs (N,) with a share of them replaced by its predictions, except a row's first."""
    with torch.no_grad():
        predicted = run_pairs(model, pairs.sources.steps, inputs, pairs).argmax(1).cpu().numpy().astype(np.int32)
    taken = torch.rand(len(inputs)).numpy() < share
    taken[pairs.targets.ends - pairs.targets.lengths] = False
    return np.where(taken, np.roll(predicted, 1), inputs)


def run_pairs(model: Any, sources: NDArray[np.int32], inputs: NDArray[np.int32], pairs: Part) -> Tensor:
    """Logits (N, V) of all target steps, row after row, for the sources' symbols (M,) and the decoder's inputs (N,)."""
    device = next(model.parameters()).device
    read, written = (
        ragged.Ragged(torch.from_numpy(symbols).to(device), torch.from_numpy(side.lengths))
        for symbols, side in ((sources, pairs.sources), (inputs, pairs.targets))
    )
    memory, _ = model.encoder(read)
    first, _ = model.bridge(memory)
    h = first[None]  # the decoder's state (1, B, H) before a row; c, if there is one, is zero
    begun = {"so_far": (h, torch.zeros_like(h)) if model.decoder.so_far.has_memory else (h,)}
    queries, _ = model.decoder(written, begun)
    found, _ = model.attention(queries, memory)
    states, _ = model.writer(queries.with_data(torch.cat([queries.data, found.data], dim=1)))
    narrow, _ = model.readout(states.with_data(torch.cat([states.data, found.data], dim=1)))
    logits = model.output(narrow.data)
    return logits if isinstance(logits, Tensor) else logits[0]


def _loss(logits: Tensor, pairs: Part, label_smoothing: float = 0.0) -> Tensor:
    """The sum of the losses () of logits (N, V)."""
    targets = torch.from_numpy(pairs.targets.steps).long().to(logits.device)
    return nn.functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=label_smoothing)
