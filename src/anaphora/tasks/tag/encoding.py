"""Sentences as numbers: a word by its own number, by its letters, and the tag it has.

    word      small letters, digits as 0; all that occur twice or more have a number, others are unknown
    letters   the word as it stands, cut to 40; each different word of a part is kept once
    tag       as it stands; tags that mean spans are learned in a scheme of our own, and written back in theirs

Words, letters and tags come from the training part alone. `Reader` is what a trained model needs of them; the bundle
holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.data.batches import Ragged
from anaphora.data.files.conll import Sentences
from anaphora.errors import CorruptBundle, DataError
from anaphora.metrics import spans
from anaphora.tasks.tag.reading import Corpus
from anaphora.tasks.tag.settings import TagConfig

Ids = NDArray[np.int32]
UNKNOWN = 0  # of words and of letters
LEAST = 2  # times that a word or a letter must occur to have a number
LETTERS = 40  # of a word: its first and its last twenty
_DIGIT = re.compile(r"\d")


class Symbols:
    """Texts with a number each, from 1 on; every other is 0."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self._index = {text: number for number, text in enumerate(self.texts, 1)}

    @property
    def size(self) -> int:
        """How many numbers there are, the unknown one among them."""
        return len(self.texts) + 1

    @classmethod
    def of(cls, counts: Mapping[str, int], most: int | None = None) -> Symbols:
        """The most frequent of those that occur at least twice; of equal ones the first by code point."""
        frequent = sorted((text for text in counts if counts[text] >= LEAST), key=lambda text: (-counts[text], text))
        return cls(frequent[: None if most is None else most - 1])

    def encode(self, texts: Sequence[str]) -> Ids:
        """Their numbers."""
        return np.fromiter(map(self._index.get, texts, repeat(UNKNOWN)), dtype=np.int32, count=len(texts))

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """What a bundle holds of them."""
        return packed(self.texts, name)

    @classmethod
    def restore(cls, tensors: Mapping[str, NDArray[Any]], name: str) -> Symbols:
        """Those that a bundle holds; raises CorruptBundle if it holds none."""
        return cls(unpacked(tensors, name))


class Part(NamedTuple):
    """One part, ready: words of sentences, or of pieces of them, and what those words look like."""

    words: Ragged  # of int32 numbers
    forms: NDArray[np.int64]  # (N,) which of the different words each is
    letters: Ragged  # of the different words, int32 numbers
    tags: NDArray[np.int64]  # (N,) −1 for a tag that training has not
    rows: NDArray[np.int64]  # (B,) of the corpus

    def take(self, rows: ArrayLike) -> Part:
        """Some sentences, with the letters of their words alone."""
        chosen = np.asarray(rows, dtype=np.int64)
        words = self.words.take(chosen)
        lines = Ragged(np.arange(len(self.forms)), self.words.ends).take(chosen).steps
        used, forms = np.unique(self.forms[lines], return_inverse=True)
        return Part(words, forms, self.letters.take(used), self.tags[lines], self.rows[chosen])


