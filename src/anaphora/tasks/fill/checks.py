"""Findings on the words of a gap filler's texts, and a description of its training data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.cloze import LARGEST
from anaphora.checks import corpus as texts
from anaphora.checks.corpus import check
from anaphora.checks.examine import Load
from anaphora.checks.examples import named_parts, vocabulary
from anaphora.checks.findings import Finding
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.id_files import Units, counts
from anaphora.tasks.fill.data import READING, Encoded, files
from anaphora.tasks.fill.network import specification
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.windows import Windows

__all__ = ["check", "check_files", "describe"]

_MANY_UNKNOWN = 0.2  # of the held-out words


def check_files(config: FillConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """Return findings on files before anything is read from them."""
    return texts.check_files(config, files(paths))


def describe(config: FillConfig, corpus: TextCorpus) -> tuple[list[Finding], Load | None]:
    """Return findings on the training data (words, unknown words) and the estimated work."""
    encoded, found = texts.in_units(READING, config, corpus, "Use a text that consists of words.")
    return (found, None) if encoded is None else (_words(encoded, config.training.folds), _load(config, encoded))


def _words(encoded: Encoded, folds: int | None) -> list[Finding]:
    """Return findings on the numbers of words and of unknown words in each part."""
    words = encoded.vocabulary.words
    counted = {where: _counts(words, part) for where, part in named_parts(encoded).items()}
    (train, train_unknown), (held_out, unknown), *_ = counted.values()
    shares = (train_unknown / max(1, train), unknown / max(1, held_out))
    size, known = encoded.vocabulary.size, int(words.sum()) - 1
    message = (
        f"{known:,} words and {size - known - 1:,} punctuation marks in the vocabulary; unknown words:"
        f" {shares[0]:.2%} of the training part, {shares[1]:.2%} of the held-out part."
    )
    many = f"{shares[1]:.1%} of the held-out words are unknown: a gap of an unknown word is always filled wrong."
    remedy = "Hold out a text of the same kind, raise --vocabulary, or add text."
    sizes = {where: count for where, (count, _) in counted.items()}
    return [
        *texts.check_units(sizes, "word", folds, "; each is a gap."),
        *vocabulary(size, shares, message, _MANY_UNKNOWN, (many, remedy)),
    ]


def _counts(words: NDArray[np.bool_], units: Units) -> tuple[int, int]:
    """Return the numbers of words and of unknown words."""
    found = counts(units, len(words))
    return int(found[words].sum()), int(found[0])


def _load(config: FillConfig, encoded: Encoded) -> Load:
    training, known = config.training, encoded.vocabulary
    windows = Windows(encoded.train, known.words, training.batch, training.bptt, training.seed)
    shape = (training.batch, windows.steps, windows.per_epoch)
    tree = specification(config, known.size)
    return texts.load(tree, shape, (encoded.train, encoded.held_out), LARGEST, SCORED)
