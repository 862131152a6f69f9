"""The baseline: counts of words between their neighbours, and the most frequent word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.cloze import LARGEST, GapCounts
from anaphora.data.text.id_files import Units
from anaphora.tasks.fill.data import Encoded
from anaphora.tasks.fill.score import MethodScore, baselines
from anaphora.tasks.fill.windows import gaps_of

_COUNTED_PER_MINUTE = 5_000_000  # units


@dataclass(frozen=True)
class Baseline:
    """Scores of the simple methods on the network's gaps; `note` says whether a part was not counted."""

    methods: tuple[MethodScore, ...]
    note: str | None
    units: int  # words and punctuation among which the gaps are

    @property
    def counts(self) -> MethodScore:
        """The better simple method: counts of both neighbours."""
        return self.methods[0]


def counted(minutes: float | None, encoded: Encoded) -> GapCounts:
    """Count the training part, or a sample of it when time is short."""
    largest = LARGEST if minutes is None else min(LARGEST, int(minutes * _COUNTED_PER_MINUTE))
    return GapCounts(encoded.vocabulary.words).fit(encoded.train, largest)


def baseline(counts: GapCounts, words: NDArray[np.bool_], ids: Units, units: int) -> Baseline:
    """Return the scores on about `units` of the units (N,) of a part; `words` (V,) is true for symbols of words."""
    gaps = gaps_of(ids, words, units)
    return Baseline(baselines(counts, gaps), counts.note, units)
