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
from anaphora.data.examples import Split, checked_share, hold_out
from anaphora.data.files.conll import TAGS, TOKENS, Sentences, listed, read_sentences
from anaphora.data.in_memory import is_sequence, kind
from anaphora.errors import DataError, UsageError
from anaphora.metrics import spans
from anaphora.tasks.tag.settings import Data, TagConfig

NAME = "the data"
_EXPECTED = (
    "Expected sentences with tags: (X, y), a list of (words, tags), a frame with two columns of lists, or paths;"
    " got {}."
)


@dataclass(frozen=True)
class Corpus(Split[Sentences]):
    """Sentences in two parts, and the scheme in which their tags mark spans."""

    scheme: str


def paths(data: Any) -> list[str] | None:
    """Return the named files, as str or pathlib.Path; None if the data are in memory."""
    return in_memory.paths(data, words=True)


def read(config: TagConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read files, and set the held-out part aside.

    Raises DataError for data that cannot be read, UsageError for an invalid share.
    """
    data = config.data
    names = tuple(str(path) for path in paths)
    sentences = read_all(data, names)
    if isinstance(data.valid, float):
        return set_aside(config, sentences, *names)
    held_out = valid_paths(data.valid)
    return _corpus(data, sentences, read_all(data, held_out), (*names, *held_out))


def from_memory(config: TagConfig, data: Any) -> Corpus:
    """Return sentences in memory as a corpus with a share of them held out.

    Raises UsageError for values that are not tagged sentences, DataError for a sentence that cannot be read.
    """
    return set_aside(config, tagged(config.data, data))


def read_all(data: Data, paths: Sequence[str], encoding: str | None = None) -> Sentences:
    """Return the sentences of several files.

    Raises UsageError if no file is named, DataError for data that cannot be read.
    """
    if not paths:
        raise UsageError("No data were named: name files with a word and its tag per line, CoNLL-U or JSONL.")
    return Sentences.joined([read_sentences(path, data, encoding) for path in paths])


def valid_paths(valid: str) -> list[str]:
    """Return the files that were named as the held-out part."""
    return [name.strip() for name in valid.split(",") if name.strip()]


def set_aside(config: TagConfig, sentences: Sentences, *sources: str) -> Corpus:
    """Hold out a share of sentences, in an order that the seed draws; raises as `read` does."""
    share = checked_share(config.data.valid, "files, or a share of the sentences")
    train, held_out = hold_out(len(sentences), share, config.training.seed)
    return _corpus(config.data, sentences.take(train.tolist()), sentences.take(held_out.tolist()), sources)


def tagged(data: Data, rows: Any) -> Sentences:
    """Return sentences in memory with their tags, numbered from 1; raises as `from_memory` does."""
    frame = in_memory.columns(rows)
    if frame is not None:
        X, y = (_column(frame, name, usual) for name, usual in ((data.token, TOKENS), (data.tag, TAGS)))
    else:
        X, y = map(list, in_memory.two_columns(rows, _EXPECTED))
    if len(X) != len(y):
        raise UsageError(f"There are {len(X):,} sentences and {len(y):,} rows of tags; expected equal numbers.")
    found: list[list[tuple[str, ...]]] = [[], []]
    for number, pair in enumerate(zip(X, y, strict=True), 1):
        try:
            words, tags = (listed(each, name) for each, name in zip(pair, ("words", "tags"), strict=True))
            if len(words) != len(tags):
                raise DataError(f"{len(words)} words and {len(tags)} tags; expected a tag for each word.")
        except DataError as error:
            raise DataError(f"{NAME}, sentence {number}: {error}") from error
        for rows_of, row in zip(found, (words, tags), strict=True):
            rows_of.append(row)
    return Sentences.of(*found)


def untagged(X: Any) -> list[tuple[str, ...]]:
    """Return the words of sentences in memory: lists of words, or texts with spaces between words.

    Raises UsageError for values that are not sentences.
    """
    if isinstance(X, str) or not is_sequence(X):
        raise UsageError(f"Expected a list of sentences, each a list of words or a text, got {kind(X)}.")
    return [tuple(row.split()) if isinstance(row, str) else listed(row, "a sentence") for row in X]


def _column(frame: dict[str, list[Any]], named: str | None, usual: Sequence[str]) -> list[Any]:
    names = [named] if named else [name for name in frame if name.strip().lower() in usual]
    if not names or names[0] not in frame:
        raise DataError(
            f"{NAME}: there is no column {names[0] if names else usual[0]!r}; there are: {', '.join(frame)}."
        )
    return frame[str(names[0])]


def _corpus(data: Data, train: Sentences, held_out: Sentences, sources: tuple[str, ...]) -> Corpus:
    if not train.words or not held_out.words:
        part = "held-out" if train.words else "training"
        raise DataError(
            f"The {part} part has no word; the data have {len(train) + len(held_out)} sentences. Add"
            " sentences, or name a held-out file with --valid."
        )
    scheme = spans.detect(train.tags) if data.scheme == "auto" else data.scheme
    seen = hashlib.sha256(scheme.encode())
    for sentences in (train, held_out):
        seen.update(len(sentences).to_bytes(8, "little"))
        for rows in (sentences.tokens, sentences.tags):
            for row in rows:
                seen.update("\0".join(row).encode() + b"\1")
    return Corpus(train, held_out, sources, seen.hexdigest(), scheme)
