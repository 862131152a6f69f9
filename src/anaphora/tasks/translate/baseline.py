"""The baseline: the source itself as its translation."""

from __future__ import annotations

from anaphora.data.files.pairs import Pairs
from anaphora.data.sampling import evenly_spaced
from anaphora.tasks.translate.encoding import prepared
from anaphora.tasks.translate.score import Figures, figures


def copied(pairs: Pairs, lower: bool, most: int) -> Figures:
    """Score the sources of pairs, or of `most` of them evenly spaced, as their own translations.

    Raises MissingExtra where sacrebleu is not installed.
    """
    rows = evenly_spaced(len(pairs), most)
    copies = [prepared(pairs.sources[row], lower) for row in rows]
    return figures(copies, [pairs.targets[row] for row in rows], lower)
