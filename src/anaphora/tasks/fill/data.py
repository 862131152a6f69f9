"""Texts from files, folders or memory, and their words and punctuation as symbols."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anaphora.checks.corpus import smaller_batch
from anaphora.checks.examples import HELD_OUT, TEST, TRAIN
from anaphora.data.files.own import refuse_own
from anaphora.data.files.passed_over import passed_over
from anaphora.data.files.sources import ending
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.reading import Shortage, TextReading
from anaphora.data.text.tokenized import Encoded as Tokenized
from anaphora.data.text.tokenized import Tokenization
from anaphora.formatting import capitalised, counted
from anaphora.tasks.fill.settings import FillConfig
from anaphora.tasks.fill.vocabulary import WordVocabulary

Encoded = Tokenized[WordVocabulary]
_SIZES = ((8, 64), (8, 32), (4, 16), (1, 8))  # windows of a batch, and their steps
_WORDS = "word or punctuation mark", "words and punctuation marks"
_SEARCHED = 2**20  # units of the held-out part


def files(paths: Sequence[str | Path]) -> list[str]:
    """Return the named files; of a folder, its text files at any depth, or all its files if it has no .txt file."""
    found: list[str] = []
    for path in map(Path, paths):
        if path.is_dir():
            texts, _ = _texts(path)
            refuse_own(path, texts)
            found += map(str, texts or [path])
        else:
            found.append(str(path))
    return found


def others(paths: Sequence[str | Path]) -> dict[str, str]:
    """Return the files of folders that are not read, each with the reason."""
    folders = [path for path in map(Path, paths) if path.is_dir()]
    return {
        name: reason for path in folders for name, reason in passed_over(path, _texts(path)[1], "no .txt file").items()
    }


def _texts(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of a folder that are read, and those that are not."""
    inside = sorted(each for each in folder.rglob("*") if each.is_file() and not each.name.startswith("."))
    texts = [each for each in inside if ending(each) == ".txt"]
    return (texts, [each for each in inside if ending(each) != ".txt"]) if texts else (inside, [])


def _tokenization(config: FillConfig) -> Tokenization[WordVocabulary]:
    size, lower, form = config.data.vocabulary, config.data.lower, config.data.normalize
    said = ("words and punctuation marks", size, lower)
    return Tokenization(
        lambda text: WordVocabulary.of(text, size, lower, form),
        lambda tensors: WordVocabulary.restored(tensors, lower, form),
        said if form == "none" else (*said, form),
    )


def _shortage(config: FillConfig, corpus: TextCorpus, encoded: Encoded) -> Shortage | None:
    train = len(encoded.train)
    need = config.training.batch * config.training.bptt
    if train < need:
        return Shortage(
            TRAIN,
            f"The training part of {corpus.name} has {counted(train, *_WORDS)}; one batch of"
            f" {config.training.batch} windows of {config.training.bptt} needs {need:,}. Add text, or"
            f" {smaller_batch(train, _SIZES)}.",
        )
    for where, option, part in ((HELD_OUT, "--valid", encoded.held_out), (TEST, "--test", encoded.test)):
        if part is not None and not encoded.vocabulary.words[part[:_SEARCHED]].any():
            return Shortage(
                where,
                f"{capitalised(where)} of {corpus.name} has {counted(len(part), *_WORDS)}; a score needs at least one"
                f" word, and a precise score needs some thousands. Raise {option}, or name a file with it.",
            )
    return None


READING = TextReading(
    _tokenization,
    lambda config, corpus: f"The training part of {corpus.name} is empty: add text, or use a smaller --valid.",
    _shortage,
    files,
    others,
)
read, from_memory, in_units, encode = READING.read, READING.from_memory, READING.in_units, READING.encode
