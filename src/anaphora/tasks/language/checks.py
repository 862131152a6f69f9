"""What is wrong with texts, and what would be trained on them.

Rules of files and of lines are in `anaphora.data`; here they meet the two parts of a text, its units, its vocabulary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from anaphora.baselines import LARGEST
from anaphora.checking import Load
from anaphora.data.line_checks import Lines, Piece, check_lines
from anaphora.data.shards import BLOCK, Units
from anaphora.data.text import STANDARD_INPUT, Text
from anaphora.data.text_checks import check_texts
from anaphora.errors import DataError
from anaphora.findings import Finding
from anaphora.tasks.language import scoring, streams
from anaphora.tasks.language.corpus import Corpus, Encoded, in_units, shortage
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.settings import PLURAL, LanguageConfig

TRAIN, HELD_OUT = "the training part", "the held-out part"
_MANY_UNKNOWN = {"char": 0.005, "byte": 0.0, "word": 0.15, "subword": 0.005}  # of the held-out units
_COUNTING_BYTES = 120  # of each unit whose n-grams are counted
_FEW = 1000  # held-out units of which a score means little


def check_files(config: LanguageConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """What is wrong with files before anything is read from them."""
    valid = config.data.valid
    files = [*map(str, paths), *([valid] if isinstance(valid, str) else [])]
    found = check_texts(list(dict.fromkeys(files)), config.data.encoding)
    seen: dict[tuple[int, int], str] = {}
    for number, file in enumerate(files):
        if not os.path.isfile(file):
            continue
        facts = os.stat(file)
        before = seen.get((facts.st_dev, facts.st_ino))
        seen.setdefault((facts.st_dev, facts.st_ino), file)
        if before is None:
            continue
        if isinstance(valid, str) and number == len(files) - 1:
            message = f"It is held out, and trained on as {before}: the score is no test."
            found.append(Finding("same-file", "warning", file, (), message, "Hold out another text."))
        else:
            message = f"It is named more than once, first as {before}: it counts as often."
            found.append(Finding("same-file", "warning", file, (), message, "Name each file once."))
    return found


def check(config: LanguageConfig, corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read: lines that stand more than once."""
    train, held_out = _lines(corpus)
    return [*(part.lengths(where) for part, where in ((train, TRAIN), (held_out, HELD_OUT)) if part.count),
            *check_lines(train, held_out)]  # fmt: skip


def describe(config: LanguageConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """What would be trained on: units, vocabulary, what is unknown; and how much work that is.

    Raises DataError if no vocabulary can be made of the training part.
    """
    first = next(iter(corpus.train.blocks()), "")
    try:
        encoded = in_units(config, corpus)
    except DataError as error:
        if len(set(first)) != 1:
            raise
        return [Finding("one-symbol", "error", TRAIN, (), f"{error}.", "Bring a text with more than one symbol.")], None
    short = shortage(config, corpus, encoded)
    if short:
        where = HELD_OUT if len(encoded.held_out) < 2 else TRAIN
        return [Finding("too-short", "error", where, (), short, "")], None
    return [*_units(config, encoded), *_vocabulary(config, corpus, encoded)], _load(config, encoded)


def _units(config: LanguageConfig, encoded: Encoded) -> list[Finding]:
    unit = PLURAL[config.data.units]
    train, held_out = len(encoded.train), len(encoded.held_out)
    message = f"{train:,} {unit} to train on and {held_out:,} held out."
    found = [Finding("units", "info", "the text", (), message, "", figures={"train": train, "held_out": held_out})]
    if held_out < _FEW:
        message = f"Only {held_out:,} {unit} are held out: the score will say little."
        found.append(
            Finding("few-held-out", "warning", HELD_OUT, (), message, "Raise --valid, or name a file with it.")
        )
    return found


def _vocabulary(config: LanguageConfig, corpus: Corpus, encoded: Encoded) -> list[Finding]:
    unit, vocabulary = PLURAL[config.data.units], encoded.vocabulary
    shares = [_unknown(part, vocabulary.unknown) for part in (encoded.train, encoded.held_out)]
    message = (
        f"{vocabulary.size:,} different {unit}; {shares[0]:.2%} to train on and {shares[1]:.2%} held out are unknown."
    )
    figures = {"size": vocabulary.size, "train_unknown": shares[0], "held_out_unknown": shares[1]}
    found = [Finding("vocabulary", "info", TRAIN, (), message, "", figures=figures)]
    if vocabulary.unknown is not None and shares[1] > _MANY_UNKNOWN[config.data.units]:
        message = f"{shares[1]:.1%} of the held-out {unit} are in no vocabulary: they all look alike to the network."
        remedy = "Hold out a text of the same kind, raise --vocabulary, or take smaller units: --units char or byte."
        found.append(Finding("many-unknown", "warning", HELD_OUT, (), message, remedy))
    return found


def _unknown(units: Units, unknown: int | None) -> float:
    if unknown is None:
        return 0.0
    count = sum(int(np.count_nonzero(units[at : at + BLOCK] == unknown)) for at in range(0, len(units), BLOCK))
    return count / max(1, len(units))


def _load(config: LanguageConfig, encoded: Encoded) -> Load:
    training, size = config.training, encoded.vocabulary.size
    windows = streams.Windows(encoded.train, training.batch, training.steps, training.seed)
    in_memory = sum(part.nbytes for part in (encoded.train, encoded.held_out) if isinstance(part, np.ndarray))
    return Load(
        tree=specification(config, size),
        rows=training.batch,
        steps=training.steps,
        batches=windows.per_epoch,
        data_bytes=in_memory + _COUNTING_BYTES * min(len(encoded.train), LARGEST),
        scored_lines=min(scoring.LOGITS_AT_ONCE // size, len(encoded.held_out)),
    )


def _lines(corpus: Corpus) -> tuple[Lines, Lines]:
    """The lines of both parts, each with the file it stands in, and where."""
    names = ["standard input" if source == STANDARD_INPUT else source for source in corpus.sources]
    first, second = corpus.train.lengths, corpus.held_out.lengths
    cut = len(first) + len(second) > len(names)  # one file lies in both parts
    if len(first) + len(second) - cut != len(names):
        names = ["the text"] * (len(first) + len(second))
    train = Lines(_pieces(corpus.train, names[: len(first)], 1))
    begins = train.ends_in if cut else 1
    return train, Lines(_pieces(corpus.held_out, names[len(first) - cut :], begins))


def _pieces(text: Text, names: Sequence[str], line: int) -> Iterator[Piece]:
    blocks = text.blocks()
    for name, length in zip(names, text.lengths, strict=False):
        yield Piece(name, line, _take(blocks, length))
        line = 1


def _take(blocks: Iterator[str], length: int) -> Iterator[str]:
    """Blocks of so many characters in all."""
    while length > 0:
        block = next(blocks)
        length -= len(block)
        yield block
