"""Texts from files, folders or memory, and their words and punctuation as symbols."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.checks.corpus import smaller_batch
from anaphora.data.in_memory import paths
from anaphora.data.text.corpus import TextCorpus, read_corpus
from anaphora.data.text.in_memory import corpus_of
from anaphora.data.text.tokenized import Encoded as Tokenized
from anaphora.data.text.tokenized import Tokenization, prepare
from anaphora.errors import DataError
from anaphora.tasks.fill.settings import FillConfig
from anaphora.tasks.fill.vocabulary import WordVocabulary

__all__ = ["Encoded", "TextCorpus", "encode", "files", "from_memory", "in_units", "paths", "read", "shortage"]

Encoded = Tokenized[WordVocabulary]
_SIZES = ((8, 64), (8, 32), (4, 16), (1, 8))  # windows of a batch, and their steps
_SEARCHED = 2**20  # units of the held-out part


def files(paths: Sequence[str | Path]) -> list[str]:
    """Return the named files; of a folder, its text files at any depth, or all its files if it has no .txt file."""
    found: list[str] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
            texts = [each for each in inside if each.suffix.lower() == ".txt"]
            found += map(str, texts or inside or [path])
        else:
            found.append(str(path))
    return found


def read(config: FillConfig, paths: Sequence[str | Path]) -> TextCorpus:
    """Read texts of any length, `-` being standard input, and set the held-out part aside.

    Raises DataError for a text that cannot be read, UsageError for an invalid share.
    """
    return read_corpus(files(paths), config.data.valid, config.data.encoding)


def from_memory(config: FillConfig, data: Any) -> TextCorpus:
    """Texts in memory as a corpus, its end held out; raises as `corpus_of` does."""
    return corpus_of(data, config.data.valid, config.data.encoding, files)


def encode(config: FillConfig, corpus: TextCorpus) -> Encoded:
    """Learn the words of the training part alone, and turn both parts into symbols.

    Raises DataError if a part is too short to train on or to score, or has no words.
    """
    encoded = in_units(config, corpus)
    short = shortage(config, corpus, encoded)
    if short:
        raise DataError(short)
    return encoded


def in_units(config: FillConfig, corpus: TextCorpus) -> Encoded:
    """Encode both parts, however short they are; raises DataError if the training part has no words to learn."""
    size, lower = config.data.vocabulary, config.data.lower
    if not len(corpus.train):
        raise DataError(f"The training part of {corpus.name} is empty: add text, or use a smaller --valid.")
    way = Tokenization(
        lambda text: WordVocabulary.of(text, size, lower),
        lambda tensors: WordVocabulary.restored(tensors, lower),
        ("words and punctuation marks", size, lower),
    )
    return prepare(corpus, way)


def shortage(config: FillConfig, corpus: TextCorpus, encoded: Encoded) -> str:
    """Return a message about a part that is too short to train on or to score; empty if both are long enough."""
    train, held_out = len(encoded.train), len(encoded.held_out)
    need = config.training.batch * config.training.bptt
    if train < need:
        return (
            f"The training part of {corpus.name} has {train:,} words and punctuation marks; one batch of"
            f" {config.training.batch} windows of {config.training.bptt} needs {need:,}. Add text, or"
            f" {smaller_batch(train, _SIZES)}."
        )
    if not encoded.vocabulary.words[encoded.held_out[:_SEARCHED]].any():
        return (
            f"The held-out part of {corpus.name} has {held_out} words and punctuation marks; a score needs"
            " at least one word, and a precise score needs some thousands. Raise --valid, or name a file"
            " with it."
        )
    return ""
