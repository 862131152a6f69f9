"""The baseline: each word's most frequent tag in the training part, and for a word that it has not the most frequent
tag of all.

Among equal counts, the tag that is more frequent in all wins. Words with the most frequent tag of all are not stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.sentences import Sentences
from anaphora.data.text.packed import SURROGATES, pack, unpack
from anaphora.errors import CorruptBundle
from anaphora.metrics.tagging import Measured, measured


@dataclass(frozen=True)
class Baseline:
    """The most frequent tag of each word."""

    usual: str
    tags: Mapping[str, str]

    def predict(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """Return the tags of a sentence."""
        return tuple(self.tags.get(word, self.usual) for word in tokens)

    def score(self, sentences: Sentences) -> Measured:
        """Return the baseline's score."""
        return measured(sentences.tags, [self.predict(tokens) for tokens in sentences.tokens])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The baseline's tensors in a bundle."""
        different = sorted({self.usual, *self.tags.values()})
        index = {tag: number for number, tag in enumerate(different)}
        words = sorted(self.tags)
        return {
            **pack(words, "floor.words", SURROGATES),
            **pack(different, "floor.names", SURROGATES),
            "floor.tags": np.array([index[self.tags[word]] for word in words], dtype=np.int32),
            "floor.usual": np.array([index[self.usual]], dtype=np.int32),
        }

    @staticmethod
    def restore(tensors: Mapping[str, NDArray[Any]]) -> Baseline:
        """Return the baseline in a bundle's tensors, such as a tag (n,) per word; raises CorruptBundle."""
        words, names = (unpack(tensors, name, SURROGATES) for name in ("floor.words", "floor.names"))
        try:
            tags = [names[number] for number in tensors["floor.tags"].tolist()]
            usual = names[int(tensors["floor.usual"][0])]
        except (KeyError, IndexError) as error:
            raise CorruptBundle(f"The model's most frequent tags cannot be read: {error}.") from error
        return Baseline(usual, dict(zip(words, tags, strict=True)))


def fitted(train: Sentences) -> Baseline:
    """Count the tags of each word."""
    counts: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for tokens, tags in zip(train.tokens, train.tags, strict=True):
        total.update(tags)
        for word, tag in zip(tokens, tags, strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    usual = max(total, key=lambda tag: (total[tag], tag))
    each = {word: max(own, key=lambda tag: (own[tag], total[tag], tag)) for word, own in counts.items()}
    return Baseline(usual, {word: tag for word, tag in each.items() if tag != usual})
