"""A trained tagger on the runtime alone: sentences in, tags out, with their probabilities.

    p(tags | words) = exp(s(tags)/T) / Z        over all tags that are possible, T the temperature that was fitted

A sentence's numbers are the same bits whatever sentences it is read with: they are sorted by length and cut into
batches only to save time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.bundle import Bundle
from anaphora.data.batches import Ragged, edges
from anaphora.errors import CorruptBundle, IncompatibleBundle
from anaphora.metrics import spans
from anaphora.runtime import Model, load, parts
from anaphora.runtime.crf import Chain
from anaphora.tasks.tag.encoding import Part, Reader
from anaphora.tasks.tag.floor import Floor
from anaphora.tasks.tag.network import CHAIN, LETTERS, SENTENCE, WORDS

_ROWS_AT_ONCE = 256
_WORDS_AT_ONCE = 2**13
_WAYS_AT_ONCE = 2**19  # from a tag to a tag, of all rows together


class Tagged(NamedTuple):
    """Tags of a sentence, how likely they are all together, and, where it was asked, how likely the type of each is."""

    tags: tuple[str, ...]
    probability: float
    confidence: tuple[float, ...] = ()


class Scored(NamedTuple):
    """Some sentences of a part with their scores (T, B, K)."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    lengths: NDArray[np.int64]


class Tagger:
    """A model with all it needs to read sentences and to tag them."""

    def __init__(self, model: Model) -> None:
        """Raises IncompatibleBundle if the model is no tagger, CorruptBundle if it lacks what one needs."""
        task = model.config.get("task")
        if task != "tag":
            raise IncompatibleBundle(
                f"Expected a model that tags words, made by `anaphora train tag`; this one is of {task!r}."
            )
        units = model.config.get("units", {})
        self.model = model
        self.reader = Reader.restore(units, model.tensors)
        self.floor = Floor.restore(model.tensors)
        if "temperature" not in units:
            raise CorruptBundle("The model lacks 'temperature', which says how likely its tags are.")
        found = parts(Bundle(dict(model.tensors), dict(model.config)))
        self._words, self._letters, self._sentence = found[WORDS], found.get(LETTERS), found[SENTENCE]
        K = len(self.reader.tags)
        if self._sentence.width != K:
            raise IncompatibleBundle(f"The file names {K} tags, but its network scores {self._sentence.width}.")
        self._plain: Chain = found.get(CHAIN) or Chain(np.zeros((K, K)), np.zeros(K), np.zeros(K))
        types = [
            spans.parts(tag)[1] if self.reader.internal != spans.PLAIN and tag != "O" else tag
            for tag in self.reader.tags
        ]
        self._same_type = [[at for at, other in enumerate(types) if other == own] for own in types]
        self.temperature: float = units["temperature"]
        self.chain = self.at(self.temperature)

    @classmethod
    def open(cls, path: str | Path) -> Tagger:
        """The tagger in a file; raises as `runtime.load` does, too."""
        return cls(load(path))

    def at(self, temperature: float) -> Chain:
        """The chain of tags at a temperature, without what is impossible."""
        return self._plain.limited(*self.reader.impossible(), temperature)

    def tag(self, sentences: Sequence[Sequence[str]], top: int = 1, confident: bool = False) -> list[list[Tagged]]:
        """The likeliest tags of each sentence, the best first; so many, or as there are. With `confident` the best also
        say how likely the type of each word's tag is.
        """
        part = self.reader.sentences(sentences)
        found: list[list[Tagged]] = [[Tagged((), 1.0)]] * len(sentences)
        for rows, scores, lengths in self.scores(part):
            best = self.chain.best(scores, lengths)
            for at, (row, n) in enumerate(zip(rows.tolist(), lengths.tolist(), strict=True)):
                own = scores[:n, at]
                several = [best[at]] if top == 1 else self.chain.several(own, top)
                found[row] = [
                    Tagged(self.reader.given(path.labels.tolist()), math.exp(path.log_probability)) for path in several
                ]
                if confident:
                    sure = self._confidence(own, several[0].labels)
                    found[row][0] = found[row][0]._replace(confidence=sure)
        return found

    def _confidence(self, scores: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, ...]:
        """p(the word's tag is of this type) of each word of one sentence."""
        marginals = self.chain.marginals(scores)
        return tuple(
            float(np.add.reduce(own[self._same_type[label]])) for own, label in zip(marginals, labels, strict=True)
        )

    def scores(self, part: Part) -> Iterator[Scored]:
        """What the network says of the sentences that have words, some of them at once."""
        lengths = part.words.lengths
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        most = max(1, min(_ROWS_AT_ONCE, _WAYS_AT_ONCE // len(self.reader.tags) ** 2))
        for begin, end in pairwise(edges(lengths[order], _WORDS_AT_ONCE, most).tolist()):
            rows = order[begin:end]
            yield Scored(rows, self._scored(part.take(rows)), lengths[rows])

    def _scored(self, part: Part) -> NDArray[np.float32]:
        lengths = part.words.lengths
        read, _ = self._words.forward(part.words.padded(), lengths)
        if self._letters is not None:
            spelled, _ = self._letters.forward(part.letters.padded(), part.letters.lengths)
            own = Ragged(spelled[part.forms], part.words.ends).padded()
            read = np.concatenate([read, own], axis=2)
        found: Any = self._sentence.forward(read, lengths)
        scores: NDArray[np.float32] = found[0]
        return scores
