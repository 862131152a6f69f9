"""Texts as symbols: each side cut by its vocabulary, learned from the training part alone, and ended by one symbol.

    source   x_1 … x_S  end              read by the encoder
    target   y_1 … y_T  end              written by the decoder, which reads  end  y_1 … y_T

The end is symbol V of a vocabulary of V symbols; it is also the first symbol that the decoder reads. A trained model
needs the `Reader` to read and write texts; the bundle holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.data.batches import Ragged
from anaphora.data.examples import Indices
from anaphora.data.files.pairs import Pairs
from anaphora.data.text.build import build, restore
from anaphora.data.text.normal_form import Form, normal
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.errors import DataError
from anaphora.tasks.base.trained_model import needed
from anaphora.tasks.translate.data import Corpus
from anaphora.tasks.translate.settings import TranslateConfig

SUBWORDS = 4_000
_CHARACTERS = 250  # of the training text for each subword
_SHORT = 3.0  # pairs of which both sides have no more words on average are cut into characters


class Part(NamedTuple):
    """Encoded pairs as int32 symbols with ends on both sides: one part, or a batch of it."""

    sources: Ragged
    targets: Ragged
    numbers: Indices  # (B,) where the pairs stand in the part as it was read
    progress: float = 0.0  # of a batch: the share of the run that is behind it

    @property
    def lengths(self) -> Indices:
        """(B,) symbols of both sides of each pair together."""
        return self.sources.lengths + self.targets.lengths

    def take(self, rows: Indices) -> Part:
        """Return the pairs with numbers (n,)."""
        return Part(self.sources.take(rows), self.targets.take(rows), self.numbers[rows], self.progress)


@dataclass(frozen=True)
class Reader:
    """The encoder and decoder of texts."""

    kind: str  # subword, char or byte
    lower: bool
    longest: int
    source: Vocabulary
    target: Vocabulary
    normalize: Form = "none"

    def read(self, text: str) -> NDArray[np.int32]:
        """Return the symbols (S,) of a source with its end, cut if it is too long."""
        return self._ended(text, self.source)

    def write(self, text: str) -> NDArray[np.int32]:
        """Return the symbols (T,) of a target with its end, cut if it is too long."""
        return self._ended(text, self.target)

    def is_cut(self, text: str, target: bool = False) -> bool:
        """Return whether a source, or a target, is longer than the texts that are read whole."""
        text = self._cut(text)
        vocabulary = self.target if target else self.source
        return len(text.encode()) > self.longest and len(vocabulary.encode(text)) > self.longest

    def written(self, symbols: ArrayLike) -> str:
        """Return the text of target symbols (T,), with or without an end."""
        ids = np.asarray(symbols, dtype=np.int64)
        return self.target.decode_whole(ids[ids < self.target.size]).replace("\n", " ").strip()

    def pieces(self, text: str) -> list[str]:
        """Return the text of every symbol of a source except the end."""
        return list(self.source.units(self._cut(text)))[: self.longest]

    def settings(self) -> dict[str, Any]:
        """The reader's settings in a bundle's config."""
        shared = self.source is self.target
        normalize = {} if self.normalize == "none" else {"normalize": self.normalize}
        return {"kind": self.kind, "lower": self.lower, "longest": self.longest, "shared": shared, **normalize}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The reader's tensors in a bundle."""
        sides = {"source": self.source, "target": self.target}
        if self.source is self.target:
            del sides["target"]
        return {f"{side}.{name}": tensor for side, held in sides.items() for name, tensor in held.tensors().items()}

    @staticmethod
    def restore(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Reader:
        """Return the reader of a bundle with tensors such as bytes (n,); raises CorruptBundle if there is none."""
        names = ("kind", "shared", "lower", "longest")
        kind, shared, lower, longest = needed(settings, "is needed to read a text", *names)

        def vocabulary(side: str) -> Vocabulary:
            prefix = f"{side}."
            own = {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
            return restore(kind, own)

        source = vocabulary("source")
        target = source if shared else vocabulary("target")
        return Reader(kind, lower, longest, source, target, settings.get("normalize", "none"))

    def _cut(self, text: str) -> str:
        return cut(normal(text, self.normalize), self.kind, self.lower)

    def _ended(self, text: str, vocabulary: Vocabulary) -> NDArray[np.int32]:
        symbols = vocabulary.encode(self._cut(text))[: self.longest]
        return np.append(symbols, np.int32(vocabulary.size)).astype(np.int32)


@dataclass(frozen=True)
class Encoded:
    """Both parts as numbers; `left_out` (n,) are the numbers of training pairs with an empty or too long side, and
    `cut` counts held-out texts of which only the beginning is read.
    """

    reader: Reader
    train: Part
    held_out: Part
    left_out: Indices
    cut: int


def encode(config: TranslateConfig, corpus: Corpus) -> Encoded:
    """Learn the vocabularies from the training part, and encode both parts.

    Raises DataError for texts from which nothing can be learned.
    """
    data = config.data
    kind = data.units or suggest_units(corpus.train)
    sides = [
        "\n".join(cut(text, kind, data.lower) for text in texts)
        for texts in (corpus.train.sources, corpus.train.targets)
    ]
    if data.shared:
        source = target = _vocabulary(kind, "\n".join(sides), data.vocabulary)
    else:
        source, target = (_vocabulary(kind, side, data.vocabulary) for side in sides)
    reader = Reader(kind, data.lower, data.max_length, source, target, data.normalize)
    read, held_out = (_part(reader, pairs) for pairs in (corpus.train, corpus.held_out))
    fits = np.ones(len(corpus.train), np.bool_)
    for side in (read.sources, read.targets):
        fits &= (side.lengths > 1) & (side.lengths <= data.max_length)  # the end counts
    if not fits.any():
        raise DataError(
            f"All {len(corpus.train):,} training pairs have an empty side, or a side of {data.max_length:,} units or"
            " more: raise --max-length."
        )
    return Encoded(
        reader, read.take(np.flatnonzero(fits)), held_out, np.flatnonzero(~fits), _cut(reader, corpus.held_out)
    )


def suggest_units(pairs: Pairs) -> str:
    """Suggest characters for texts of a word or two, else subwords."""
    texts = [*pairs.sources[:2000], *pairs.targets[:2000]]
    return "char" if sum(len(text.split()) for text in texts) <= _SHORT * len(texts) else "subword"


def prepared(text: str, lower: bool) -> str:
    """Return a text in the form for comparisons: no line ends, no surrounding space, lowercase if set."""
    text = text.replace("\n", " ").replace("\r", " ").strip()
    return text.lower() if lower else text


def cut(text: str, kind: str, lower: bool) -> str:
    """Return a text in the form for the vocabulary: a word is the same piece at every position."""
    text = prepared(text, lower)
    return f" {' '.join(text.split())}" if kind == "subword" and text else text


def _vocabulary(kind: str, text: str, size: int | None) -> Vocabulary:
    """Learn a vocabulary; without a set size, as many subwords as the text supports."""
    if size is None and kind == "subword":
        size = min(SUBWORDS, max(len(set(text)) + 2, len(text) // _CHARACTERS))
    return build(kind, text, size)


def _cut(reader: Reader, pairs: Pairs) -> int:
    sources, targets = map(reader.is_cut, pairs.sources), (reader.is_cut(text, target=True) for text in pairs.targets)
    return sum(sources) + sum(targets)


def _part(reader: Reader, pairs: Pairs) -> Part:
    sources, targets = (
        Ragged.of([read(text) for text in texts], np.zeros(0, np.int32))
        for read, texts in ((reader.read, pairs.sources), (reader.write, pairs.targets))
    )
    return Part(sources, targets, np.arange(len(pairs)))
