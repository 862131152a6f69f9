"""Texts from files and folders, and their words and marks as symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anaphora.data.files.text import Text
from anaphora.data.text.corpus import Corpus, read_corpus, split_corpus
from anaphora.data.text.id_files import Units
from anaphora.data.text.tokenized import Way, prepare
from anaphora.errors import DataError
from anaphora.tasks.fill.lexicon import Lexicon
from anaphora.tasks.fill.settings import FillConfig

__all__ = ["Corpus", "Encoded", "encode", "files", "read", "shortage", "split"]


@dataclass(frozen=True)
class Encoded:
    """The two parts as symbols, in memory or on disk."""

    lexicon: Lexicon
    train: Units
    held_out: Units


def files(paths: Sequence[str | Path]) -> list[str]:
    """The files that are meant: of a folder its text files, however deep, or all files where none is called .txt."""
    found: list[str] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
            texts = [each for each in inside if each.suffix.lower() == ".txt"]
            found += map(str, texts or inside or [path])
        else:
            found.append(str(path))
    return found


def read(config: FillConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read texts of any length, `-` being standard input, and set the held-out part aside.

    Raises DataError for what cannot be read, UsageError for a share that is none.
    """
    return read_corpus(files(paths), config.data.valid, config.data.encoding)


def split(config: FillConfig, text: str | Text, *sources: str) -> Corpus:
    """Set aside the end of a text; raises UsageError if `valid` is not a share between 0 and 1."""
    return split_corpus(text, config.data.valid, *sources)


def encode(config: FillConfig, corpus: Corpus) -> Encoded:
    """Learn the words of the training part alone, and turn both parts into symbols.

    Raises DataError if a part is too short to train on or to score, or has no words.
    """
    encoded = in_units(config, corpus)
    short = shortage(config, corpus, encoded)
    if short:
        raise DataError(short)
    return encoded


def in_units(config: FillConfig, corpus: Corpus) -> Encoded:
    """The same, however short the parts are; raises DataError if the training part has no words to learn."""
    data = config.data
    if not len(corpus.train):
        raise DataError(f"The training part of {corpus.name} is empty: bring more text, or a smaller --valid.")

    way = Way(
        lambda text: Lexicon.of(text, data.vocabulary, data.lower),
        lambda tensors: Lexicon.restore_lexicon(tensors, data.lower),
        ("words and marks", data.vocabulary, data.lower),
    )
    return Encoded(*prepare(corpus, way))


def shortage(config: FillConfig, corpus: Corpus, encoded: Encoded) -> str:
    """What is too short to train on or to score; empty if nothing is."""
    train, held_out = len(encoded.train), len(encoded.held_out)
    need = config.training.batch * config.training.steps
    if train < need:
        return (
            f"The training part of {corpus.name} has {train:,} words and marks; one batch of {config.training.batch}"
            f" windows of {config.training.steps} needs {need:,}. Bring more text, or {_smaller_batch(train)}."
        )
    if not encoded.lexicon.words[encoded.held_out[: 2**20]].any():
        return (
            f"The held-out part of {corpus.name} has {held_out} words and marks; a score needs at least one word, and"
            " some thousands to mean much. Raise --valid, or name a file with it."
        )
    return ""


def _smaller_batch(units: int) -> str:
    """Options under which a text of so many units makes a batch; words that say so if none does."""
    for batch, steps in ((8, 64), (8, 32), (4, 16), (1, 8)):
        if batch * steps <= units:
            return f"try --batch {batch} --steps {steps}"
    return "at least a few sentences: nothing can be learnt from this little"
