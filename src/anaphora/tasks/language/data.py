"""A text, read, split into what is trained on and what is held out, and turned into symbols."""

from __future__ import annotations

from anaphora.checks.corpus import smaller_batch
from anaphora.checks.examples import HELD_OUT, TEST, TRAIN
from anaphora.config.units import PLURAL
from anaphora.data.text.build import build, restore
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.reading import Shortage, TextReading
from anaphora.data.text.tokenized import Encoded as Tokenized
from anaphora.data.text.tokenized import Tokenization
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.formatting import capitalised, counted, unit_name
from anaphora.tasks.language.settings import LanguageConfig

Encoded = Tokenized[Vocabulary]
_SIZES = ((16, 64), (8, 32), (4, 16), (1, 8))  # rows of a batch, and their steps


def _tokenization(config: LanguageConfig) -> Tokenization[Vocabulary]:
    unit, size, form = config.data.units, config.data.vocabulary, config.data.normalize
    said = (unit, size) if form == "none" else (unit, size, form)
    return Tokenization(lambda text: build(unit, text, size, form), lambda tensors: restore(unit, tensors, form), said)


def _empty(config: LanguageConfig, corpus: TextCorpus) -> str:
    need = config.training.batch * config.training.bptt + 1
    return f"The training part of {corpus.name} is empty; one batch needs {need:,} {PLURAL[config.data.units]}."


def _shortage(config: LanguageConfig, corpus: TextCorpus, encoded: Encoded) -> Shortage | None:
    unit = unit_name(config.data.units)
    train = len(encoded.train)
    need = config.training.batch * config.training.bptt + 1
    if train < need:
        return Shortage(
            TRAIN,
            f"The training part of {corpus.name} has {counted(train, unit)}; one batch of {config.training.batch}"
            f" rows by {config.training.bptt} steps needs {need:,}. Add text, or"
            f" {smaller_batch(train - 1, _SIZES)}.",
        )
    for where, option, part in ((HELD_OUT, "--valid", encoded.held_out), (TEST, "--test", encoded.test)):
        if part is not None and len(part) < 2:
            return Shortage(
                where,
                f"{capitalised(where)} of {corpus.name} has {counted(len(part), unit)}; a score needs at least 2, and a"
                f" precise score needs some thousands. Raise {option}, or name a file with it.",
            )
    return None


READING = TextReading(_tokenization, _empty, _shortage)
read, from_memory, in_units, encode = READING.read, READING.from_memory, READING.in_units, READING.encode
