"""What is wrong with texts, and what would be trained on them.

Rules of files and of lines are in `anaphora.data`; here the two parts of a text meet their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from anaphora.baselines.cloze import LARGEST
from anaphora.checks import corpus as corpus_checks
from anaphora.checks.corpus import HELD_OUT, TRAIN
from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding
from anaphora.data.text.id_files import Units, blocks
from anaphora.errors import DataError
from anaphora.tasks.fill.corpus import Corpus, Encoded, files, in_units, shortage
from anaphora.tasks.fill.lexicon import Lexicon
from anaphora.tasks.fill.network import specification
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.windows import Windows

_MANY_UNKNOWN = 0.2  # of the held-out words
_COUNTING_BYTES = 120  # of each unit whose neighbours are counted
_FEW = 1000  # held-out words of which a score means little


def check_files(config: FillConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """What is wrong with files before anything is read from them."""
    return corpus_checks.check_files(files(paths), config.data.valid, config.data.encoding)


def check(config: FillConfig, corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read: lines that stand more than once."""
    return corpus_checks.check_corpus(corpus)


def describe(config: FillConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """What would be trained on: words, how many are known; and how much work that is.

    Raises DataError if the training part has no words to learn.
    """
    first = next(iter(corpus.train.blocks()), "")
    try:
        encoded = in_units(config, corpus)
    except DataError as error:
        if len(set(first)) != 1:
            raise
        return [Finding("one-symbol", "error", TRAIN, (), f"{error}.", "Bring a text of words.")], None
    short = shortage(config, corpus, encoded)
    if short:
        words = encoded.lexicon.words
        where = TRAIN if words[encoded.held_out[:SCORED]].any() else HELD_OUT
        return [Finding("too-short", "error", where, (), short, "")], None
    return [*_units(encoded), *_known(encoded)], _load(config, encoded)


def _units(encoded: Encoded) -> list[Finding]:
    train, held_out = (_words(encoded.lexicon, part)[0] for part in (encoded.train, encoded.held_out))
    message = f"{train:,} words to train on and {held_out:,} held out; each is a gap."
    found = [Finding("units", "info", "the text", (), message, "", figures={"train": train, "held_out": held_out})]
    if held_out < _FEW:
        message = f"Only {held_out:,} words are held out: the score will say little."
        remedy = "Raise --valid, or name a file with it."
        found.append(Finding("few-held-out", "warning", HELD_OUT, (), message, remedy))
    return found


def _known(encoded: Encoded) -> list[Finding]:
    lexicon = encoded.lexicon
    shares = [unknown / max(1, words) for words, unknown in
              (_words(lexicon, part) for part in (encoded.train, encoded.held_out))]  # fmt: skip
    known = int(lexicon.words.sum()) - 1
    message = (
        f"{known:,} words are known, and {lexicon.size - known - 1:,} marks; of all words {shares[0]:.2%} to train on"
        f" and {shares[1]:.2%} held out are not."
    )
    figures = {"size": lexicon.size, "train_unknown": shares[0], "held_out_unknown": shares[1]}
    found = [Finding("vocabulary", "info", TRAIN, (), message, "", figures=figures)]
    if shares[1] > _MANY_UNKNOWN:
        message = f"{shares[1]:.1%} of the held-out words are not known: such a gap is always filled wrong."
        remedy = "Hold out a text of the same kind, raise --vocabulary, or bring more text."
        found.append(Finding("many-unknown", "warning", HELD_OUT, (), message, remedy))
    return found


def _words(lexicon: Lexicon, units: Units) -> tuple[int, int]:
    """How many units are words, and how many of them are not known."""
    each = [(int(lexicon.words[block].sum()), int(np.count_nonzero(block == 0))) for block in blocks(units)]
    return sum(words for words, _ in each), sum(unknown for _, unknown in each)


def _load(config: FillConfig, encoded: Encoded) -> Load:
    training, size = config.training, encoded.lexicon.size
    windows = Windows(encoded.train, encoded.lexicon.words, training.batch, training.steps, training.seed)
    in_memory = sum(part.nbytes for part in (encoded.train, encoded.held_out) if isinstance(part, np.ndarray))
    return Load(
        tree=specification(config, size),
        rows=training.batch,
        steps=windows.steps,
        batches=windows.per_epoch,
        data_bytes=in_memory + _COUNTING_BYTES * min(len(encoded.train), LARGEST),
        scored_lines=min(SCORED, len(encoded.held_out)),
    )
