"""Sentences whose words have tags, from files or from memory, and a part of them held out.

(X, y)                        sentences, lists of words, and their lists of tags
[(words, tags), …]            the same, sentence by sentence
a frame                       its columns of lists are found as a file's are
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anaphora.data import in_memory
from anaphora.data.examples import Split, checked_share, hold_out, valid_paths
from anaphora.data.files.conll import Sentences, listed, read_sentences, sentences_of_table
from anaphora.data.files.tables import ColumnTable
from anaphora.data.in_memory import is_sequence, kind
from anaphora.data.location import Location
from anaphora.errors import DataError, UsageError
from anaphora.metrics.notation import USUAL, Marking, marking, marking_like
from anaphora.tasks.tag.settings import Data, TagConfig
from anaphora.tasks.tag.truth import converted, in_form

NAME = "the data"
_EXPECTED = (
    "Expected sentences with tags: (X, y), a list of (words, tags), a frame with two columns of lists, or paths;"
    " got {}."
)


@dataclass(frozen=True)
class Corpus(Split[Sentences]):
    """Sentences in two parts with plain tags; `marking` is how the tags of the data mark spans, and `odd` are the tags
    that do not fit it.
    """

    marking: Marking
    odd: tuple[tuple[str, Location], ...] = ()

    @property
    def scheme(self) -> str:
        """The scheme in which the tags mark spans."""
        return self.marking.scheme


def read(config: TagConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read files, and set the held-out part aside; raises as `Task.read` does."""
    data = config.data
    names = tuple(str(path) for path in paths)
    sentences = read_all(data, names)
    if isinstance(data.valid, float):
        return set_aside(config, sentences, *names)
    held_out = valid_paths(data.valid)
    return _corpus(data, sentences, read_all(data, held_out), (*names, *held_out))


def from_memory(config: TagConfig, data: Any) -> Corpus:
    """Return sentences in memory as a corpus with a share of them held out; raises as `Task.from_memory` does."""
    return set_aside(config, tagged(config.data, data))


def read_all(data: Data, paths: Sequence[str], encoding: str | None = None) -> Sentences:
    """Return the sentences of several files; raises as `Task.read` does, and UsageError if no file is named."""
    if not paths:
        raise UsageError(
            "No data were named. Name files with a word and its tag on each line, or CoNLL-U or JSONL files."
        )
    return Sentences.joined([read_sentences(path, data, encoding) for path in paths])


def set_aside(config: TagConfig, sentences: Sentences, *sources: str) -> Corpus:
    """Hold out a share of sentences, in an order that the seed draws; raises as `read` does."""
    share = checked_share(config.data.valid, "files, or a share of the sentences")
    train, held_out = hold_out(len(sentences), share, config.training.seed)
    return _corpus(config.data, sentences.take(train.tolist()), sentences.take(held_out.tolist()), sources)


def tagged(data: Data, rows: Any) -> Sentences:
    """Return sentences in memory with their tags, numbered from 1; raises as `from_memory` does."""
    columns, names = in_memory.columns(rows), (data.token, data.tag)
    if columns is None:
        X, y = in_memory.two_columns(rows, _EXPECTED)
        if len(X) != len(y):
            raise UsageError(f"There are {len(X):,} sentences and {len(y):,} rows of tags; expected equal numbers.")
        columns, names = {"words": list(X), "tags": list(y)}, (None, None)
    found, wrong = sentences_of_table(ColumnTable(columns, NAME), "", *names)
    if wrong:
        raise DataError(f"{NAME}, sentence {wrong[0].line}: {wrong[0].message}")
    return found


def untagged(X: Any) -> list[tuple[str, ...]]:
    """Return the words of lists of words, or of texts with spaces; raises UsageError for other values."""
    if isinstance(X, str) or not is_sequence(X):
        raise UsageError(f"Expected a list of sentences, each a list of words or a text, got {kind(X)}.")
    return [tuple(row.split()) if isinstance(row, str) else listed(row, "a sentence") for row in X]


def _corpus(data: Data, train: Sentences, held_out: Sentences, sources: tuple[str, ...]) -> Corpus:
    if not train.words or not held_out.words:
        part = "held-out" if train.words else "training"
        raise DataError(
            f"The {part} part has no word; the data have {len(train) + len(held_out)} sentences. Add"
            " sentences, or name a held-out file with --valid."
        )
    train, held_out = (in_form(part, data.normalize) for part in (train, held_out))
    known = marking(train.tags, data.scheme)
    is_open = data.scheme == "auto"
    other = marking_like(held_out.tags, known) if is_open else marking(held_out.tags, data.scheme)
    odd = tuple(
        (tag, part.place(row, word))
        for part, own in ((train, known), (held_out, other))
        for row, tags in enumerate(part.tags if own.odd else ())
        for word, tag in enumerate(tags)
        if tag in own.odd
    )
    train, held_out = (converted(part, own, known.scheme) for part, own in ((train, known), (held_out, other)))
    seen = hashlib.sha256(known.scheme.encode())
    if known.notation != USUAL:
        seen.update(repr(known.notation).encode())
    for sentences in (train, held_out):
        seen.update(len(sentences).to_bytes(8, "little"))
        for rows in (sentences.tokens, sentences.tags):
            for row in rows:
                seen.update("\0".join(row).encode() + b"\1")
    return Corpus(train, held_out, sources, seen.hexdigest(), known, odd)
