"""Vocabularies: text as integers and back, with four kinds of units.

A vocabulary is a list of V symbols. ``encode`` gives each unit of a text its index 0 … V-1, and ``decode`` joins
symbols::

    char      one Unicode code point                     unknown + the characters of the training text
    byte      one byte of the text's UTF-8               always 256 symbols, no unit is unknown
    word      a word, punctuation or white space         unknown + frequent words; see `anaphora.data.text.words`
    subword   a part of a word (sentencepiece, BPE)      unknown + line feed + parts; see `anaphora.data.text.subwords`

**Unknown** is index 0 of every kind except ``byte``. ``decode`` writes it as ``<unk>``. A U+FFFD in a text is the
unknown symbol, and so is ``<unk>`` in a prompt, unless the vocabulary knows its characters. Words meet the unknown
symbol in training, because a word that occurs once becomes unknown. Characters and subwords do not; for them it exists
so that held-out text with an unseen character can be scored, by the probability of "something else". Index 0 stands for
that event and not for the character, so such a score is slightly too good; this applies equally to the network and to
its n-gram baseline.

A text may be larger than memory: it is counted and encoded block by block, and ``encode_all`` never splits a unit.
"""

from __future__ import annotations

import bisect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from anaphora.data.files.text import Text
from anaphora.data.surrogates import refuse_half_pair
from anaphora.data.text.normal_form import Form, blocks_in_form, normal, settled
from anaphora.data.text.packed import pack
from anaphora.data.text.splitting import recut
from anaphora.errors import DataError, closest
from anaphora.formatting import capitalised, counted

Ids = npt.NDArray[np.int32]

UNKNOWN = "\ufffd"
SHOWN_UNKNOWN = "<unk>"
_SHOWN = 5  # unknown symbols in one message


