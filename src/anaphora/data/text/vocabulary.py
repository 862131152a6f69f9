"""Vocabularies: text as numbers and back, in four kinds of unit.

A vocabulary is a list of V symbols; ``encode`` gives each unit of a text its index 0 … V-1 and ``decode`` joins
symbols::

    char      one Unicode code point                     unknown + the characters of the training text
    byte      one byte of the text's UTF-8               always 256 symbols, nothing can be unknown
    word      a word, punctuation or white space         unknown + frequent words; see `anaphora.data.text.words`
    subword   a piece of a word (sentencepiece, BPE)     unknown + line feed + pieces; see `anaphora.data.text.subwords`

**Unknown** is index 0 of every kind but ``byte`` and prints as U+FFFD, ``�``; a U+FFFD in a text *is* the unknown
symbol. Words meet it in training, since a word that occurs once becomes unknown. Characters and pieces do not: there it
exists so that held-out text with a character never seen is scored, with whatever probability the model gives to
"something else". Index 0 names that event and not the character, so such a score is a little too kind; it is the same
for the network and for the n-gram beside it.

A text may be longer than memory: it is counted and encoded block by block, ``encode_all`` cutting it only where no
unit is cut in two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from anaphora.data.files.text import Text
from anaphora.errors import DataError, closest

Ids = npt.NDArray[np.int32]

UNKNOWN = "\ufffd"
_SHOWN = 5  # unknown symbols named in one message


class Vocabulary(ABC):
    """V symbols and the two ways between text and their indices."""

    kind: ClassVar[str]
    symbols: tuple[str, ...]
    """(V,) the text of every symbol, as a person would read it."""
    unknown: int | None
    """The index that stands for everything else, or None when nothing can be unknown."""

    @property
    def size(self) -> int:
        """V, the number of symbols."""
        return len(self.symbols)

    @abstractmethod
    def encode(self, text: str) -> Ids:
        """Return the index of every unit of ``text``, (T,) int32; what is not in the vocabulary becomes ``unknown``."""

    def encode_all(self, blocks: Iterable[str]) -> Iterator[Ids]:
        """Yield what ``encode`` gives for the blocks joined, piece by piece."""
        return map(self.encode, self.whole_units(blocks))

    def whole_units(self, blocks: Iterable[str]) -> Iterator[str]:
        """Cut the same text elsewhere: where neither a unit nor what tells units apart is cut in two."""
        return iter(blocks)

    @abstractmethod
    def units(self, text: str) -> Sequence[str]:
        """Return the text of every unit, (T,): ``units(text)[t]`` is what ``encode(text)[t]`` stands for."""

    @abstractmethod
    def tensors(self) -> dict[str, np.ndarray]:
        """Return what a bundle must hold so that `build.restore` gives this vocabulary back."""

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of indices (T,); IndexError when one is not in 0 … V-1."""
        return "".join(self.symbols[i] for i in self.checked(ids).tolist())

    def decoder(self) -> Decoder:
        """Return a new decoder, which gives the text of one index after another."""
        return Decoder(self)

    def encode_prompt(self, text: str, name: str = "the prompt") -> Ids:
        """Encode what a model is asked to continue, (T,) int32.

        Raises DataError naming every symbol that the model never saw, and where it stands; a U+FFFD is taken for a
        wish. Words and pieces bring their own space: spaces at the end would hide the next word, so they are dropped.
        """
        if self.kind in ("word", "subword"):
            text = text.rstrip(" ")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise DataError(f"{name} is not valid Unicode text at character {error.start}: pass it as UTF-8") from error
        ids = self.encode(text)
        strange = np.flatnonzero(ids == self.unknown) if self.unknown is not None else np.zeros(0, np.int64)
        if strange.size:
            self._refuse_unknown(self.units(text), strange.tolist(), name)
        return ids

    def checked(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return indices (T,) int64; IndexError when one is not in 0 … V-1."""
        indices = np.asarray(ids, dtype=np.int64).reshape(-1)
        if indices.size and (indices.min() < 0 or indices.max() >= self.size):
            wrong = indices[(indices < 0) | (indices >= self.size)][0]
            raise IndexError(f"symbol {wrong} does not exist: this vocabulary has 0 … {self.size - 1}")
        return indices

    def _refuse_unknown(self, units: Sequence[str], positions: Iterable[int], name: str) -> None:
        starts = np.cumsum([0, *map(len, units)]).tolist()
        first: dict[str, int] = {}
        for position in positions:
            if UNKNOWN not in units[position]:
                unit = units[position]
                first.setdefault(unit, starts[position] + len(unit) - len(unit.lstrip(" ")))
        if not first:
            return
        shown = [f"{_quoted(unit)} at character {at + 1}" for unit, at in list(first.items())[:_SHOWN]]
        more = f" and {len(first) - _SHOWN} more" if len(first) > _SHOWN else ""
        near = closest(next(iter(first)).strip(), [symbol.strip() for symbol in self.symbols if symbol.strip()])
        hint = f"Did you mean {near!r}? " if near and self.kind == "word" else ""
        many = len(first) > 1
        noun = "word" if self.kind == "word" else "symbol"
        raise DataError(
            f"{name} has {len(first)} {noun}{'s' if many else ''} that the model never saw: {', '.join(shown)}{more}. "
            f"{hint}Remove or replace {'them' if many else 'it'}, or write {UNKNOWN} where an unknown {noun} is meant"
        )


class Decoder:
    """Text from indices one at a time; the pieces joined are what ``decode`` gives for all of them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def push(self, index: int) -> str:
        """Return the text that is certain once this index is known: often one symbol, sometimes nothing yet."""
        return self.vocabulary.decode([index])

    def flush(self) -> str:
        """Return what an unfinished character leaves behind, and begin anew."""
        return ""


class Table(Vocabulary):
    """Symbols kept as one list, unknown first."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self.unknown = 0

    def tensors(self) -> dict[str, np.ndarray]:
        """Return ``vocabulary.text``, the symbols joined as UTF-8, and ``vocabulary.ends``, (V,) where each ends."""
        encoded = [symbol.encode() for symbol in self.symbols]
        ends = np.cumsum([len(symbol) for symbol in encoded], dtype=np.int64)
        return {"vocabulary.text": np.frombuffer(b"".join(encoded), np.uint8), "vocabulary.ends": ends}


def check_variety(different: int, noun: str, text: Text) -> None:
    """Raise DataError when a text has fewer than two different units: there would be nothing to predict."""
    if different < 2:
        what = f"one {noun} only, {_quoted(str(text[:1]))}, over and over" if different else "nothing to learn from"
        raise DataError(f"the text has {what}: a model needs at least two different {noun}s")


def _quoted(unit: str) -> str:
    unit = unit.strip(" ") or unit
    return f"{unit!r} (U+{ord(unit):04X})" if len(unit) == 1 else repr(unit)
