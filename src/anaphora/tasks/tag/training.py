"""A tagger's part in training: its loss, how it is judged, and a training from sentences to bundle.

    loss(sentence) = −ln p(tags | words)                       all tags of it together
                   = Σ_t −ln p(tag_t | words)                  with --no-crf

In training a word that occurs n times is read as unknown with probability r/(r + n) (Kiperwasser and Goldberg, TACL
2016), so that the network learns to go by letters and neighbours; besides, any word with a small one. A look judges the
held-out part at the temperature that fits it best: a network grows too sure of itself long before it begins to be wrong
more often, and the temperature is fitted again at the end anyway (Guo et al., ICML 2017).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.data.batches import Bucketed, edges
from anaphora.errors import DataError, UsageError
from anaphora.nn import ragged
from anaphora.nn.crf import CRF
from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.recurrent_dropout import recurrent_dropout
from anaphora.runs.content import Result
from anaphora.runs.report import Trained
from anaphora.tasks.tag.amounts import settled
from anaphora.tasks.tag.calibration import fitted
from anaphora.tasks.tag.encoding import UNKNOWN, Part, encode
from anaphora.tasks.tag.floor import Floor, floor
from anaphora.tasks.tag.network import CHAIN, LETTERS, specification
from anaphora.tasks.tag.reading import Corpus
from anaphora.tasks.tag.saving import Report, save, score
from anaphora.tasks.tag.scoring import Score, shown
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.showing import results
from anaphora.training import run
from anaphora.training.observer import Watch

_LOOKED_AT_ONCE = 2**13  # words
_SCORING_MARGIN = 4.0  # the runtime's scoring may be so much slower than a look in training
_FEWEST = 100  # sentences that are looked at or scored, however little time there is
_SPREAD = 0.1  # standard deviation of an embedding's first entries
_TRIED = 8  # temperatures, in a look


class Batches:
    """A part in batches, a function of the position."""

    def __init__(self, part: Part, bucketed: Bucketed) -> None:
        self._part, self._bucketed = part, bucketed

    def at(self, position: int) -> Part:
        """The batch at this position."""
        return self._part.take(self._bucketed.at(position))

    def units(self, batch: Part) -> int:
        """Words."""
        return len(batch.tags)

    def part(self, batch: Part, rank: int, ranks: int) -> Part:
        """One worker's sentences."""
        return batch.take(np.arange(len(batch.rows))[rank::ranks])


class Work:
    """A tagger's part in a run: an encoded corpus, and what is made of it."""

    task = "tag"
    unit = "words"

    def __init__(self, config: TagConfig, corpus: Corpus) -> None:
        self.config = config
        self.sha256 = corpus.sha256
        self._corpus = corpus
        self._encoded = encoded = encode(config, corpus)
        lengths = encoded.train.words.lengths
        self.training = training = settled(config, lengths)
        self._floor: Floor | None = None
        reader = encoded.reader
        self.tree = specification(config, reader.words.size, reader.letters.size, len(reader.tags))
        bucketed = Bucketed(lengths, training.batch_steps, training.seed, training.batch)
        self.batches = Batches(encoded.train, bucketed)
        self.per_epoch = bucketed.per_epoch
        self._held_out = corpus.held_out  # what is scored
        self._looked_at = sample(encoded.held_out, training.evaluation_rows)
        self.look_units = len(self._looked_at.tags)
        self.looks_per_score = _SCORING_MARGIN * corpus.held_out.words / self.look_units
        rare = config.model.rare
        hidden = rare / (rare + np.maximum(encoded.counts, 1)) if rare > 0 else np.zeros(len(encoded.counts))
        self._hidden = 1 - (1 - hidden) * (1 - config.model.word_dropout)  # p(read as unknown) of each word

    def limit(self, look_share: float, score_share: float) -> None:
        """Look at, and score, only such shares of what would be."""
        held_out, most = self._corpus.held_out, min(len(self._encoded.held_out.rows), self.training.evaluation_rows)
        looked_at, scored = (
            max(round(share * count), min(_FEWEST, count))
            for share, count in ((look_share, most), (score_share, len(held_out)))
        )
        self._looked_at = sample(self._encoded.held_out, looked_at)
        rows = np.arange(scored) * len(held_out) // scored
        self._held_out = held_out if scored == len(held_out) else held_out.take(rows.tolist())

    def begin(self, model: Any) -> None:
        """Small embeddings, which leave the first steps to what is learned; an output that knows nothing but how
        frequent each tag is; what the chain cannot be.
        """
        reader, tags = self._encoded.reader, self._encoded.train.tags
        counts = np.bincount(tags, minlength=len(reader.tags)) + 1.0
        with torch.no_grad():
            for module in model.modules():
                if isinstance(module, nn.Embedding):
                    nn.init.normal_(module.weight, std=_SPREAD)
            model.get_parameter("sentence.output.weight").mul_(0.1)
            model.get_parameter("sentence.output.bias").copy_(torch.from_numpy(np.log(counts / counts.sum())))
        for name, module in model.named_modules():
            if isinstance(module, RecurrentBase) and name.endswith("both_ways"):
                recurrent_dropout(module, self.config.model.recurrent_dropout)
            if isinstance(module, CRF):
                module.forbid(*map(torch.from_numpy, reader.impossible()))

    def loss(self, model: nn.Module, batch: Part, carry: None) -> tuple[Tensor, None]:
        """The sum of the sentences' losses; nothing is carried."""
        words = batch.words.steps
        hidden = torch.rand(len(words)).numpy() < self._hidden[words]
        scores = run_words(model, batch, np.where(hidden, np.int32(UNKNOWN), words))
        return nats(model, scores, batch.tags).sum(), None

    def evaluate(self, model: nn.Module) -> float:
        """Nats per word of the held-out part, or of sentences spread over it, at their best temperature."""
        part = self._looked_at
        cuts = edges(part.words.lengths, _LOOKED_AT_ONCE, len(part.rows))
        pieces = [part.take(np.arange(begin, end)) for begin, end in pairwise(cuts.tolist())]
        scored = [(run_words(model, piece, piece.words.steps), piece.tags) for piece in pieces]

        def total(temperature: float) -> float:
            return sum(float(nats(model, scores, tags, temperature).sum()) for scores, tags in scored)

        return total(fitted(total, _TRIED)) / len(part.tags)

    def name(self, batch: Part, row: int, part: str = "") -> str:
        """Where a sentence stands, and how it reads; of letters, a word that is spelled so."""
        train = self._corpus.train
        if part == LETTERS:
            line = int(np.flatnonzero(batch.forms == row)[0])
            row = int(np.searchsorted(batch.words.ends, line, side="right"))
            word = line - int(batch.words.ends[row] - batch.words.lengths[row])
            number = int(batch.rows[row])
            return f"{train.at(number)} (its word {word + 1}, {train.tokens[number][word]!r})"
        number = int(batch.rows[row])
        return f"{train.at(number)} ({shown(train.tokens[number])})"

    def count_floor(self, told: Watch) -> tuple[Result, ...]:
        """Count each word's tags."""
        told.stage("counting each word's most frequent tag")
        self._floor = floor(self._corpus)
        return results(None, self._floor.score(self._held_out), self._corpus.scheme)

    def score(self, trained: Trained) -> Score:
        """How good the weights are on the held-out part, or sentences spread over it, as the runtime computes it."""
        assert self._floor is not None
        return score(self._held_out, self._encoded.reader, self._floor, trained)

    def save(
        self, trained: Trained, folder: Path, output: Path, score: Score | None
    ) -> tuple[Report, dict[Path, UsageError]]:
        """Write the bundle to both its places."""
        assert self._floor is not None
        return save(
            self.config, self._corpus, self._held_out, self._encoded.reader, self._floor, trained, folder, output, score
        )


