"""A gap filler's training: its loss, how it is validated, and its first weights.

    loss = −Σ_t ln p(w_t | all before it, all after it)  −  Σ_t ln p(w_t | all before it)        words w_t of windows

Training minimises both sums. Reports and validations show the first sum alone, so that losses are nats per gap. The
prediction from left to right has its own output on the same forward layers; docs/fill.md compares it with a network of
its own.
"""

from __future__ import annotations

from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.data.sampling import at_least
from anaphora.data.text import id_files
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.folds import TextFolds
from anaphora.runs.content import ReportSection
from anaphora.runs.report import Judgement, Tensors, TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.tasks.fill.baseline import Baseline, baseline, counted
from anaphora.tasks.fill.data import Encoded, encode
from anaphora.tasks.fill.judgement import judgement, sections, tested
from anaphora.tasks.fill.network import OF_GAPS, SIDES, specification
from anaphora.tasks.fill.predict import GapFiller
from anaphora.tasks.fill.score import Score, judge, summed
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.windows import Gaps, Ids, Windows, gaps_of
from anaphora.training.augment import hide_symbols
from anaphora.training.initialise import expect, small_embeddings
from anaphora.training.observer import Observer
from anaphora.training.supervised import SupervisedTask

_LOGITS_AT_ONCE = 2**22
_OF_TEST = "this is the test text of the training"
_SHOWN = 20  # units of a window that is described


