"""From files to sentences whose words have tags, and the held-out part set aside: sentences in an order that the seed
draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anaphora.data.files.conll import Sentences, read_sentences
from anaphora.errors import DataError, UsageError
from anaphora.metrics import spans
from anaphora.tasks.tag.settings import Data, TagConfig


@dataclass(frozen=True)
class Corpus:
    """What was read, split; `scheme` says how tags mean spans; `sha256` is that of all words and tags, the held-out
    ones last.
    """

    train: Sentences
    held_out: Sentences
    scheme: str
    sources: tuple[str, ...]
    sha256: str


def read(config: TagConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read files, and set the held-out part aside.

    Raises DataError for what cannot be read, UsageError for a share that is none.
    """
    data = config.data
    names = tuple(str(path) for path in paths)
    sentences = read_all(data, names)
    if isinstance(data.valid, float):
        return set_aside(config, sentences, *names)
    held_out = valid_paths(data.valid)
    return _corpus(data, sentences, read_all(data, held_out), (*names, *held_out))


def read_all(data: Data, paths: Sequence[str], encoding: str | None = None) -> Sentences:
    """The sentences of several files.

    Raises UsageError if none is named, DataError for what cannot be read.
    """
    if not paths:
        raise UsageError("no data were named: give files with a word and its tag per line, CoNLL-U or JSONL")
    return Sentences.joined([read_sentences(path, data, encoding) for path in paths])


def valid_paths(valid: str) -> list[str]:
    """The files that were named as the held-out part."""
    return [name.strip() for name in valid.split(",") if name.strip()]


def set_aside(config: TagConfig, sentences: Sentences, *sources: str) -> Corpus:
    """Hold out a share of sentences that were read; raises as `read` does."""
    share = config.data.valid
    if isinstance(share, str) or not 0 < share < 1:
        raise UsageError(f"--valid takes files, or a share of the sentences between 0 and 1; it was given {share}.")
    count = len(sentences)
    order = np.random.default_rng([config.training.seed, count]).permutation(count)
    held_out = max(1, round(share * count)) if count > 1 else 0
    train = np.sort(order[held_out:]).tolist()
    return _corpus(config.data, sentences.take(train), sentences.take(np.sort(order[:held_out]).tolist()), sources)


def _corpus(data: Data, train: Sentences, held_out: Sentences, sources: tuple[str, ...]) -> Corpus:
    if not train.words or not held_out.words:
        part = "held-out" if train.words else "training"
        raise DataError(
            f"The {part} part has no word; the data have {len(train) + len(held_out)} sentences. Bring more, or a file"
            " of its own with --valid."
        )
    scheme = spans.detect(train.tags) if data.scheme == "auto" else data.scheme
    seen = hashlib.sha256(scheme.encode())
    for sentences in (train, held_out):
        _digest(sentences, seen)
    return Corpus(train, held_out, scheme, sources, seen.hexdigest())


def _digest(sentences: Sentences, seen: Any) -> None:
    seen.update(len(sentences).to_bytes(8, "little"))
    for rows in (sentences.tokens, sentences.tags):
        for row in rows:
            seen.update("\0".join(row).encode() + b"\1")
