"""Findings on the units of a language model's texts, and a description of its training data."""

from __future__ import annotations

from anaphora.baselines.ngram import LARGEST
from anaphora.checks import corpus as texts
from anaphora.checks.corpus import check, check_files
from anaphora.checks.examine import Load
from anaphora.checks.examples import named_parts, unit_vocabulary
from anaphora.checks.findings import Finding
from anaphora.config.units import PLURAL
from anaphora.data.text.corpus import TextCorpus
from anaphora.formatting import unit_name
from anaphora.tasks.language import score
from anaphora.tasks.language.data import READING
from anaphora.tasks.language.network import specification
from anaphora.tasks.language.settings import LanguageConfig
from anaphora.tasks.language.windows import Windows

__all__ = ["check", "check_files", "describe"]

_MANY_UNKNOWN = {"char": 0.005, "byte": 0.0, "word": 0.15, "subword": 0.005}  # of the held-out units


def describe(config: LanguageConfig, corpus: TextCorpus) -> tuple[list[Finding], Load | None]:
    """Return findings on the training data (units, vocabulary, unknown units) and the estimated work."""
    encoded, found = texts.in_units(READING, config, corpus, "Use a text with more than one symbol.")
    if encoded is None:
        return found, None
    known, parts, unit = encoded.vocabulary, (encoded.train, encoded.held_out), PLURAL[config.data.units]
    sizes = {where: len(part) for where, part in named_parts(encoded).items()}
    remedy = "Hold out a text of the same kind, raise --vocabulary, or use smaller units: --units char or byte."
    found = [
        *texts.check_units(sizes, unit_name(config.data.units), config.training.folds),
        *unit_vocabulary(known, parts, unit, _MANY_UNKNOWN[config.data.units], remedy, digits=2),
    ]
    training, size = config.training, known.size
    windows = Windows(encoded.train, training.batch, training.bptt, training.seed)
    shape = (training.batch, training.bptt, windows.per_epoch)
    return found, texts.load(specification(config, size), shape, parts, LARGEST, score.LOGITS_AT_ONCE // size)
