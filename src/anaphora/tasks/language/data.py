"""A text, read, split into what is trained on and what is held out, and turned into symbols."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.checks.corpus import smaller_batch
from anaphora.config.units import PLURAL
from anaphora.data.files.text import Text
from anaphora.data.in_memory import paths
from anaphora.data.text.build import build, restore
from anaphora.data.text.corpus import TextCorpus, read_corpus, split_corpus
from anaphora.data.text.in_memory import corpus_of
from anaphora.data.text.tokenized import Encoded as Tokenized
from anaphora.data.text.tokenized import Tokenization, prepare
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.errors import DataError
from anaphora.tasks.language.settings import LanguageConfig

__all__ = ["Encoded", "TextCorpus", "encode", "from_memory", "in_units", "paths", "read", "shortage", "split"]


Encoded = Tokenized[Vocabulary]
_SIZES = ((16, 64), (8, 32), (4, 16), (1, 8))  # rows of a batch, and their steps


def read(config: LanguageConfig, paths: Sequence[str | Path]) -> TextCorpus:
    """Read texts of any length, `-` being standard input, and set the held-out part aside.

    Raises DataError for a text that cannot be read, UsageError for an invalid share.
    """
    return read_corpus(paths, config.data.valid, config.data.encoding)


def from_memory(config: LanguageConfig, data: Any) -> TextCorpus:
    """Texts of a Python program as a corpus, its end held out.

        a str             a text                      pathlib.Path, or several      files, read as one text
        several str       one text, each its lines

    A text and a file are told apart by the type alone, so that no text is ever taken for the name of a file. Raises
    UsageError for what is no text, DataError for one of several that is none.
    """
    return corpus_of(data, config.data.valid, config.data.encoding)


def split(config: LanguageConfig, text: str | Text, *sources: str) -> TextCorpus:
    """Set aside the end of a text; raises UsageError if `valid` is not a share between 0 and 1."""
    return split_corpus(text, config.data.valid, *sources)


def encode(config: LanguageConfig, corpus: TextCorpus) -> Encoded:
    """Make the vocabulary of the training part alone, and turn both parts into symbols.

    Raises DataError if a part is too short to train on or to score.
    """
    encoded = in_units(config, corpus)
    short = shortage(config, corpus, encoded)
    if short:
        raise DataError(short)
    return encoded


def in_units(config: LanguageConfig, corpus: TextCorpus) -> Encoded:
    """Encode both parts, however short they are. Raises DataError if the training part yields no vocabulary."""
    unit, size = config.data.units, config.data.vocabulary
    if not len(corpus.train):
        need = config.training.batch * config.training.bptt + 1
        raise DataError(f"The training part of {corpus.name} is empty; one batch needs {need:,} {PLURAL[unit]}.")
    way = Tokenization(lambda text: build(unit, text, size), lambda tensors: restore(unit, tensors), (unit, size))
    return prepare(corpus, way)


def shortage(config: LanguageConfig, corpus: TextCorpus, encoded: Encoded) -> str:
    """Return a message about a part that is too short to train on or to score; empty if both are long enough."""
    unit = PLURAL[config.data.units]
    train, held_out = len(encoded.train), len(encoded.held_out)
    need = config.training.batch * config.training.bptt + 1
    if train < need:
        return (
            f"The training part of {corpus.name} has {train:,} {unit}; one batch of {config.training.batch}"
            f" rows by {config.training.bptt} steps needs {need:,}. Add text, or"
            f" {smaller_batch(train - 1, _SIZES)}."
        )
    if held_out < 2:
        return (
            f"The held-out part of {corpus.name} has {held_out} {unit}; a score needs at least 2, and a"
            " precise score needs some thousands. Raise --valid, or name a file with it."
        )
    return ""
