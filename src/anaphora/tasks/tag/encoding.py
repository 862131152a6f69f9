"""Sentences as numbers: a word by its own number, by its characters, and the tag it has.

    word        lowercase, digits as 0; words that occur twice or more have a number, others are unknown
    characters  the word as it stands, cut to 40; each different word of a part is kept once
    tag         as it stands; tags of spans are learned in an internal scheme, and written in the scheme of the data

Words, characters and tags come from the training part alone. A trained model needs the `Reader`; the
bundle holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.data.batches import Ragged
from anaphora.data.files.sentences import Sentences
from anaphora.data.text.normal_form import Form, normal
from anaphora.data.text.packed import SURROGATES, pack, unpack
from anaphora.errors import DataError
from anaphora.metrics import spans
from anaphora.metrics.notation import USUAL, Marking, Notation
from anaphora.tasks.base.trained_model import needed
from anaphora.tasks.tag.data import Corpus
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.symbols import Symbols

LONGEST = 40  # characters of a word: its first and its last twenty
_DIGIT = re.compile(r"\d")


class Part(NamedTuple):
    """One encoded part: words of sentences or of pieces of sentences, and the characters of each different word."""

    words: Ragged  # of int32 numbers
    forms: NDArray[np.int64]  # (N,) which of the different words each is
    characters: Ragged  # of the different words, int32 numbers
    tags: NDArray[np.int64]  # (N,) −1 for a tag that training has not
    numbers: NDArray[np.int64]  # (B,) of the sentences in the part as it was read

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(B,) words of each sentence."""
        return self.words.lengths

    @property
    def known(self) -> NDArray[np.bool_]:
        """(B,) true for sentences whose tags all occur in training."""
        starts = self.words.ends - self.lengths
        return np.minimum.reduceat(self.tags, starts) >= 0 if len(starts) else np.zeros(0, np.bool_)

    def take(self, rows: ArrayLike) -> Part:
        """Return the sentences with numbers (n,), with the characters of their words."""
        chosen = np.asarray(rows, dtype=np.int64)
        at = Ragged(np.arange(len(self.forms)), self.words.ends).take(chosen).steps
        used, forms = np.unique(self.forms[at], return_inverse=True)
        return Part(self.words.take(chosen), forms, self.characters.take(used), self.tags[at], self.numbers[chosen])

    def targets(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the tags (T, n) of some sentences."""
        return Ragged(self.tags, self.words.ends).take(rows).padded()


@dataclass(frozen=True)
class Reader:
    """The encoder of words and tags."""

    lower: bool
    words: Symbols
    characters: Symbols
    tags: tuple[str, ...]
    scheme: str  # of the data
    internal: str  # of what is learned; none if tags are no spans
    notation: Notation = USUAL  # of the data
    normalize: Form = "none"
    format: str = ""  # of the training files
    width: int = 0  # fields of their lines

    @property
    def marking(self) -> Marking:
        """How the tags of the data mark spans."""
        return Marking(self.scheme, self.notation)

    def labelled(self, sentences: Sentences, longest: int | None = None) -> Part:
        """Return all sentences with words, with their tags; a sentence of more than `longest` words comes in pieces."""
        pieces = list(pieces_of(sentences.lengths.tolist(), longest))
        tags = [self.learned(sentences.tags[row][begin:end]) for row, begin, end in pieces]
        tokens = [sentences.tokens[row][begin:end] for row, begin, end in pieces]
        return self.part(tokens, tags, [row for row, _, _ in pieces])

    def unlabelled(self, tokens: Sequence[Sequence[str]]) -> Part:
        """Sentences without tags."""
        return self.part(tokens, [[""] * len(row) for row in tokens], np.arange(len(tokens)))

    def part(self, tokens: Sequence[Sequence[str]], tags: Iterable[Sequence[str]], numbers: ArrayLike) -> Part:
        """Return a part of sentences with tags in the learned scheme; words and tags become numbers (N,)."""
        if self.normalize != "none":
            tokens = [[normal(word, self.normalize) for word in row] for row in tokens]
        index: dict[str, int] = {}
        forms = np.array([index.setdefault(word, len(index)) for row in tokens for word in row], dtype=np.int64)
        known = self.words.encode([plain(word, self.lower) for word in index])
        tag_index = {tag: number for number, tag in enumerate(self.tags)}
        return Part(
            Ragged(known[forms].astype(np.int32), np.cumsum([len(row) for row in tokens], dtype=np.int64)),
            forms,
            Ragged.of([self.characters.encode(cut(word)) for word in index], np.zeros(0, np.int32)),
            np.array([tag_index.get(tag, -1) for row in tags for tag in row], dtype=np.int64),
            np.asarray(numbers, dtype=np.int64),
        )

    def learned(self, tags: Sequence[str]) -> list[str]:
        """Return a sentence's tags in the learned scheme."""
        if self.internal == spans.PLAIN:
            return list(tags)
        return spans.tags_of(spans.spans(tags), len(tags), self.internal)

    def tags_of(self, labels: Iterable[int]) -> tuple[str, ...]:
        """Return the tags of these numbers, as the data write them."""
        return tuple(map(self.marking.written, self.plain_tags_of(labels)))

    def plain_tags_of(self, labels: Iterable[int]) -> tuple[str, ...]:
        """Return the tags of these numbers, in the scheme of the data and the plain notation."""
        tags = [self.tags[label] for label in labels]
        if self.internal in (spans.PLAIN, self.scheme):
            return tuple(tags)
        return tuple(spans.tags_of(spans.spans(tags), len(tags), self.scheme))

    def impossible(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return masks of the tag pairs (K, K), first tags (K,) and last tags (K,) that are impossible."""
        size = len(self.tags) + 1
        never = np.zeros((size, size), np.bool_)  # O stands for the beginning and for the end
        if self.internal != spans.PLAIN:
            ends = ("O", *self.tags)
            never[:] = [[not spans.follows(one, other, self.internal) for other in ends] for one in ends]
        return never[1:, 1:], never[0, 1:], never[1:, 0]

    def settings(self) -> dict[str, Any]:
        """The reader's settings in a bundle's config."""
        found = {"lower": self.lower, "tags": list(self.tags), "scheme": self.scheme, "internal": self.internal}
        unusual = {
            "notation": self.notation.settings(),
            "normalize": self.normalize if self.normalize != "none" else "",
            "format": self.format,
            "width": self.width,
        }
        return found | {name: value for name, value in unusual.items() if value}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The reader's tensors in a bundle."""
        sides = {"words": self.words, "letters": self.characters}
        return {name: part for side, held in sides.items() for name, part in pack(held.texts, side, SURROGATES).items()}

    @staticmethod
    def restore(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Reader:
        """Return the reader of a bundle with tensors of texts (n,); raises CorruptBundle if there is none."""
        names = ("lower", "scheme", "internal", "tags")
        lower, scheme, internal, tags = needed(settings, "is needed to read a sentence", *names)
        words, characters = (Symbols(unpack(tensors, name, SURROGATES)) for name in ("words", "letters"))
        notation = Notation.restore(settings.get("notation", {}))
        later = (settings.get(name, usual) for name, usual in (("normalize", "none"), ("format", ""), ("width", 0)))
        return Reader(lower, words, characters, tuple(tags), scheme, internal, notation, *later)


@dataclass(frozen=True)
class Encoded:
    """Both parts as numbers, and their reader; `counts` (V,) is the number of times that training has each word."""

    reader: Reader
    train: Part
    held_out: Part
    counts: NDArray[np.int64]


def encode(config: TagConfig, corpus: Corpus) -> Encoded:
    """Encode both parts. Raises DataError if there is only one tag."""
    reader = reader_of(config, corpus)
    if len(reader.tags) < 2:
        raise DataError(
            f"All {corpus.train.words:,} training words have the tag {reader.tags[0]!r}, so there is"
            " nothing to learn. Check the tag column; --tag names another column."
        )
    train = reader.labelled(corpus.train, config.data.max_length)
    counts = np.bincount(train.words.steps, minlength=reader.words.size).astype(np.int64)
    return Encoded(reader, train, reader.labelled(corpus.held_out), counts)


def reader_of(config: TagConfig, corpus: Corpus) -> Reader:
    """Return a reader with the words, characters and tags of the training part."""
    train, data = corpus.train, config.data
    words, characters = Counter[str](), Counter[str]()
    for form, count in Counter(word for row in train.tokens for word in row).items():
        words[plain(form, data.lower)] += count
        for character in cut(form):
            characters[character] += count
    internal = spans.PLAIN if corpus.scheme == spans.PLAIN else config.model.internal
    numbered = Symbols.of(words, data.vocabulary), Symbols.of(characters)
    layout = corpus.found.format, corpus.found.width
    notation = corpus.marking.notation
    reader = Reader(data.lower, *numbered, (), corpus.scheme, internal, notation, data.normalize, *layout)
    found = {tag for row in train.tags for tag in reader.learned(row)}
    return replace(reader, tags=tuple(sorted(found) if internal == spans.PLAIN else spans.closed(found, internal)))


def pieces_of(lengths: Iterable[int], longest: int | None) -> Iterator[tuple[int, int, int]]:
    """Yield row, begin and end of the pieces of all sentences with words."""
    for row, length in enumerate(lengths):
        size = length if longest is None else longest
        for begin in range(0, length, max(size, 1)):
            yield row, begin, min(begin + size, length)


def plain(word: str, lower: bool) -> str:
    """Return a word in the form of the vocabulary.

    >>> plain("May-2017", lower=True)
    'may-0000'
    """
    return _DIGIT.sub("0", word.lower() if lower else word)


def cut(word: str) -> str:
    """Return a word without its middle if it is very long; never empty."""
    return word if len(word) <= LONGEST else word[: LONGEST // 2] + word[-LONGEST // 2 :]
