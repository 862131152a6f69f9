"""Texts as symbols: each side cut by its vocabulary, learned from the training part alone, and ended by one symbol.

    source   x_1 … x_S  end              read by the encoder
    target   y_1 … y_T  end              written by the decoder, which reads  end  y_1 … y_T

The end is symbol V of a vocabulary of V; as what a decoder reads first it is the beginning. `Reader` is what a trained
model needs to read and write texts; the bundle holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.data.batches import Ragged
from anaphora.data.files.pairs import Pairs
from anaphora.data.text.build import build, restore
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.errors import CorruptBundle, DataError
from anaphora.tasks.translate.reading import Corpus
from anaphora.tasks.translate.settings import TranslateConfig

SUBWORDS = 4_000
_CHARACTERS = 250  # of the training text for each subword
_SHORT = 3.0  # pairs of which both sides have no more words on average are cut into characters
_SIDES = ("source", "target")


class Part(NamedTuple):
    """One part, ready: both sides as int32 symbols, each row ended; `rows` says which pairs of the corpus they are."""

    sources: Ragged
    targets: Ragged
    rows: NDArray[np.int64]

    def take(self, rows: ArrayLike) -> Part:
        """Some pairs."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Part(self.sources.take(chosen), self.targets.take(chosen), self.rows[chosen])


@dataclass(frozen=True)
class Reader:
    """How texts become symbols, and symbols texts."""

    kind: str  # subword, char or byte
    lower: bool
    longest: int
    source: Vocabulary
    target: Vocabulary

    def prepared(self, text: str) -> str:
        """A text as results are compared."""
        return prepared(text, self.lower)

    def read(self, text: str) -> NDArray[np.int32]:
        """The symbols of a source, ended, and cut where it is too long."""
        return self._ended(text, self.source)

    def write(self, text: str) -> NDArray[np.int32]:
        """The symbols of a target, ended, and cut where it is too long."""
        return self._ended(text, self.target)

    def written(self, symbols: ArrayLike) -> str:
        """The text of target symbols, which an end may follow."""
        ids = np.asarray(symbols, dtype=np.int64)
        return self.target.decode(ids[ids < self.target.size]).replace("\n", " ").strip()

    def pieces(self, text: str) -> list[str]:
        """The text of every symbol of a source but its end."""
        return list(self.source.units(cut(text, self.kind, self.lower)))[: self.longest]

    def settings(self) -> dict[str, Any]:
        """What a bundle's config says of it."""
        return {
            "kind": self.kind,
            "lower": self.lower,
            "longest": self.longest,
            "shared": self.source is self.target,
        }

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What a bundle's tensors hold of it."""
        sides = zip(_SIDES[: 1 if self.source is self.target else 2], (self.source, self.target), strict=False)
        return {f"{side}.{name}": tensor for side, held in sides for name, tensor in held.tensors().items()}

    @staticmethod
    def restore(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Reader:
        """The reader that a bundle holds; raises CorruptBundle if it holds none."""
        try:
            kind, shared = settings["kind"], settings["shared"]
            plain = {name: settings[name] for name in ("lower", "longest")}
        except KeyError as error:
            raise CorruptBundle(f"The model lacks {error}, which says how it reads a text.") from error
        found = []
        for side in _SIDES[: 1 if shared else 2]:
            own = {name.removeprefix(f"{side}."): each for name, each in tensors.items() if name.startswith(f"{side}.")}
            found.append(restore(kind, own))
        return Reader(kind, **plain, source=found[0], target=found[-1])

    def _ended(self, text: str, vocabulary: Vocabulary) -> NDArray[np.int32]:
        symbols = vocabulary.encode(cut(text, self.kind, self.lower))[: self.longest]
        return np.append(symbols, np.int32(vocabulary.size)).astype(np.int32)


@dataclass(frozen=True)
class Encoded:
    """A corpus as numbers; `left_out` are training pairs that are empty or too long."""

    reader: Reader
    train: Part
    held_out: Part
    left_out: NDArray[np.int64]


def encode(config: TranslateConfig, corpus: Corpus) -> Encoded:
    """Learn the vocabularies from the training part, and encode both parts.

    Raises DataError for texts that nothing can be learned from.
    """
    data = config.data
    kind = data.units or guess_units(corpus.train)
    sides = [
        "\n".join(cut(text, kind, data.lower) for text in texts)
        for texts in (corpus.train.sources, corpus.train.targets)
    ]
    if data.shared:
        source = target = _vocabulary(kind, "\n".join(sides), data.vocabulary)
    else:
        source, target = (_vocabulary(kind, side, data.vocabulary) for side in sides)
    reader = Reader(kind, data.lower, data.longest, source, target)
    train, left_out = _part(reader, corpus.train, keep_all=False)
    if not len(train.rows):
        raise DataError(
            f"All {len(corpus.train):,} pairs to train on are empty or longer than {data.longest} units: read more with"
            " --longest."
        )
    held_out, _ = _part(reader, corpus.held_out, keep_all=True)
    return Encoded(reader, train, held_out, left_out)


def guess_units(pairs: Pairs) -> str:
    """Characters where texts are a word or two, else subwords."""
    texts = [*pairs.sources[:2000], *pairs.targets[:2000]]
    return "char" if sum(len(text.split()) for text in texts) <= _SHORT * len(texts) else "subword"


def part_of(reader: Reader, pairs: Pairs) -> Part:
    """Pairs as symbols, all of them."""
    return _part(reader, pairs, keep_all=True)[0]


def prepared(text: str, lower: bool) -> str:
    """A text as results are compared: no line ends, no space around it, small letters if so."""
    text = text.replace("\n", " ").replace("\r", " ").strip()
    return text.lower() if lower else text


def cut(text: str, kind: str, lower: bool) -> str:
    """A text as a vocabulary sees it: a word is one and the same piece wherever it stands."""
    text = prepared(text, lower)
    return f" {' '.join(text.split())}" if kind == "subword" and text else text


def _vocabulary(kind: str, text: str, size: int | None) -> Vocabulary:
    """Learn a vocabulary; of subwords as many as the text can teach, where nothing is set."""
    if size is None and kind == "subword":
        size = min(SUBWORDS, max(len(set(text)) + 2, len(text) // _CHARACTERS))
    return build(kind, text, size)


def _part(reader: Reader, pairs: Pairs, keep_all: bool) -> tuple[Part, NDArray[np.int64]]:
    """Pairs as symbols, and the rows that are left out: empty on one side, or as long as what is cut."""
    sides = [
        [read(text) for text in texts] for read, texts in ((reader.read, pairs.sources), (reader.write, pairs.targets))
    ]
    lengths = np.array([[len(row) - 1 for row in side] for side in sides])
    fits = np.ones(len(pairs), np.bool_) if keep_all else ((lengths > 0) & (lengths < reader.longest)).all(axis=0)
    rows = np.flatnonzero(fits)
    sources, targets = (Ragged.of([side[row] for row in rows], np.zeros(0, np.int32)) for side in sides)
    return Part(sources, targets, rows), np.flatnonzero(~fits)
