"""The translate task without torch: what one may set, how pairs are read and encoded, what the network must beat.

    BLEU and chrF of decoded held-out text, as sacrebleu computes them; never of text that was told what came before

The floor is a copy of the source. The parts of the task stand in the files beside this one; here they are together,
under the names that every task has.
"""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.config import from_values
from anaphora.runtime import Model
from anaphora.tasks.translate import scoring
from anaphora.tasks.translate.answering import Answers
from anaphora.tasks.translate.checks import check, check_files, describe
from anaphora.tasks.translate.encoding import Encoded, encode
from anaphora.tasks.translate.floor import Floor, floor
from anaphora.tasks.translate.reading import Corpus, pairs_of, read
from anaphora.tasks.translate.saving import Report
from anaphora.tasks.translate.scoring import Score
from anaphora.tasks.translate.settings import PLURAL, PRESETS, TranslateConfig
from anaphora.tasks.translate.suggest import guess
from anaphora.tasks.translate.translator import GREEDY, How, Translation, Translator

__all__ = [
    "PLURAL", "PRESETS", "Answers", "Corpus", "Encoded", "Floor", "How", "Report", "Score", "TranslateConfig",
    "Translation", "Translator", "check", "check_files", "describe", "encode", "evaluate", "floor", "guess", "read",
]  # fmt: skip


def evaluate(model: Model, paths: Sequence[str], encoding: str = "utf-8", how: How = GREEDY) -> Score:
    """Judge a model by pairs, which are read with the columns that it was trained on.

    Raises DataError for what cannot be read.
    """
    config = from_values(TranslateConfig, model.config["training"])
    return scoring.evaluate(Translator(model), pairs_of(config, paths, encoding), how)