class Vocabulary(ABC):
    """V symbols, and the maps from text to their indices and back."""

    kind: ClassVar[str]
    symbols: tuple[str, ...]
    """(V,) the text of every symbol in readable form."""
    unknown: int | None
    """The index of the unknown symbol, or None if no unit is unknown."""
    form: Form = "none"
    """The normal form in which texts are read."""

    @property
    def size(self) -> int:
        """V, the number of symbols."""
        return len(self.symbols)

    def encode(self, text: str) -> Ids:
        """Return the index of every unit of `text`, (T,) int32; units outside the vocabulary become `unknown`."""
        return self._encode(normal(text, self.form))

    def encode_all(self, blocks: Iterable[str]) -> Iterator[Ids]:
        """Yield the encoding of the joined blocks, piece by piece."""
        return map(self.encode, self.whole_units(blocks))

    def cut(self, text: str) -> int:
        """Return the last position at which a split of a text in the normal form changes no unit, or 0."""
        return len(text)

    def whole_units(self, blocks: Iterable[str]) -> Iterator[str]:
        """Yield the same text in its normal form and in other blocks, split only where `cut` allows."""
        return recut(blocks_in_form(blocks, self.form), self.cut)

    def certain(self, text: str) -> tuple[str, str]:
        """Return the beginning of a text, whose units no later text changes, and the rest; both together have the
        normal form of the text.
        """
        end = settled(text, self.form)
        begun = normal(text[:end], self.form)
        at = self.cut(begun)
        return begun[:at], begun[at:] + text[end:]

    def units(self, text: str) -> Sequence[str]:
        """Return the text of every unit, (T,): ``units(text)[t]`` is the text of ``encode(text)[t]``."""
        return self._units(normal(text, self.form))

    @abstractmethod
    def _encode(self, text: str) -> Ids:
        """Return the index of every unit (T,) of a text in the normal form."""

    @abstractmethod
    def _units(self, text: str) -> Sequence[str]:
        """Return the text of every unit (T,) of a text in the normal form."""

    def settings(self) -> dict[str, str]:
        """Return the normal form as `normalize`, unless texts are read as they are typed."""
        return {} if self.form == "none" else {"normalize": self.form}

    @abstractmethod
    def tensors(self) -> dict[str, np.ndarray]:
        """Return the tensors from which `build.restore` restores this vocabulary."""

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of indices (T,), `<unk>` for the unknown one; IndexError for an index outside 0 … V-1."""
        return "".join(map(self.shown, self.checked(ids).tolist()))

    def decode_whole(self, ids: npt.ArrayLike) -> str:
        """Return the text of indices (T,) without incomplete characters at its beginning and its end."""
        return self.decode(ids)

    def shown(self, index: int) -> str:
        """Return the text of a symbol for people: `<unk>` for the unknown one, with the same space before it."""
        symbol = self.symbols[index]
        return symbol.replace(UNKNOWN, SHOWN_UNKNOWN) if index == self.unknown else symbol

    def decoder(self) -> IncrementalDecoder:
        """Return a new decoder, which returns the text of one index after another."""
        return IncrementalDecoder(self)

    def encode_prompt(self, text: str, name: str = "the prompt") -> Ids:
        """Return the encoding (T,) int32 of a text that a model is to continue.

        Raises DataError that names every unknown symbol and its position; U+FFFD and `<unk>` count as intended. Words
        and subwords include the space before them, so spaces at the end are dropped; they would hide the next word.
        """
        if self.kind in ("word", "subword"):
            text = text.rstrip(" ")
        refuse_half_pair(text, capitalised(name))
        text = normal(text, self.form)
        known = self._with_marks(text)
        ids = self.encode(known)
        strange = np.flatnonzero(ids == self.unknown) if self.unknown is not None else np.zeros(0, np.int64)
        if strange.size:
            self._refuse_unknown(self.units(known), strange.tolist(), name, _marks(text) if known != text else [])
        return ids

    def _with_marks(self, text: str) -> str:
        """Return a prompt with the unknown symbol for each `<unk>`, unless the vocabulary knows these characters."""
        if self.unknown is None or SHOWN_UNKNOWN not in text or self.unknown not in self.encode(SHOWN_UNKNOWN):
            return text
        return text.replace(SHOWN_UNKNOWN, UNKNOWN)

    def checked(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return indices (T,) as int64; IndexError for an index outside 0 … V-1."""
        indices = np.asarray(ids, dtype=np.int64).reshape(-1)
        if indices.size and (indices.min() < 0 or indices.max() >= self.size):
            wrong = indices[(indices < 0) | (indices >= self.size)][0]
            raise IndexError(f"symbol {wrong} does not exist: this vocabulary has the symbols 0 … {self.size - 1}")
        return indices

    def _refuse_unknown(self, units: Sequence[str], positions: Iterable[int], name: str, marks: Sequence[int]) -> None:
        """Raise DataError for unknown units; `marks` are the places of `<unk>`, one character each in the units."""
        starts = np.cumsum([0, *map(len, units)]).tolist()
        first: dict[str, int] = {}
        for position in positions:
            if UNKNOWN not in units[position]:
                unit = units[position]
                at = starts[position] + len(unit) - len(unit.lstrip(" "))
                first.setdefault(unit, at + (len(SHOWN_UNKNOWN) - 1) * bisect.bisect_left(marks, at))
        if not first:
            return
        shown = [f"{_quoted(unit)} at character {at + 1}" for unit, at in list(first.items())[:_SHOWN]]
        more = f" and {len(first) - _SHOWN} more" if len(first) > _SHOWN else ""
        near = closest(next(iter(first)).strip(), [symbol.strip() for symbol in self.symbols if symbol.strip()])
        hint = f"Did you mean {near!r}? " if near and self.kind == "word" else ""
        many = len(first) > 1
        noun = "word" if self.kind == "word" else "symbol"
        raise DataError(
            f"{capitalised(name)} has {counted(len(first), noun)} that the model does not know: {', '.join(shown)}"
            f"{more}. {hint}Remove or replace {'them' if many else 'it'}, or write {SHOWN_UNKNOWN} in place of an"
            f" unknown {noun}."
        )


class IncrementalDecoder:
    """Text from indices one at a time; the joined results are the text that ``decode`` returns for all indices."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def push(self, index: int) -> str:
        """Return the text that this index completes: usually one symbol, sometimes nothing yet."""
        return self.vocabulary.decode([index])

    def flush(self) -> str:
        """Return the rest of an incomplete character, and reset the decoder."""
        return ""


class SymbolTable(Vocabulary):
    """A vocabulary with one list of symbols, the unknown symbol first."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self.unknown = 0

    def tensors(self) -> dict[str, np.ndarray]:
        """Return ``vocabulary.text``, the joined symbols as UTF-8, and ``vocabulary.ends``, (V,), the end of each
        symbol.
        """
        return pack(self.symbols, "vocabulary")


def check_variety(different: int, noun: str, text: Text) -> None:
    """Raise DataError if a text has fewer than two different units, because then nothing can be learned."""
    if different < 2:
        what = f"only one {noun}, {_quoted(str(text[:1]))}, repeated" if different else "no symbol"
        raise DataError(f"The text has {what}: a model needs at least two different {noun}s.")


def _marks(text: str) -> list[int]:
    """Return the places of `<unk>` in a text, counted as if each were one character."""
    found = re.finditer(SHOWN_UNKNOWN, text)
    return [match.start() - number * (len(SHOWN_UNKNOWN) - 1) for number, match in enumerate(found)]


def _quoted(unit: str) -> str:
    unit = unit.strip(" ") or unit
    return f"{unit!r} (U+{ord(unit):04X})" if len(unit) == 1 else repr(unit)
