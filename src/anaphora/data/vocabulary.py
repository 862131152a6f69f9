"""Vocabularies: text as numbers and back, in four kinds of unit.

A vocabulary is a list of V symbols; ``encode`` gives each unit of a text its index 0 … V-1 and ``decode`` joins
symbols::

    char      one Unicode code point                     unknown + the characters of the training text
    byte      one byte of the text's UTF-8               always 256 symbols, nothing can be unknown
    word      a word, punctuation or white space         unknown + frequent words; see :mod:`anaphora.data.words`
    subword   a piece of a word (sentencepiece, BPE)     unknown + line feed + pieces; see :mod:`anaphora.data.subword`

**Unknown** is index 0 of every kind but ``byte`` and prints as U+FFFD, ``�``; a U+FFFD in a text *is* the unknown
symbol. Words meet it in training, since a word that occurs once becomes unknown. Characters and pieces do not: there it
exists so that held-out text with a character never seen is scored, with whatever probability the model gives to
"something else". Index 0 names that event and not the character, so such a score is a little too kind; it is the same
for the network and for the n-gram beside it.

A text may be longer than memory: it is counted and encoded block by block, ``encode_all`` cutting it only where no
unit is cut in two.
"""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from anaphora.data.text import Text
from anaphora.errors import CorruptBundle, DataError, IncompatibleBundle, UsageError, closest

Ids = npt.NDArray[np.int32]

KINDS = ("char", "byte", "word", "subword")
UNKNOWN = "\ufffd"
_CODE_POINTS = 0x110000
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
        """Return what a bundle must hold so that :meth:`restore` gives this vocabulary back."""

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of indices (T,); IndexError when one is not in 0 … V-1."""
        return "".join(self.symbols[i] for i in self._checked(ids).tolist())

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

    @staticmethod
    def build(kind: str, text: str | Text, size: int | None = None) -> Vocabulary:
        """Make the vocabulary of a training text, which is read block by block.

        ``size`` bounds V, unknown included (default: all characters, 10,000 words, 4,000 pieces; bytes are always
        256). Raises DataError when the text has fewer than two different symbols, UsageError for an unknown kind or a
        bad size.
        """
        _check_kind(kind, UsageError)
        if size is not None and size < 3:
            raise UsageError(
                f"a vocabulary size of {size} was asked for: expected at least 3 (unknown and two symbols)"
            )
        text = Text.of(text) if isinstance(text, str) else text
        if kind == "byte":
            return Bytes.of(text)
        if kind == "char":
            return Characters.of(text, size)
        if kind == "word":
            from anaphora.data.words import Words

            return Words.of(text, size)
        from anaphora.data.subword import Subwords

        return Subwords.of(text, size)

    @staticmethod
    def restore(kind: str, tensors: Mapping[str, np.ndarray]) -> Vocabulary:
        """Give back the vocabulary whose :meth:`tensors` these are.

        Raises CorruptBundle when they do not describe one, IncompatibleBundle for an unknown kind.
        """
        _check_kind(kind, IncompatibleBundle)
        if kind == "byte":
            return Bytes()
        if kind == "subword":
            from anaphora.data.subword import Subwords

            return Subwords(_tensor(tensors, "vocabulary.model", np.uint8).tobytes())
        symbols = _unpack(tensors)
        if kind == "word":
            from anaphora.data.words import Words

            return Words(symbols)
        if any(len(symbol) != 1 for symbol in symbols):
            raise CorruptBundle("vocabulary.text: a character vocabulary holds a symbol that is not one character")
        return Characters(symbols)

    def _checked(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
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


class Characters(Table):
    """One Unicode code point per unit; known characters are sorted by code point behind the unknown one."""

    kind = "char"

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(symbols)
        self._points = np.array([ord(symbol) for symbol in self.symbols], dtype=np.uint32)
        self._index = np.zeros(_CODE_POINTS, dtype=np.int32)
        self._index[self._points] = np.arange(self.size, dtype=np.int32)
        ascii_index = self._index[:128]
        self._ascii = ascii_index.astype(np.uint8).tobytes().ljust(256) if ascii_index.max() < 256 else None

    @classmethod
    def of(cls, text: Text, size: int | None) -> Characters:
        """Take every character of ``text``, or the ``size`` - 1 most frequent (ties: the lower code point)."""
        counts = count_characters(text.blocks())
        counts[ord(UNKNOWN)] = 0
        points = np.flatnonzero(counts)
        check_variety(points.size, "character", text)
        if size is not None and points.size > size - 1:
            points = np.sort(points[np.argsort(-counts[points], kind="stable")[: size - 1]])
        return cls([UNKNOWN, *map(chr, points.tolist())])

    def encode(self, text: str) -> Ids:
        if self._ascii is not None and text.isascii():  # five times as fast
            return np.frombuffer(text.encode().translate(self._ascii), np.uint8).astype(np.int32)
        return self._index[_code_points(text)]

    def units(self, text: str) -> Sequence[str]:
        return text

    def decode(self, ids: npt.ArrayLike) -> str:
        return self._points[self._checked(ids)].astype("<u4").tobytes().decode("utf-32-le")


class Bytes(Vocabulary):
    """One byte of UTF-8 per unit: every text has an encoding, and the index is the byte."""

    kind = "byte"

    def __init__(self) -> None:
        self.symbols = tuple(chr(byte) if byte < 128 else f"\\x{byte:02x}" for byte in range(256))
        self.unknown = None

    @classmethod
    def of(cls, text: Text) -> Bytes:
        """Check that ``text`` has at least two different bytes; the vocabulary itself is always the same."""
        found: set[int] = set()
        for block in text.blocks():
            found.update(block.encode())
            if len(found) > 1:
                return cls()
        check_variety(len(found), "byte", text)
        return cls()

    def encode(self, text: str) -> Ids:
        return np.frombuffer(text.encode(), np.uint8).astype(np.int32)

    def units(self, text: str) -> Sequence[str]:
        return [self.symbols[byte] for byte in text.encode()]

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of bytes (T,); what is no valid UTF-8 shows as U+FFFD."""
        return self._checked(ids).astype(np.uint8).tobytes().decode("utf-8", "replace")

    def decoder(self) -> Decoder:
        return _ByteDecoder(self)

    def tensors(self) -> dict[str, np.ndarray]:
        """Return nothing: the kind says all."""
        return {}


