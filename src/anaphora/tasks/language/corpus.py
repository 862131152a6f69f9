"""A text, read, split into what is trained on and what is held out, and turned into symbols."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anaphora.data.shards import Units
from anaphora.data.telling import told
from anaphora.data.text import Text, open_texts
from anaphora.data.vocabulary import Vocabulary
from anaphora.errors import DataError, UsageError
from anaphora.tasks.language.preparing import prepare
from anaphora.tasks.language.settings import PLURAL, LanguageConfig


@dataclass(frozen=True)
class Corpus:
    """The text, split; `sha256` is that of the two parts as UTF-8, a zero byte between them."""

    train: Text
    held_out: Text
    sources: tuple[str, ...]
    sha256: str
    held_out_sha256: str


@dataclass(frozen=True)
class Encoded:
    """The two parts as symbols, in memory or on disk."""

    vocabulary: Vocabulary
    train: Units
    held_out: Units


def read(config: LanguageConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read texts of any length, `-` being standard input, and set the held-out part aside.

    Raises DataError for what cannot be read, UsageError for a share that is none.
    """
    text = open_texts(list(paths), config.data.encoding)
    sources = tuple(str(path) for path in paths)
    if isinstance(config.data.valid, str):
        held_out = open_texts([config.data.valid], config.data.encoding)
        return _corpus(text, held_out, (*sources, config.data.valid))
    return split(config, text, *sources)


def split(config: LanguageConfig, text: str | Text, *sources: str) -> Corpus:
    """Set aside the end of a text.

    Raises UsageError if `valid` is not a share between 0 and 1.
    """
    share = config.data.valid
    if isinstance(share, str) or not 0 < share < 1:
        raise UsageError(f"--valid takes a file, or a share of the text between 0 and 1; it was given {share}.")
    text = Text.of(text) if isinstance(text, str) else text
    edge = round(len(text) * (1 - share))
    return _corpus(text[:edge], text[edge:], sources)


def encode(config: LanguageConfig, corpus: Corpus) -> Encoded:
    """Make the vocabulary of the training part alone, and turn both parts into symbols.

    Raises DataError if a part is too short to train on or to score.
    """
    encoded = in_units(config, corpus)
    short = shortage(config, corpus, encoded)
    if short:
        raise DataError(short)
    return encoded


def in_units(config: LanguageConfig, corpus: Corpus) -> Encoded:
    """The same, however short the parts are.

    Raises DataError if no vocabulary can be made of the training part.
    """
    unit = config.data.units
    if not len(corpus.train):
        need = config.training.batch * config.training.steps + 1
        raise DataError(f"The training part of {_named(corpus)} is empty; one batch needs {need:,} {PLURAL[unit]}.")
    return Encoded(*prepare(corpus.train, corpus.held_out, corpus.sha256, unit, config.data.vocabulary))


def shortage(config: LanguageConfig, corpus: Corpus, encoded: Encoded) -> str:
    """What is too short to train on or to score; empty if nothing is."""
    unit = PLURAL[config.data.units]
    train, held_out = len(encoded.train), len(encoded.held_out)
    need = config.training.batch * config.training.steps + 1
    if train < need:
        return (
            f"The training part of {_named(corpus)} has {train:,} {unit}; one batch of {config.training.batch} rows by"
            f" {config.training.steps} steps needs {need:,}. Bring more text, or {_smaller_batch(train)}."
        )
    if held_out < 2:
        return (
            f"The held-out part of {_named(corpus)} has {held_out} {unit}; a score needs at least 2, and some"
            " thousands to mean much. Raise --valid, or name a file with it."
        )
    return ""


def _corpus(train: Text, held_out: Text, sources: tuple[str, ...]) -> Corpus:
    whole, end = hashlib.sha256(), hashlib.sha256()
    for block in told(train.blocks(), len(train), "hashing the training part"):
        whole.update(block.encode())
    whole.update(b"\0")
    for block in told(held_out.blocks(), len(held_out), "hashing the held-out part"):
        whole.update(block.encode())
        end.update(block.encode())
    return Corpus(train, held_out, sources, whole.hexdigest(), end.hexdigest())


def _named(corpus: Corpus) -> str:
    names = ["standard input" if source == "-" else source for source in corpus.sources]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "the text"


def _smaller_batch(units: int) -> str:
    """Options under which a text of so many units makes a batch; words that say so if none does."""
    for batch, steps in ((16, 64), (8, 32), (4, 16), (1, 8)):
        if batch * steps + 1 <= units:
            return f"try --batch {batch} --steps {steps}"
    return "at least a few sentences: nothing can be learnt from this little"