def run_words(model: Any, part: Part, words: NDArray[np.int32]) -> ragged.Ragged:
    """Scores of all words, rows of (K,); `words` are read in place of the part's own."""
    device = next(model.parameters()).device
    lengths = torch.from_numpy(part.words.lengths)
    read, _ = model.words(ragged.Ragged(torch.from_numpy(words).to(device), lengths))
    if hasattr(model, LETTERS):
        steps = torch.from_numpy(part.letters.steps).to(device)
        spelled, _ = model.letters(ragged.Ragged(steps, torch.from_numpy(part.letters.lengths)))
        own = spelled.index_select(0, torch.from_numpy(part.forms).to(device))
        read = read.with_data(torch.cat([read.data, own], dim=1))
    scores, _ = model.sentence(read)
    assert isinstance(scores, ragged.Ragged)
    return scores


def nats(model: nn.Module, scores: ragged.Ragged, tags: NDArray[np.int64], temperature: float = 1.0) -> Tensor:
    """−ln p of the tags: of each sentence (B,) where a chain judges them, else of each word (N,)."""
    targets = torch.from_numpy(tags).to(scores.data.device)
    chain = getattr(model, CHAIN, None)
    if chain is None:
        return nn.functional.cross_entropy(scores.data.float() / temperature, targets, reduction="none")
    found: Tensor = chain(scores, targets, temperature)
    return found


def sample(part: Part, most: int) -> Part:
    """The sentences whose tags are all known, or of many some evenly spread over them; sorted by length.

    Raises DataError if there is none.
    """
    known = np.minimum.reduceat(part.tags, part.words.ends - part.words.lengths) >= 0
    rows = np.flatnonzero(known)
    if not len(rows):
        raise DataError(
            "Every sentence of the held-out part has a tag that the training part has not: they can't be of one kind."
            " --tag names the column, --scheme how tags mean spans."
        )
    rows = rows if len(rows) <= most else rows[np.arange(most) * len(rows) // most]
    return part.take(rows[np.argsort(part.words.lengths[rows], kind="stable")])


def train(config: TagConfig, corpus: Corpus, output: str | Path, **how: Any) -> Report:
    """Train a tagger on a corpus, score it beside each word's most frequent tag, and write the bundle to `output`.

    `how` is what `anaphora.training.run.train` takes; raises what that does, and DataError for tags that cannot be
    learned.
    """
    report = run.train(Work(config, corpus), output, **how)
    assert isinstance(report, Report)
    return report
