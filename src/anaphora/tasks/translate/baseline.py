"""The baseline: the source itself as its translation."""

from __future__ import annotations

from anaphora.data.examples import Indices
from anaphora.data.files.pairs import Pairs
from anaphora.tasks.translate.encoding import prepared
from anaphora.tasks.translate.score import Figures, figures


def copied(pairs: Pairs, rows: Indices, lower: bool) -> Figures:
    """Score the sources of the pairs with numbers `rows` (n,) as their own translations.

    Raises MissingExtra where sacrebleu is not installed.
    """
    copies = [prepared(pairs.sources[row], lower) for row in rows]
    return figures(copies, [pairs.targets[row] for row in rows], lower)