class FillTraining(SupervisedTask[FillConfig, TextCorpus, Encoded, Ids, GapFiller]):
    """The training of a gap filler."""

    task, unit, loss_unit, fewest = "fill", "gaps", "gap", 512
    scoring_margin = 3.0  # the runtime scores both sides, in float64
    model_class = GapFiller
    validated: Gaps

    def encode(self) -> Encoded:
        return encode(self.config, self.corpus)

    @property
    def words(self) -> NDArray[np.bool_]:
        """(V,) true for symbols that are words."""
        return self.encoded.vocabulary.words

    @cached_property
    def folds(self) -> TextFolds:
        assert self.config.training.folds is not None
        return TextFolds(self.corpus, self.config.training.folds, self.config.data.valid)

    def network(self) -> spec.Block:
        return specification(self.config, self.encoded.vocabulary.size)

    def make_batches(self) -> Windows:
        training = self.config.training
        return Windows(self.encoded.train, self.words, training.batch, training.bptt, training.seed)

    def initialise(self, model: Any) -> None:
        """Begin with small vectors, because they also write, and with outputs equal to the frequencies of the words."""
        small_embeddings(model, self.config.model.embedding**-0.5)
        frequencies = np.where(self.words, id_files.counts(self.encoded.train, len(self.words)), 0)
        for side in SIDES:
            expect(model, f"{side}_output.bias", frequencies)

    def batch_loss(self, model: nn.Module, batch: Ids, carry: None) -> tuple[Tensor, None]:
        """Return the sum () of the losses of the gaps of a batch of windows (T, B), from both sides; the loss from the
        left side adds only its gradient.
        """
        gaps = np.flatnonzero(self.words[batch].reshape(-1))
        targets = torch.from_numpy(batch.reshape(-1)[gaps]).long()
        both, past = run_windows(model, self.hidden(batch), gaps)
        targets = targets.to(both.device)
        beside = nn.functional.cross_entropy(past, targets, reduction="sum")
        reported = nn.functional.cross_entropy(both, targets, reduction="sum")
        return reported + (beside - beside.detach()), None

    def hidden(self, ids: Ids) -> Ids:
        """Return symbols (T, B) with some words read as unknown at random: a context may contain other gaps."""
        return hide_symbols(ids, self.config.model.unk_dropout, self.encoded.vocabulary.unknown, self.words[ids])

    @property
    def most_validated(self) -> int:
        return min(len(self.encoded.held_out), self.config.training.evaluation_units)

    @property
    def most_scored(self) -> int:
        return min(len(self.encoded.held_out), SCORED)

    def validation_part(self, count: int) -> Gaps:
        """Return the gaps of so many units, or of more units if there is no word among them."""
        while not len(found := gaps_of(self.encoded.held_out, self.words, count)):
            count *= 2
        return found

    def validation_loss(self, model: nn.Module) -> float:
        """Nats per gap from both sides."""
        gaps, total = self.validated, 0.0
        (row, step), lengths = gaps.rows.locate(gaps.places), gaps.rows.lengths
        at = step * len(lengths) + row
        size = max(1, _LOGITS_AT_ONCE // len(self.words))
        before, after = read(model, gaps.rows.padded(), lengths)
        for begin in range(0, len(gaps), size):
            here = slice(begin, begin + size)
            logits = logits_of(model, "both", at[here], before, after)
            targets = torch.from_numpy(gaps.target[here]).to(logits.device)
            total += float(nn.functional.cross_entropy(logits.float(), targets, reduction="sum"))
        return total / len(gaps)

    @property
    def validation_units(self) -> int:
        return len(self.validated)

    def describe(self, batch: Ids, row: int, part: str = "") -> str:
        """Describe a window of a batch (T, B) by its first words; in the parts of the outputs, a row is a gap."""
        if part in OF_GAPS:
            gap = int(np.flatnonzero(self.words[batch].reshape(-1))[row])
            step, row = divmod(gap, batch.shape[1])
            return f"the gap at step {step + 1} of {self.describe(batch, row)}"
        begins = self.encoded.vocabulary.decode(batch[:_SHOWN, row])
        return f"window {row + 1} (it begins {begins!r})"

    def fit_baseline(self, observer: Observer) -> None:
        observer.stage(f"counting the neighbours of {len(self.encoded.train):,} words and punctuation marks")
        self._counts = counted(self.training.minutes, self.encoded)
        of_units = partial(baseline, self._counts, self.words, self.encoded.held_out)
        self._baseline_on = lru_cache(1)(of_units)

    @property
    def baseline(self) -> Baseline:
        return self._baseline_on(self.scored)

    def score(self, trained: TrainedWeights) -> Score:
        held_out = self.encoded.held_out
        gaps = gaps_of(held_out, self.words, self.scored)
        found = judge(self.opened(trained.tree, trained.tensors).network, self.words, gaps, len(held_out))
        return summed(found, self.baseline.methods, "this is the held-out text of the training")

    @property
    def most_tested(self) -> int:
        return 0 if self.encoded.test is None else min(len(self.encoded.test), SCORED)

    def tested(self, model: GapFiller) -> Tested:
        test = self.encoded.test
        assert test is not None
        units = at_least(self.score_share, self.most_tested, self.fewest)
        simple = baseline(self._counts, self.words, test, units)
        found = judge(model.network, self.words, gaps_of(test, self.words, units), len(test))
        return tested(summed(found, simple.methods, _OF_TEST), simple, self.corpus.test_sha256, len(test))

    def judge(self, score: Score | None, trained: TrainedWeights | None) -> Judgement:
        encoded = self.encoded
        known = {
            "held_out_sha256": self.corpus.held_out_sha256,
            "train_units": len(encoded.train),
            "held_out_units": len(encoded.held_out),
        }
        shown: tuple[ReportSection, ...] = ()
        if score is not None and trained is not None:
            shown = sections(self.opened(trained.tree, trained.tensors), encoded.held_out)
        return judgement(score, self.baseline, known, len(encoded.held_out), shown)

    def reader(self, score: Score | None) -> tuple[dict[str, Any], Tensors]:
        known = self.encoded.vocabulary
        return {"kind": "word", "lower": known.lower, **known.settings()}, known.tensors()


TRAINING = FillTraining


def run_windows(model: Any, ids: Ids, gaps: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Logits (n, V) of gaps among the steps of windows (T, B), from both sides and from left to right."""
    before, after = read(model, ids, None)
    return logits_of(model, "both", gaps, before, after), logits_of(model, "past", gaps, before)


def read(model: Any, ids: Ids, lengths: NDArray[np.int64] | None) -> tuple[Tensor, Tensor]:
    """The states before and after each step of ids (T, B): (T, B, H) each, zeros beyond a row's ends."""
    vectors, before = read_before(model, ids)
    turned = torch.from_numpy(_turned(ids.shape, lengths)).to(before.device)
    after, _ = model.after(vectors.flatten(0, 1)[turned].unflatten(0, ids.shape))
    return before, _a_step_later(after).flatten(0, 1)[turned].unflatten(0, ids.shape)


def read_before(model: Any, ids: Ids) -> tuple[Tensor, Tensor]:
    """The vectors of ids (T, B), and what stands before each: (T, B, E) and (T, B, H)."""
    vectors, _ = model.words(torch.from_numpy(ids).to(next(model.parameters()).device))
    return vectors, _a_step_later(model.before(vectors)[0])


def logits_of(model: Any, side: str, gaps: NDArray[np.int64], *states: Tensor) -> Tensor:
    """Logits (n, V) of gaps from the states (T, B, H) of one side, or of both."""
    beside = [each.flatten(0, 1)[torch.from_numpy(gaps).to(each.device)] for each in states]
    narrow, _ = getattr(model, side)(torch.cat(beside, dim=1)[None])
    logits: Tensor = getattr(model, f"{side}_output")(narrow)[0]
    return logits


def _a_step_later(states: Tensor) -> Tensor:
    """Return the states before each step; zeros before the first."""
    return torch.cat([torch.zeros_like(states[:1]), states[:-1]])


def _turned(shape: tuple[int, ...], lengths: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the position of each step of rows (T, B) after each row is reversed; twice changes nothing."""
    T, B = shape
    step = np.arange(T)[:, None]
    ends = np.full(B, T) if lengths is None else lengths
    return (np.where(step < ends, ends - 1 - step, step) * B + np.arange(B)).reshape(-1)
