"""A gap filler's part in training: its loss, how it is judged, and a training from text to bundle.

    loss = −Σ_t ln p(w_t | all before it, all after it)  −  Σ_t ln p(w_t | all before it)        words w_t of windows

Both sums have gradients; the first alone is what is told, and what a look judges, so that figures are nats per gap. The
past alone has its own output on the same forward stack; what that costs or gains it is measured in docs/fill.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.data.text.id_files import blocks
from anaphora.errors import UsageError
from anaphora.runs.content import Result, Section
from anaphora.runs.report import Tensors, Trained
from anaphora.tasks.fill.corpus import Corpus, encode
from anaphora.tasks.fill.floor import Floor, floor
from anaphora.tasks.fill.network import OF_GAPS, WORD, specification
from anaphora.tasks.fill.saving import Report, opened, save, score
from anaphora.tasks.fill.scoring import Score
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.showing import results, sections
from anaphora.tasks.fill.windows import Batch, Windows, cut, laid
from anaphora.training import run
from anaphora.training.observer import Watch

_LOGITS_AT_ONCE = 2**22
_SCORING_MARGIN = 3.0  # the runtime scores both sides, in float64: a look so many times
_FEWEST = 512  # words and marks that are looked at or scored, however little time there is
_SHOWN = 20  # units of a window that is told of


class Work:
    """A gap filler's part in a run: an encoded corpus, and what is made of it."""

    task = "fill"
    unit = "gaps"

    def __init__(self, config: FillConfig, corpus: Corpus) -> None:
        self.config = config
        self.training = training = config.training
        self.sha256 = corpus.sha256
        self._corpus = corpus
        self._encoded = encoded = encode(config, corpus)
        self._floor: Floor | None = None
        self._words = encoded.lexicon.words
        self.tree = specification(config, encoded.lexicon.size)
        self.batches = Windows(encoded.train, self._words, training.batch, training.steps, training.seed)
        self.per_epoch = self.batches.per_epoch
        length = len(encoded.held_out)
        self._looks, self._scores = min(length, training.evaluation_units), min(length, SCORED)
        self._scored = self._scores
        self._looked_at = laid(encoded.held_out, self._words, cut(length, self._looks))
        self.look_units = len(self._looked_at)
        self.looks_per_score = _SCORING_MARGIN * self._scores / self._looks

    def limit(self, look_share: float, score_share: float) -> None:
        """Look at, and score, only such shares of the words and marks that would be."""
        looks, self._scored = (
            max(round(share * count), min(_FEWEST, count))
            for share, count in ((look_share, self._looks), (score_share, self._scores))
        )
        held_out = self._encoded.held_out
        self._looked_at = laid(held_out, self._words, cut(len(held_out), looks))

    def begin(self, model: Any) -> None:
        """Small vectors, since they are written with, too; outputs that know nothing but how frequent words are."""
        counts = np.zeros(self._encoded.lexicon.size, np.int64)
        for block in blocks(self._encoded.train):
            counts += np.bincount(block, minlength=len(counts))
        gaps = np.where(self._words, counts, 0) + 1.0
        logs = torch.from_numpy(np.log(gaps / gaps.sum()).astype(np.float32))
        with torch.no_grad():
            table = model.get_parameter(f"words.{WORD}.weight")
            nn.init.normal_(table, std=table.shape[1] ** -0.5)
            for side in ("both", "past"):
                model.get_parameter(f"{side}_output.bias").copy_(logs)

    def loss(self, model: nn.Module, batch: Batch, carry: None) -> tuple[Tensor, None]:
        """The sum of the gaps' losses from both sides; the past's adds its gradient alone. Nothing is carried."""
        gaps = np.flatnonzero(self._words[batch.ids].reshape(-1))
        targets = torch.from_numpy(batch.ids.reshape(-1)[gaps]).long()
        both, past = run_windows(model, self._some_unknown(batch.ids), gaps)
        targets = targets.to(both.device)
        aside = nn.functional.cross_entropy(past, targets, reduction="sum")
        told = nn.functional.cross_entropy(both, targets, reduction="sum")
        return told + (aside - aside.detach()), None

    def evaluate(self, model: nn.Module) -> float:
        """Nats per gap from both sides, on the held-out part or pieces spread over it."""
        gaps, total = self._looked_at, 0.0
        lengths = gaps.rows.lengths
        ids = gaps.rows.padded()
        at = gaps.step * len(lengths) + gaps.row
        size = max(1, _LOGITS_AT_ONCE // len(self._words))
        before, after = read(model, ids, lengths)
        for begin in range(0, len(gaps), size):
            here = slice(begin, begin + size)
            logits = both_of(model, before, after, at[here])
            targets = torch.from_numpy(gaps.target[here]).to(logits.device)
            total += float(nn.functional.cross_entropy(logits.float(), targets, reduction="sum"))
        return total / len(gaps)

    def name(self, batch: Batch, row: int, part: str = "") -> str:
        """A window is a stretch of the text: tell it by how it reads. Behind the recurrent layers a row is a gap."""
        if part in OF_GAPS:
            gap = int(np.flatnonzero(self._words[batch.ids].reshape(-1))[row])
            step, row = divmod(gap, batch.ids.shape[1])
            return f"the gap at step {step + 1} of {self.name(batch, row)}"
        read_ = self._encoded.lexicon.decode(batch.ids[:_SHOWN, row])
        return f"window {row + 1} (it begins {read_!r})"

    def count_floor(self, told: Watch) -> tuple[Result, ...]:
        """Count neighbours in the training part, and score the held-out part with them."""
        told.stage(f"counting the neighbours of {len(self._encoded.train):,} words and marks")
        return results(None, self._beaten())

    def sections(self, tensors: Tensors) -> tuple[Section, ...]:
        """How a model of these weights fills gaps."""
        return sections(opened(self.config, self._encoded, self.tree, tensors), self._encoded.held_out)

    def score(self, trained: Trained) -> Score:
        """How good the weights are on the held-out part, as the runtime computes it."""
        return score(self.config, self._encoded, self._beaten(), trained, self._scored)

    def save(
        self, trained: Trained, folder: Path, output: Path, score: Score | None
    ) -> tuple[Report, dict[Path, UsageError]]:
        """Write the bundle to both its places."""
        beaten = self._beaten()
        return save(self.config, self._corpus, self._encoded, beaten, trained, folder, output, self._scored, score)

    def _beaten(self) -> Floor:
        """What the network must beat, on what it is scored on."""
        if self._floor is None or self._floor.units != self._scored:
            self._floor = floor(self.config, self._encoded, self._scored)
        return self._floor

    def _some_unknown(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Words at random read as unknown: what is around a gap may be other gaps, and no one word decides alone."""
        share = self.config.model.unknown
        if share == 0:
            return ids
        hidden = (torch.rand(ids.shape).numpy() < share) & self._words[ids]
        return np.where(hidden, np.int32(0), ids)


def run_windows(model: Any, ids: NDArray[np.int32], gaps: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Logits (n, V) of gaps among the steps of windows (T, B), from both sides and from the past alone."""
    before, after = read(model, ids, None)
    return both_of(model, before, after, gaps), past_of(model, before, gaps)


def read(model: Any, ids: NDArray[np.int32], lengths: NDArray[np.int64] | None) -> tuple[Tensor, Tensor]:
    """What stands before and after each step of ids (T, B): (T, B, H) each, zeros beyond a row's ends."""
    vectors, before = read_before(model, ids)
    turned = torch.from_numpy(_turned(ids.shape, lengths)).to(before.device)
    after, _ = model.after(vectors.flatten(0, 1)[turned].unflatten(0, ids.shape))
    return before, _a_step_later(after).flatten(0, 1)[turned].unflatten(0, ids.shape)


def read_before(model: Any, ids: NDArray[np.int32]) -> tuple[Tensor, Tensor]:
    """The vectors of ids (T, B), and what stands before each: (T, B, E) and (T, B, H)."""
    vectors, _ = model.words(torch.from_numpy(ids).to(next(model.parameters()).device))
    return vectors, _a_step_later(model.before(vectors)[0])


def past_of(model: Any, before: Tensor, gaps: NDArray[np.int64]) -> Tensor:
    """Logits (n, V) of gaps from what stands before them."""
    narrow, _ = model.past(_steps(before, gaps))
    logits: Tensor = model.past_output(narrow)[0]
    return logits


def both_of(model: Any, before: Tensor, after: Tensor, gaps: NDArray[np.int64]) -> Tensor:
    """Logits (n, V) from both sides of gaps."""
    narrow, _ = model.both(torch.cat([_steps(before, gaps), _steps(after, gaps)], dim=2))
    logits: Tensor = model.both_output(narrow)[0]
    return logits


def _steps(states: Tensor, gaps: NDArray[np.int64]) -> Tensor:
    return states.flatten(0, 1)[torch.from_numpy(gaps).to(states.device)][None]


def _a_step_later(states: Tensor) -> Tensor:
    """What was read before each step; nothing before the first."""
    return torch.cat([torch.zeros_like(states[:1]), states[:-1]])


def _turned(shape: tuple[int, ...], lengths: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Where each step of rows (T, B) stands once every row is turned around within its length; twice, it is back."""
    T, B = shape
    step = np.arange(T)[:, None]
    ends = np.full(B, T) if lengths is None else lengths
    return (np.where(step < ends, ends - 1 - step, step) * B + np.arange(B)).reshape(-1)


def train(config: FillConfig, corpus: Corpus, output: str | Path, **how: Any) -> Report:
    """Train a gap filler on a corpus, score both sides beside the past alone and counts, and write the bundle.

    `how` is what `anaphora.training.run.train` takes; raises what that does, and DataError for a corpus too short.
    """
    report = run.train(Work(config, corpus), output, **how)
    assert isinstance(report, Report)
    return report
