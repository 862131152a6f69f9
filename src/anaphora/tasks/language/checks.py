"""What is wrong with texts, and what would be trained on them.

Rules of files and of lines are in `anaphora.data`; here they meet the two parts of a text, its units, its vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from anaphora.baselines.ngram import LARGEST
from anaphora.checks import corpus as corpus_checks
from anaphora.checks.corpus import HELD_OUT, TRAIN
from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding
from anaphora.data.text.id_files import BLOCK, Units
from anaphora.errors import DataError
from anaphora.tasks.language import scoring, streams
from anaphora.tasks.language.corpus import Corpus, Encoded, in_units, shortage
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.settings import PLURAL, LanguageConfig

_MANY_UNKNOWN = {"char": 0.005, "byte": 0.0, "word": 0.15, "subword": 0.005}  # of the held-out units
_COUNTING_BYTES = 120  # of each unit whose n-grams are counted
_FEW = 1000  # held-out units of which a score means little


def check_files(config: LanguageConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """What is wrong with files before anything is read from them."""
    return corpus_checks.check_files(paths, config.data.valid, config.data.encoding)


def check(config: LanguageConfig, corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read: lines that stand more than once."""
    return corpus_checks.check_corpus(corpus)


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
