"""A classifier's part in training: its loss, how it is judged, and a training from rows to bundle.

    loss(row) = −w_y ln p(y | row)                          one label
    loss(row) = −Σ_k [t_k ln p_k + (1 − t_k) ln(1 − p_k)]   several
    w_y = (n / (K·n_y))^a,  a = 0, ½ or 1                    none, root, balanced

A look judges the held-out part at the temperature that fits it best: a network grows too sure of itself long before it
begins to be wrong more often, and the temperature is fitted again at the end anyway (Guo et al., ICML 2017).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.data.batches import Bucketed, Ragged, edges
from anaphora.errors import UsageError
from anaphora.metrics import classification
from anaphora.nn import ragged
from anaphora.nn.build import Stack
from anaphora.runs.content import Result
from anaphora.runs.report import Trained
from anaphora.tasks.classify.amounts import settled
from anaphora.tasks.classify.encoding import Encoded, Part, encode
from anaphora.tasks.classify.floor import Guesses, guessed
from anaphora.tasks.classify.network import share_unknown, specification
from anaphora.tasks.classify.reading import Corpus
from anaphora.tasks.classify.saving import Report, save, score
from anaphora.tasks.classify.scoring import Score, shown, temperature_of
from anaphora.tasks.classify.settings import ClassifyConfig
from anaphora.tasks.classify.showing import results
from anaphora.training import run
from anaphora.training.observer import Watch

_POWER = {"none": 0.0, "root": 0.5, "balanced": 1.0}
_LOOKED_AT_ONCE = 2**15  # steps
_SCORING_MARGIN = 1.5  # the runtime's scoring may be so much slower than a look in training
_FEWEST = 100  # rows that are looked at or scored, however little time there is
_SPREAD = 0.1  # standard deviation of an embedding's first entries


class Batch(NamedTuple):
    """Rows that are read at once, and where they stand in the training part."""

    rows: Ragged
    targets: NDArray[Any]
    numbers: NDArray[np.int64]


class Batches:
    """A part in batches, a function of the position."""

    def __init__(self, part: Part, bucketed: Bucketed) -> None:
        self._part, self._bucketed = part, bucketed

    def at(self, position: int) -> Batch:
        """The batch at this position."""
        return self._gathered(self._bucketed.at(position))

    def units(self, batch: Batch) -> int:
        """Rows."""
        return len(batch.numbers)

    def part(self, batch: Batch, rank: int, ranks: int) -> Batch:
        """One worker's rows."""
        return self._gathered(self._bucketed.part(batch.numbers, rank, ranks))

    def _gathered(self, numbers: NDArray[np.int64]) -> Batch:
        return Batch(self._part.rows.take(numbers), self._part.targets[numbers], numbers)


