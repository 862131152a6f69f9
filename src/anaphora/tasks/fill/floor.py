"""What the network must beat: counts of words between their neighbours, and the most frequent word."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from anaphora.baselines.cloze import LARGEST, GapCounts
from anaphora.tasks.fill.corpus import Encoded
from anaphora.tasks.fill.scoring import Side, floors
from anaphora.tasks.fill.settings import SCORED, FillConfig
from anaphora.tasks.fill.windows import cut, laid

_COUNTED_PER_MINUTE = 5_000_000  # units


@dataclass(frozen=True)
class Floor:
    """Scores of the simple methods on the gaps that the network is scored on; `note` says if less than all was
    counted.
    """

    sides: tuple[Side, ...]
    note: str | None
    units: int  # words and marks among which the gaps are

    @property
    def counts(self) -> Side:
        """The better of them: counts of both neighbours."""
        return self.sides[0]

    def facts(self) -> list[dict[str, Any]]:
        """For the model's card."""
        return [asdict(side) for side in self.sides]


def floor(config: FillConfig, encoded: Encoded, units: int = SCORED) -> Floor:
    """Count the training part, or a sample of it where time is short, and judge so much of the held-out part by it."""
    minutes, words = config.training.minutes, encoded.lexicon.words
    largest = LARGEST if minutes is None else min(LARGEST, int(minutes * _COUNTED_PER_MINUTE))
    counts = GapCounts(words).fit(encoded.train, largest)
    gaps = laid(encoded.held_out, words, cut(len(encoded.held_out), units))
    return Floor(floors(counts, gaps), counts.note, units)
