"""The fill task without torch: what one may set, how a text is split and encoded, what the network must beat.

    accuracy = share of held-out words that are the likeliest for the gap they leave        from both sides, and one

The floor is counts of each word between its two neighbours. The parts of the task stand in the files beside this one;
here they are together, under the names that every task has.
"""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.data.files.text import open_texts
from anaphora.runtime import Model
from anaphora.tasks.fill import scoring
from anaphora.tasks.fill.answering import Answers
from anaphora.tasks.fill.checks import check, check_files, describe
from anaphora.tasks.fill.corpus import Corpus, Encoded, encode, files, read, split
from anaphora.tasks.fill.filler import Filled, Filler, Gap, Guess
from anaphora.tasks.fill.floor import Floor, floor
from anaphora.tasks.fill.saving import Report
from anaphora.tasks.fill.scoring import Score
from anaphora.tasks.fill.settings import PRESETS, FillConfig
from anaphora.tasks.fill.suggest import guess

__all__ = [
    "PRESETS", "Answers", "Corpus", "Encoded", "FillConfig", "Filled", "Filler", "Floor", "Gap", "Guess", "Report",
    "Score", "check", "check_files", "describe", "encode", "evaluate", "floor", "guess", "read", "split",
]  # fmt: skip


def evaluate(
    model: Model, paths: Sequence[str], encoding: str = "utf-8", counted: Sequence[str] | None = None
) -> Score:
    """Judge a model by the words of texts; `counted` are the texts whose neighbours are counted beside.

    Raises DataError for what cannot be read, or has no word.
    """
    beside = open_texts(files(counted), encoding) if counted else None
    return scoring.evaluate(Filler(model), open_texts(files(paths), encoding), beside)
