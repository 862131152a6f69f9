"""The baseline: counts of words between their neighbours, and the most frequent word."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from anaphora.baselines.cloze import LARGEST, GapCounts
from anaphora.tasks.fill.data import Encoded
from anaphora.tasks.fill.score import MethodScore, baselines
from anaphora.tasks.fill.windows import gaps_of

_COUNTED_PER_MINUTE = 5_000_000  # units


@dataclass(frozen=True)
class Baseline:
    """Scores of the simple methods on the gaps that the network is scored on; `note` says if less than all was
    counted.
    """

    methods: tuple[MethodScore, ...]
    note: str | None
    units: int  # words and punctuation among which the gaps are

    @property
    def counts(self) -> MethodScore:
        """The better of them: counts of both neighbours."""
        return self.methods[0]

    def facts(self) -> list[dict[str, Any]]:
        """For the model's card."""
        return [asdict(each) for each in self.methods]


class Counted:
    """Counts of the training part, or of a sample of it where time is short."""

    def __init__(self, minutes: float | None, encoded: Encoded) -> None:
        largest = LARGEST if minutes is None else min(LARGEST, int(minutes * _COUNTED_PER_MINUTE))
        self._counts = GapCounts(encoded.vocabulary.words).fit(encoded.train, largest)
        self._encoded = encoded
        self._last: Baseline | None = None

    def baseline(self, units: int) -> Baseline:
        """The scores on so many units of the held-out part."""
        if self._last is None or self._last.units != units:
            gaps = gaps_of(self._encoded.held_out, self._encoded.vocabulary.words, units)
            self._last = Baseline(baselines(self._counts, gaps), self._counts.note, units)
        return self._last
