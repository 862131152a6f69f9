"""The tag task without torch: what one may set, how sentences are read and encoded, what the network must beat.

    accuracy = share of words with the right tag        F1 = of spans, as conlleval counts them

The floor is each word's most frequent tag. The parts of the task stand in the files beside this one; here they are
together, under the names that every task has.
"""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.data.files.conll import Sentences
from anaphora.runtime import Model
from anaphora.tasks.tag import scoring
from anaphora.tasks.tag.answering import Answers
from anaphora.tasks.tag.checks import check, check_files, describe
from anaphora.tasks.tag.encoding import Encoded, encode
from anaphora.tasks.tag.floor import Floor, floor
from anaphora.tasks.tag.reading import Corpus, read, set_aside
from anaphora.tasks.tag.saving import Report
from anaphora.tasks.tag.scoring import Score, labelled
from anaphora.tasks.tag.settings import PRESETS, TagConfig
from anaphora.tasks.tag.suggest import guess
from anaphora.tasks.tag.tagger import Tagged, Tagger

__all__ = [
    "PRESETS", "Answers", "Corpus", "Encoded", "Floor", "Report", "Score", "Sentences", "TagConfig", "Tagged", "Tagger",
    "check", "check_files", "describe", "encode", "evaluate", "floor", "guess", "read", "set_aside",
]  # fmt: skip


def evaluate(model: Model, paths: Sequence[str], encoding: str = "utf-8") -> Score:
    """Judge a model by sentences with tags, which are read as those that it was trained on.

    Raises DataError for what cannot be read.
    """
    tagger = Tagger(model)
    return scoring.evaluate(tagger, labelled(tagger, paths, encoding))
