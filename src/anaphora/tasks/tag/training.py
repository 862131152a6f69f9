"""A tagger's training: its loss, how it is validated, and its first weights.

    loss(sentence) = −ln p(tags | words)                       all tags of it together
                   = Σ_t −ln p(tag_t | words)                  with --no-crf

In training a word that occurs n times is read as unknown with probability r/(r + n) (Kiperwasser and Goldberg, TACL
2016), so that the network learns to use characters and neighbours; any word is also read as unknown with a small
probability. A validation uses the temperature that fits the held-out part: a network becomes overconfident long before
its accuracy falls, and the temperature is fitted again at the end (`anaphora.metrics.scaling`). The score at the end is
cross-fitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.data.files.sentences import Sentences
from anaphora.data.folds import Folds
from anaphora.data.sampling import by_length, evenly_spaced
from anaphora.errors import DataError
from anaphora.formatting import shortened
from anaphora.metrics import scaling
from anaphora.metrics.tagging import Measured
from anaphora.nn import ragged
from anaphora.nn.crf import CRF
from anaphora.runs.report import Judgement, Tensors, TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.tasks.tag import baseline, checks
from anaphora.tasks.tag.calibration import fit_temperatures
from anaphora.tasks.tag.data import Corpus, folds
from anaphora.tasks.tag.encoding import Encoded, Part, encode
from anaphora.tasks.tag.judgement import judgement, tested
from anaphora.tasks.tag.network import BATCH_DEFAULTS, CHAIN, CHARACTERS, layer_of, specification
from anaphora.tasks.tag.predict import Tagger
from anaphora.tasks.tag.score import Score
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.symbols import UNKNOWN
from anaphora.tasks.tag.truth import Truth
from anaphora.training.augment import hide_symbols
from anaphora.training.initialise import drop_recurrently, expect, small_embeddings, small_output
from anaphora.training.observer import Observer
from anaphora.training.rows import RowTask

_VALIDATED_AT_ONCE = 2**13  # words
_DEVIATION = 0.1  # of an embedding's first entries
_TRIED = 5  # steps of the search for a temperature, after its bracket
_SHOWN = 160  # characters of a sentence


class TagTraining(RowTask[TagConfig, Corpus, Encoded, Part, Tagger]):
    """The training of a tagger."""

    task, unit, loss_unit, fewest, scoring_margin = "tag", "words", "word", 100, 4.0
    model_class, batch_defaults = Tagger, BATCH_DEFAULTS

    def encode(self) -> Encoded:
        return encode(self.config, self.corpus)

    @cached_property
    def folds(self) -> Folds[Sentences]:
        assert self.training.folds is not None
        return folds(self.config, self.corpus, self.training.folds)

    def network(self) -> spec.Block:
        reader = self.encoded.reader
        return specification(self.config, reader.words.size, reader.characters.size, len(reader.tags))

    def units_of(self, part: Part) -> int:
        """Return the number of words."""
        return len(part.tags)

    @cached_property
    def hidden_share(self) -> NDArray[np.float64]:
        """Return the probability (V,) with which training reads each word as unknown."""
        network, counts = self.config.model, self.encoded.counts
        rare = (
            network.unk_rate / (network.unk_rate + np.maximum(counts, 1))
            if network.unk_rate > 0
            else np.zeros(len(counts))
        )
        return 1 - (1 - rare) * (1 - network.word_dropout)

    def initialise(self, model: nn.Module) -> None:
        """Begin with small embeddings, the frequencies of the tags, and the impossible tags of the chain."""
        reader = self.encoded.reader
        small_embeddings(model, _DEVIATION)
        small_output(model, "sentence.output.weight")
        expect(model, "sentence.output.bias", np.bincount(self.encoded.train.tags, minlength=len(reader.tags)))
        drop_recurrently(model, self.config.model.recurrent_dropout, layer_of(self.config.model))
        chain = getattr(model, CHAIN, None)
        if isinstance(chain, CRF):
            chain.forbid(*map(torch.from_numpy, reader.impossible()))

    def batch_loss(self, model: nn.Module, batch: Part, carry: None) -> tuple[Tensor, None]:
        words = hide_symbols(batch.words.steps, self.hidden_share[batch.words.steps], UNKNOWN)
        return nats(model, run_words(model, batch, words), batch.tags).sum(), None

    def validation_part(self, count: int) -> Part:
        """Return sentences whose tags are all known; raises DataError if there is no such sentence."""
        held_out = self.encoded.held_out
        known = np.flatnonzero(held_out.known)
        if not len(known):
            raise DataError(
                "Every held-out sentence has a tag that the training part lacks, so the two parts do not"
                " match. --tag names the tag column, and --scheme the scheme of spans."
            )
        return held_out.take(by_length(known[evenly_spaced(len(known), count)], held_out.lengths))

    def validation_loss(self, model: nn.Module) -> float:
        """Return nats per word, at the temperature that fits these sentences."""
        pieces = self.pieces(_VALIDATED_AT_ONCE)
        scored = [(run_words(model, piece, piece.words.steps), piece.tags) for piece in pieces]

        def total(temperature: float) -> float:
            return sum(float(nats(model, scores, tags, temperature).sum()) for scores, tags in scored)

        return total(scaling.fitted_temperature(total, _TRIED)) / len(self.validated.tags)

    @property
    def validations_per_score(self) -> float:
        return self.scoring_margin * self.corpus.held_out.words / self.validation_units

    def describe(self, batch: Part, row: int, part: str = "") -> str:
        """Describe a sentence by its location and words; for characters, a word that has them."""
        if part != CHARACTERS:
            return super().describe(batch, row, part)
        at = int(np.flatnonzero(batch.forms == row)[0])
        row = int(np.searchsorted(batch.words.ends, at, side="right"))
        word = at - int(batch.words.ends[row] - batch.lengths[row])
        train, number = self.corpus.train, int(batch.numbers[row])
        return f"{train.at(number)} (its word {word + 1}, {train.tokens[number][word]!r})"

    def quote(self, row: int) -> str:
        return shortened(" ".join(self.corpus.train.tokens[row]), _SHOWN)

    def fit_baseline(self, observer: Observer) -> None:
        observer.stage("counting each word's most frequent tag")
        self._baseline = baseline.fitted(self.corpus.train)

    @property
    def baseline(self) -> Measured:
        return self._baseline.score(self._scored_sentences)

    @property
    def _scored_sentences(self) -> Sentences:
        return self.corpus.held_out.take(self.scored_rows.tolist())

    def score(self, trained: TrainedWeights) -> Score:
        """Return the cross-fitted score; its temperature is fitted to all scored sentences."""
        sentences = self._scored_sentences
        tagger = self.opened(trained.tree, trained.tensors)
        part = tagger.reader.labelled(sentences)
        temperatures = fit_temperatures(tagger, part)
        score = tagger.scored(self._truth(sentences), part, temperatures.cross_fitted)
        return replace(score, temperature=temperatures.whole)

    def keys(self, part: Sentences) -> Iterable[Hashable | None]:
        return checks.keys(part)

    def tested(self, model: Tagger) -> Tested:
        assert self.corpus.test is not None
        test = self.corpus.test.take(self.tested_rows.tolist())
        return tested(model.scored(self._truth(test)), self._baseline.score(test), self.corpus, len(model.reader.tags))

    def _truth(self, sentences: Sentences) -> Truth:
        """Return sentences of the corpus with their tags as the data write them."""
        return Truth(sentences, tuple(tuple(map(self.corpus.marking.written, row)) for row in sentences.tags))

    def judge(self, score: Score | None, trained: TrainedWeights | None) -> Judgement:
        return judgement(score, self.baseline, self.corpus, len(self.encoded.reader.tags), self.scored)

    def reader(self, score: Score | None) -> tuple[dict[str, Any], Tensors]:
        reader = self.encoded.reader
        units = {**reader.settings(), "temperature": 1.0 if score is None else score.temperature}
        return units, {**reader.tensors(), **self._baseline.tensors()}


TRAINING = TagTraining


def run_words(model: Any, part: Part, words: NDArray[np.int32]) -> ragged.Ragged:
    """Scores of all words, rows of (K,); `words` (N,) are read in place of the part's own."""
    device = next(model.parameters()).device
    lengths = torch.from_numpy(part.lengths)
    read, _ = model.words(ragged.Ragged(torch.from_numpy(words).to(device), lengths))
    if hasattr(model, CHARACTERS):
        steps = torch.from_numpy(part.characters.steps).to(device)
        forms, _ = getattr(model, CHARACTERS)(ragged.Ragged(steps, torch.from_numpy(part.characters.lengths)))
        own = forms.index_select(0, torch.from_numpy(part.forms).to(device))
        read = read.with_data(torch.cat([read.data, own], dim=1))
    scores, _ = model.sentence(read)
    assert isinstance(scores, ragged.Ragged)
    return scores


def nats(model: nn.Module, scores: ragged.Ragged, tags: NDArray[np.int64], temperature: float = 1.0) -> Tensor:
    """Return −ln p of the tags (N,): per sentence (B,) with a chain, per word (N,) without."""
    targets = torch.from_numpy(tags).to(scores.data.device)
    chain = getattr(model, CHAIN, None)
    if chain is None:
        return nn.functional.cross_entropy(scores.data.float() / temperature, targets, reduction="none")
    found: Tensor = chain(scores, targets, temperature)
    return found
