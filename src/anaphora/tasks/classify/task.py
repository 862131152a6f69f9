"""The classify task without torch: what one may set, how rows are read and encoded, what the network must beat.

    accuracy = share of held-out rows whose label is the likeliest one        macro F1 = mean F1 of all labels

The floor is a logistic regression on the same training part, and the most frequent label. The parts of the task stand
in the files beside this one; here they are together, under the names that every task has.
"""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.runtime import Model
from anaphora.tasks.classify import scoring
from anaphora.tasks.classify.answering import Answers
from anaphora.tasks.classify.checks import check, check_files, describe
from anaphora.tasks.classify.classifier import Classifier, Guess
from anaphora.tasks.classify.encoding import Encoded, encode
from anaphora.tasks.classify.floor import Floor, floor
from anaphora.tasks.classify.reading import Corpus, Rows, read, split
from anaphora.tasks.classify.saving import Report
from anaphora.tasks.classify.scoring import Score, labelled
from anaphora.tasks.classify.settings import PLURAL, PRESETS, ClassifyConfig
from anaphora.tasks.classify.suggest import guess

__all__ = [
    "PLURAL", "PRESETS", "Classifier", "ClassifyConfig", "Corpus", "Encoded", "Floor", "Guess", "Report", "Rows",
    "Score", "answers", "check", "check_files", "describe", "encode", "evaluate", "floor", "guess", "read", "split",
]  # fmt: skip


def answers(model: Model, as_json: bool, top: int | None) -> Answers:
    """What answers lines with labels."""
    return Answers(model, as_json, top)


def evaluate(model: Model, paths: Sequence[str], encoding: str = "utf-8") -> Score:
    """Judge a model by labelled data, which are read with the columns that it was trained on.

    Raises DataError for what cannot be read.
    """
    classifier = Classifier(model)
    return scoring.evaluate(classifier, labelled(classifier, paths, encoding))