class Work:
    """A classifier's part in a run: an encoded corpus, and what is made of it."""

    task = "classify"
    unit = "rows"

    def __init__(self, config: ClassifyConfig, corpus: Corpus) -> None:
        self.config = config
        self.sha256 = corpus.sha256
        self._corpus = corpus
        self._encoded = encoded = encode(config, corpus)
        self.training = training = settled(config, encoded.train.rows.lengths)
        self._guesses: Guesses | None = None
        reader = encoded.reader
        self.tree = specification(config, reader.kind, reader.width, len(encoded.labels))
        bucketed = Bucketed(encoded.train.rows.lengths, training.batch_steps, training.seed, training.batch)
        self.batches = Batches(encoded.train, bucketed)
        self.per_epoch = bucketed.per_epoch
        self._scored = np.arange(len(corpus.held_out))
        self._looked_at = sample(encoded.held_out, training.evaluation_rows)
        self.look_units = len(self._looked_at.targets)
        self.looks_per_score = _SCORING_MARGIN * len(corpus.held_out) / self.look_units
        weights = None if encoded.multi else class_weights(encoded.train.targets, training.class_weights)
        self._weights = None if weights is None else torch.from_numpy(weights)
        self._unknown = None if reader.vocabulary is None else reader.vocabulary.unknown
        self._share = share_unknown(config, reader.kind)

    def limit(self, look_share: float, score_share: float) -> None:
        """Look at, and score, only such shares of what would be."""
        looked_at, scored = (
            max(round(share * count), min(_FEWEST, count))
            for share, count in ((look_share, self.look_units), (score_share, len(self._corpus.held_out)))
        )
        self._looked_at = sample(self._encoded.held_out, looked_at)
        self._scored = spread(len(self._corpus.held_out), scored)

    def begin(self, model: Stack) -> None:
        """Small embeddings, which leave the first steps to what is learned; an output that knows nothing but how
        frequent each label is.
        """
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name == "embedding.weight":
                    nn.init.normal_(parameter, std=_SPREAD)
            model.get_parameter("output.weight").mul_(0.1)
            model.get_parameter("output.bias").copy_(torch.from_numpy(first_bias(self._encoded)))

    def loss(self, model: nn.Module, batch: Batch, carry: None) -> tuple[Tensor, None]:
        """The sum of the rows' losses; nothing is carried."""
        device = next(model.parameters()).device
        logits = run_rows(model, self._some_unknown(batch.rows))
        targets = torch.from_numpy(batch.targets).to(device)
        if self._encoded.multi:
            return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum"), None
        weights = None if self._weights is None else self._weights.to(device)
        return nn.functional.cross_entropy(logits, targets, weights, reduction="sum"), None

    def evaluate(self, model: nn.Module) -> float:
        """Nats per row of the held-out part, or of rows spread over it, at their best temperature."""
        part = self._looked_at
        cuts = edges(part.rows.lengths, _LOOKED_AT_ONCE, len(part.targets))
        found = [
            run_rows(model, part.rows.take(np.arange(begin, end))).float().cpu().numpy()
            for begin, end in pairwise(cuts.tolist())
        ]
        scores, multi = np.concatenate(found), self._encoded.multi
        heat = temperature_of(scores, part.targets, multi)
        return float(classification.nats(scores, part.targets, heat, multi).mean())

    def name(self, batch: Batch, row: int, part: str = "") -> str:
        """Where a row stands, and how it reads."""
        train, number = self._corpus.train, int(batch.numbers[row])
        return f"{train.at(number)} ({shown(train, number)})"

    def count_floor(self, told: Watch) -> tuple[Result, ...]:
        """Fit the simple methods."""
        told.stage(f"fitting a logistic regression to {len(self._corpus.train):,} rows")
        self._guesses = guessed(self.config, self._corpus, self._encoded)
        by_f1 = self._encoded.multi or self.training.class_weights != "none"
        return results(None, self._guesses.judged(self._encoded, self._scored), by_f1)

    def score(self, trained: Trained) -> Score:
        """How good the weights are on the held-out part, or rows spread over it, as the runtime computes it."""
        return score(self._corpus, self._encoded, trained, self._scored)

    def save(
        self, trained: Trained, folder: Path, output: Path, score: Score | None
    ) -> tuple[Report, dict[Path, UsageError]]:
        """Write the bundle to both its places."""
        assert self._guesses is not None
        floor, rows = self._guesses.judged(self._encoded, self._scored), len(self._corpus.held_out)
        note = f"Scored are {len(self._scored):,} of {rows:,} held-out rows: --minutes left no time for more."
        note = note if len(self._scored) < rows else ""
        return save(self.config, self._corpus, self._encoded, floor, trained, folder, output, score, note)

    def _some_unknown(self, rows: Ragged) -> Ragged:
        """Symbols at random read as unknown, so that the unknown one is learned and no word decides alone."""
        if self._unknown is None or self._share == 0:
            return rows
        hidden = torch.rand(len(rows.steps)).numpy() < self._share
        return Ragged(np.where(hidden, np.int32(self._unknown), rows.steps), rows.ends)


def run_rows(model: nn.Module, rows: Ragged) -> Tensor:
    """What the network says of rows, (B, K)."""
    device = next(model.parameters()).device
    steps = torch.from_numpy(rows.steps).to(device)
    logits, _ = model(ragged.Ragged(steps, torch.from_numpy(rows.lengths)))
    assert isinstance(logits, Tensor)
    return logits


def class_weights(targets: NDArray[np.int64], how: str) -> NDArray[np.float32] | None:
    """(K,) what each label's rows weigh, n-weighted mean 1 or near it; None if all weigh the same."""
    if how == "none":
        return None
    counts = np.bincount(targets)
    weights = (counts.sum() / (len(counts) * counts)) ** _POWER[how]
    scaled: NDArray[np.float32] = (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
    return scaled


def first_bias(encoded: Encoded) -> NDArray[np.float32]:
    """(K,) the output's bias under which each label is as likely as it is frequent."""
    targets, labels = encoded.train.targets, len(encoded.labels)
    if encoded.multi:
        share = (targets.sum(0) + 1) / (len(targets) + 2)
        odds: NDArray[np.float32] = np.log(share / (1 - share)).astype(np.float32)
        return odds
    counts = np.bincount(targets, minlength=labels) + 1.0
    logs: NDArray[np.float32] = np.log(counts / counts.sum()).astype(np.float32)
    return logs


def spread(count: int, most: int) -> NDArray[np.int64]:
    """All of so many rows, or `most` of them evenly spread."""
    return np.arange(count) if count <= most else np.arange(most) * count // most


def sample(part: Part, most: int) -> Part:
    """A part, or of a larger one so many rows evenly spread over it; sorted by length."""
    rows = spread(len(part.targets), most)
    rows = rows[np.argsort(part.rows.lengths[rows], kind="stable")]
    return Part(part.rows.take(rows), part.targets[rows])


def train(config: ClassifyConfig, corpus: Corpus, output: str | Path, **how: Any) -> Report:
    """Train a classifier on a corpus, score it beside the simple methods, and write the bundle to `output`.

    `how` is what `anaphora.training.run.train` takes; raises what that does, and DataError for labels that cannot be
    learned.
    """
    report = run.train(Work(config, corpus), output, **how)
    assert isinstance(report, Report)
    return report
