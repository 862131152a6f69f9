"""The blocks of a text's score as statistics: neighbours resemble each other, so a text is resampled in blocks.

block    the sums of its units' figures, and the number of its units        a figure = Σ sums / Σ units
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from anaphora.metrics.bootstrap import Measure, in_blocks
from anaphora.runs.sample import Figure, Sample

_BLOCK = 64  # units; a text of fewer than 20 such blocks has 20 shorter ones


def means(**each: tuple[ArrayLike, float | None]) -> Sample:
    """Return the sample of figures that are means over the units of a text, by name: the unit's own figures (N,), and
    the highest possible mean, None if there is none; underscores of a name are blanks.
    """
    columns = [np.asarray(values, np.float64) for values, _ in each.values()]
    units = np.stack([np.ones(len(columns[0])), *columns], axis=1)
    figures = {
        name.replace("_", " "): Figure(_mean(column), top) for column, (name, (_, top)) in enumerate(each.items(), 1)
    }
    return Sample(in_blocks(units, _BLOCK), figures)


def _mean(column: int) -> Measure:
    return lambda sums: sums[:, column] / sums[:, 0]
