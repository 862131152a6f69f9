"""Building a vocabulary from a text, and restoring it from a bundle's tensors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from anaphora.data.files.text import Text
from anaphora.data.text.characters import Characters
from anaphora.data.text.normal_form import Form, in_form
from anaphora.data.text.packed import tensor, unpack
from anaphora.data.text.utf8_bytes import Bytes
from anaphora.data.text.vocabulary import UNKNOWN, Vocabulary
from anaphora.data.text.words import Words
from anaphora.errors import CorruptBundle, IncompatibleBundle, UsageError, closest

KINDS = ("char", "byte", "word", "subword")


def build(kind: str, text: str | Text, size: int | None = None, form: Form = "none") -> Vocabulary:
    """Build the vocabulary of a training text, which is read block by block in a normal form.

    `size` limits V, the unknown symbol included (default: all characters, 10,000 words, 4,000 subwords; bytes always
    have 256 symbols). Raises DataError if the text has fewer than two different symbols, UsageError for an unknown kind
    or a wrong size.
    """
    _check_kind(kind, UsageError)
    if size is not None and size < 3:
        raise UsageError(f"The vocabulary size is {size}: expected at least 3, for the unknown symbol and two others.")
    known = _learned(kind, in_form(Text.of(text) if isinstance(text, str) else text, form), size)
    known.form = form
    return known


def restore(kind: str, tensors: Mapping[str, np.ndarray], form: Form = "none") -> Vocabulary:
    """Return the vocabulary that `tensors` describe; each has one dimension, (N,). It reads texts in a normal form.

    Raises CorruptBundle if they do not describe a vocabulary, IncompatibleBundle for an unknown kind.
    """
    _check_kind(kind, IncompatibleBundle)
    known = _restored(kind, tensors)
    known.form = form
    return known


def _learned(kind: str, text: Text, size: int | None) -> Vocabulary:
    if kind == "byte":
        return Bytes.of(text)
    if kind == "char":
        return Characters.of(text, size)
    if kind == "word":
        return Words.of(text, size)
    from anaphora.data.text.subwords import Subwords

    return Subwords.of(text, size)


def _restored(kind: str, tensors: Mapping[str, np.ndarray]) -> Vocabulary:
    if kind == "byte":
        return Bytes()
    if kind == "subword":
        from anaphora.data.text.subwords import Subwords

        return Subwords(tensor(tensors, "vocabulary.model", np.uint8).tobytes())
    symbols = unpack(tensors, "vocabulary")
    if len(symbols) < 2 or "" in symbols:
        raise CorruptBundle("vocabulary.ends: expected two or more symbols, and no empty one")
    if len(set(symbols)) != len(symbols) or UNKNOWN not in symbols[0]:
        raise CorruptBundle("vocabulary.text: expected different symbols, the unknown one first")
    if kind == "word":
        return Words(symbols)
    if any(len(symbol) != 1 for symbol in symbols):
        raise CorruptBundle("vocabulary.text: a character vocabulary holds a symbol that is not one character")
    return Characters(symbols)


def _check_kind(kind: str, error: type[UsageError] | type[IncompatibleBundle]) -> None:
    if kind not in KINDS:
        near = closest(kind, KINDS)
        hint = f"did you mean {near}?" if near else f"expected one of {', '.join(KINDS)}"
        raise error(f"Unknown kind of unit {kind!r}: {hint}")
