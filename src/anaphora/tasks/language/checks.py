"""Findings on the texts of a language model, and a description of its training data.

Rules of files and of lines are in `anaphora.data`; here they meet the two parts of a text, its units, its vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from anaphora.baselines.ngram import LARGEST
from anaphora.checks import corpus as corpus_checks
from anaphora.checks.examine import Load
from anaphora.checks.examples import HELD_OUT, TRAIN, vocabulary
from anaphora.checks.findings import Finding
from anaphora.config.units import PLURAL
from anaphora.data.text.id_files import Units, blocks
from anaphora.errors import DataError
from anaphora.tasks.language import score
from anaphora.tasks.language.data import Encoded, TextCorpus, in_units, shortage
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.settings import LanguageConfig
from anaphora.tasks.language.windows import Windows

_MANY_UNKNOWN = {"char": 0.005, "byte": 0.0, "word": 0.15, "subword": 0.005}  # of the held-out units


def check_files(config: LanguageConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """Return findings on files before anything is read from them."""
    return corpus_checks.check_files(paths, config.data.valid, config.data.encoding)


def check(config: LanguageConfig, corpus: TextCorpus) -> list[Finding]:
    """Return findings on a corpus: repeated lines."""
    return corpus_checks.check_corpus(corpus)


def describe(config: LanguageConfig, corpus: TextCorpus) -> tuple[list[Finding], Load | None]:
    """Return findings on the training data (units, vocabulary, unknown units) and the estimated work.

    Raises DataError if the training part yields no vocabulary.
    """
    try:
        encoded = in_units(config, corpus)
    except DataError as error:
        return [corpus_checks.one_symbol(corpus, error, "Use a text with more than one symbol.")], None
    short = shortage(config, corpus, encoded)
    if short:
        where = TRAIN if len(encoded.train) <= config.training.batch * config.training.bptt else HELD_OUT
        return [Finding("too-short", "error", where, (), short, "")], None
    sizes = (len(encoded.train), len(encoded.held_out))
    units = corpus_checks.check_units(*sizes, PLURAL[config.data.units])
    return [*units, *_vocabulary(config, encoded)], _load(config, encoded)


def _vocabulary(config: LanguageConfig, encoded: Encoded) -> list[Finding]:
    unit, known = PLURAL[config.data.units], encoded.vocabulary
    shares = [_unknown(part, known.unknown) for part in (encoded.train, encoded.held_out)]
    message = (
        f"{known.size:,} different {unit} in the vocabulary; unknown: {shares[0]:.2%} of the training part,"
        f" {shares[1]:.2%} of the held-out part."
    )
    many = f"{shares[1]:.1%} of the held-out {unit} are unknown: the network reads all of them as one symbol."
    remedy = "Hold out a text of the same kind, raise --vocabulary, or use smaller units: --units char or byte."
    return vocabulary(known.size, shares, message, _MANY_UNKNOWN[config.data.units], (many, remedy))


def _unknown(units: Units, unknown: int | None) -> float:
    if unknown is None:
        return 0.0
    return sum(int(np.count_nonzero(block == unknown)) for block in blocks(units)) / max(1, len(units))


def _load(config: LanguageConfig, encoded: Encoded) -> Load:
    training, size = config.training, encoded.vocabulary.size
    windows = Windows(encoded.train, training.batch, training.bptt, training.seed)
    shape = (training.batch, training.bptt, windows.per_epoch)
    parts = (encoded.train, encoded.held_out)
    return corpus_checks.load(specification(config, size), shape, parts, LARGEST, score.LOGITS_AT_ONCE // size)