class _ByteDecoder(Decoder):
    """Holds back the bytes of a character until its last one has come."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, index: int) -> str:
        return self._utf8.decode(self.vocabulary._checked([index]).astype(np.uint8).tobytes())

    def flush(self) -> str:
        text = self._utf8.decode(b"", final=True)
        self._utf8.reset()
        return text


def count_characters(blocks: Iterable[str]) -> npt.NDArray[np.int64]:
    """Count how often every code point occurs in a text, (1,114,112,)."""
    counts = np.zeros(_CODE_POINTS, dtype=np.int64)
    for block in blocks:
        points = np.frombuffer(block.encode(), np.uint8) if block.isascii() else _code_points(block)
        found = np.bincount(points)
        counts[: found.size] += found
    return counts


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)


def _check_kind(kind: str, error: type[UsageError] | type[IncompatibleBundle]) -> None:
    if kind not in KINDS:
        near = closest(kind, KINDS)
        hint = f"did you mean {near}?" if near else f"expected one of {', '.join(KINDS)}"
        raise error(f"unknown kind of unit {kind!r}: {hint}")


def check_variety(different: int, noun: str, text: Text) -> None:
    """Raise DataError when a text has fewer than two different units: there would be nothing to predict."""
    if different < 2:
        what = f"one {noun} only, {_quoted(str(text[:1]))}, over and over" if different else "nothing to learn from"
        raise DataError(f"the text has {what}: a model needs at least two different {noun}s")


def _quoted(unit: str) -> str:
    unit = unit.strip(" ") or unit
    return f"{unit!r} (U+{ord(unit):04X})" if len(unit) == 1 else repr(unit)


def _tensor(tensors: Mapping[str, np.ndarray], name: str, dtype: type[np.generic]) -> np.ndarray:
    if name not in tensors:
        raise CorruptBundle(f"the vocabulary's tensor {name!r} is missing")
    tensor = tensors[name]
    if tensor.dtype != dtype or tensor.ndim != 1:
        raise CorruptBundle(f"{name}: expected one dimension of {np.dtype(dtype)}, got {tensor.ndim} of {tensor.dtype}")
    return tensor


def _unpack(tensors: Mapping[str, np.ndarray]) -> list[str]:
    text = _tensor(tensors, "vocabulary.text", np.uint8).tobytes()
    ends = _tensor(tensors, "vocabulary.ends", np.int64).tolist()
    starts = [0, *ends[:-1]]
    if len(ends) < 2 or ends[-1] != len(text) or any(end <= start for start, end in zip(starts, ends, strict=True)):
        raise CorruptBundle(f"vocabulary.ends: expected two or more increasing ends, the last of them {len(text)}")
    try:
        symbols = [text[start:end].decode() for start, end in zip(starts, ends, strict=True)]
    except UnicodeDecodeError as error:
        raise CorruptBundle(f"vocabulary.text: a symbol is not UTF-8 ({error.reason})") from error
    if len(set(symbols)) != len(symbols) or UNKNOWN not in symbols[0]:
        raise CorruptBundle("vocabulary.text: expected different symbols, the unknown one first")
    return symbols