@dataclass(frozen=True)
class Reader:
    """How words become numbers, and numbers tags."""

    lower: bool
    words: Symbols
    letters: Symbols
    tags: tuple[str, ...]
    scheme: str  # of the data
    internal: str  # of what is learned; none if tags are no spans

    def sentences(self, rows: Sequence[Sequence[str]]) -> Part:
        """Sentences without tags."""
        return self.part(rows, [() for _ in rows], np.arange(len(rows)))

    def part(self, tokens: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], rows: ArrayLike) -> Part:
        """Sentences, or pieces of them, with tags in the scheme that is learned; none of a sentence without."""
        numbers: dict[str, int] = {}
        forms = np.array([numbers.setdefault(word, len(numbers)) for row in tokens for word in row], dtype=np.int64)
        different = list(numbers)
        known = self.words.encode([plain(word, self.lower) for word in different])
        index = {tag: number for number, tag in enumerate(self.tags)}
        targets = np.array(
            [index.get(tag, -1) for row, own in zip(tokens, tags, strict=True) for tag in own or [""] * len(row)],
            dtype=np.int64,
        )
        ends = np.cumsum([len(row) for row in tokens], dtype=np.int64)
        letters = [self.letters.encode(cut(word)) for word in different]
        return Part(
            Ragged(known[forms].astype(np.int32), ends),
            forms,
            Ragged.of(letters, np.zeros(0, np.int32)),
            targets,
            np.asarray(rows, dtype=np.int64),
        )

    def learned(self, tags: Sequence[str]) -> list[str]:
        """A sentence's tags in the scheme that is learned."""
        return (
            list(tags) if self.internal == spans.PLAIN else spans.written(spans.spans(tags), len(tags), self.internal)
        )

    def given(self, labels: Iterable[int]) -> tuple[str, ...]:
        """The tags of these numbers, in the scheme of the data."""
        tags = [self.tags[label] for label in labels]
        if self.internal == spans.PLAIN or self.internal == self.scheme:
            return tuple(tags)
        return tuple(spans.written(spans.spans(tags), len(tags), self.scheme))

    def impossible(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Which tags never follow which (K, K), begin a sentence (K,), or end one (K,)."""
        if self.internal == spans.PLAIN:
            K = len(self.tags)
            return np.zeros((K, K), np.bool_), np.zeros(K, np.bool_), np.zeros(K, np.bool_)
        no = [[not spans.follows(one, other, self.internal) for other in self.tags] for one in self.tags]
        start = [not spans.follows("O", tag, self.internal) for tag in self.tags]
        end = [not spans.follows(tag, "O", self.internal) for tag in self.tags]
        return np.array(no), np.array(start), np.array(end)

    def settings(self) -> dict[str, Any]:
        """What a bundle's config says of it."""
        return {
            "lower": self.lower,
            "tags": list(self.tags),
            "scheme": self.scheme,
            "internal": self.internal,
        }

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What a bundle's tensors hold of it."""
        return {**self.words.tensors("words"), **self.letters.tensors("letters")}

    @staticmethod
    def restore(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Reader:
        """The reader that a bundle holds; raises CorruptBundle if it holds none."""
        try:
            plain_ones = {name: settings[name] for name in ("lower", "scheme", "internal")}
            tags = tuple(settings["tags"])
        except KeyError as error:
            raise CorruptBundle(f"The model lacks {error}, which says how it reads a sentence.") from error
        words, letters = (Symbols.restore(tensors, name) for name in ("words", "letters"))
        return Reader(**plain_ones, tags=tags, words=words, letters=letters)


@dataclass(frozen=True)
class Encoded:
    """Both parts as numbers, and what made them so; `counts` (V,) says how often training has each word."""

    reader: Reader
    train: Part
    held_out: Part
    counts: NDArray[np.int64]


def encode(config: TagConfig, corpus: Corpus) -> Encoded:
    """Turn both parts into numbers.

    Raises DataError if there is but one tag.
    """
    train, held_out = corpus.train, corpus.held_out
    reader = reader_of(config, corpus)
    if len(reader.tags) < 2:
        raise DataError(
            f"All {train.words:,} words of the training part have the tag {reader.tags[0]!r}: there is nothing to tell"
            " apart. Is it the right column? --tag names another."
        )
    parts = []
    for sentences, longest in ((train, config.data.longest), (held_out, None)):
        pieces = list(cut_up(sentences, longest))
        tokens = [sentences.tokens[row][begin:end] for row, begin, end in pieces]
        tags = [reader.learned(sentences.tags[row][begin:end]) for row, begin, end in pieces]
        parts.append(reader.part(tokens, tags, [row for row, _, _ in pieces]))
    counts = np.bincount(parts[0].words.steps, minlength=reader.words.size).astype(np.int64)
    return Encoded(reader, parts[0], parts[1], counts)


def reader_of(config: TagConfig, corpus: Corpus) -> Reader:
    """Words, letters and tags of the training part."""
    train, data = corpus.train, config.data
    forms = Counter(word for row in train.tokens for word in row)
    words: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for form, count in forms.items():
        words[plain(form, data.lower)] += count
        for letter in cut(form):
            letters[letter] += count
    internal = spans.PLAIN if corpus.scheme == spans.PLAIN else config.model.internal
    reader = Reader(data.lower, Symbols.of(words, data.vocabulary), Symbols.of(letters), (), corpus.scheme, internal)
    found = {tag for row in train.tags for tag in reader.learned(row)}
    tags = sorted(found) if internal == spans.PLAIN else spans.closed(found, internal)
    return Reader(reader.lower, reader.words, reader.letters, tuple(tags), corpus.scheme, internal)


def cut_up(sentences: Sentences, longest: int | None) -> Iterable[tuple[int, int, int]]:
    """Row, begin and end of the pieces of all sentences that have words."""
    for row, length in enumerate(sentences.lengths.tolist()):
        size = length if longest is None else longest
        for begin in range(0, length, max(size, 1)):
            yield row, begin, min(begin + size, length)


def plain(word: str, lower: bool) -> str:
    """A word as it is looked up.

    >>> plain("May-2017", lower=True)
    'may-0000'
    """
    return _DIGIT.sub("0", word.lower() if lower else word)


def cut(word: str) -> str:
    """A word without its middle, where it is very long; never empty."""
    return word if len(word) <= LETTERS else word[: LETTERS // 2] + word[-LETTERS // 2 :]


def packed(texts: Sequence[str], name: str) -> dict[str, NDArray[Any]]:
    """Texts as two tensors: their bytes, and where each ends."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return {f"{name}.text": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


def unpacked(tensors: Mapping[str, NDArray[Any]], name: str) -> list[str]:
    """The texts of two tensors; raises CorruptBundle if there are none."""
    try:
        whole, ends = tensors[f"{name}.text"].tobytes(), tensors[f"{name}.ends"].tolist()
        return [whole[begin:end].decode("utf-8", "surrogatepass") for begin, end in zip([0, *ends], ends, strict=False)]
    except (KeyError, UnicodeDecodeError) as error:
        raise CorruptBundle(f"The model's '{name}' cannot be read: {error}.") from error
