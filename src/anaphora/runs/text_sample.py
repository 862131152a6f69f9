"""The blocks of a text's score as statistics: figures that are means over units, of any sample of the blocks.

    block    the number of its units, and the sum of each of S figures over its units (1 + S,)

A figure is Σ sums / Σ units. `anaphora.metrics.blocks` cuts a text into blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from anaphora.metrics.blocks import in_blocks
from anaphora.metrics.bootstrap import Measure
from anaphora.runs.sample import Figure, Sample


def means(tops: Mapping[str, float | None], *figures: ArrayLike) -> Sample:
    """Return the sample of a text whose units have figures (N,) each, as many as `tops` names; a value of `tops` is the
    highest possible mean, None if there is none.
    """
    return _sample(in_blocks(*figures), tops)


def restored(stored: Any, tops: Mapping[str, float | None]) -> Sample | None:
    """Return the sample that a model card stores as blocks, `statistics.tolist()`; None if it stores none."""
    return None if stored is None else _sample(stored, tops)


def _sample(blocks: ArrayLike, tops: Mapping[str, float | None]) -> Sample:
    return Sample(blocks, {name: Figure(_mean(at), top) for at, (name, top) in enumerate(tops.items(), 1)}, "block")


def _mean(column: int) -> Measure:
    return lambda sums: sums[:, column] / sums[:, 0]
