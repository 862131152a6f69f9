"""The language task without torch: what one may set, how a text is split and encoded, what the network must beat.

    score = mean over units 1 … N−1 of the held-out text of  −log p(unit | all before it)      nats per unit
    bits = nats / log 2,    perplexity = exp(nats)

The floor is an interpolated Kneser-Ney model of the same units, counted on the same training part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.ngram import LARGEST, KneserNey, order_for
from anaphora.metrics import language_model
from anaphora.runs.report import Ending
from anaphora.tasks.language import scoring, streams
from anaphora.tasks.language.checks import check, check_files, describe
from anaphora.tasks.language.corpus import Corpus, Encoded, encode, read, split
from anaphora.tasks.language.settings import HELD_OUT, PLURAL, PRESETS, LanguageConfig
from anaphora.tasks.language.suggest import guess

_COUNTED_PER_MINUTE = 5_000_000  # units of which n-grams are counted; a million takes 1 to 2 s
__all__ = [
    "HELD_OUT", "PLURAL", "PRESETS", "Corpus", "Encoded", "Floor", "LanguageConfig", "Report", "Scored",
    "check", "check_files", "describe", "encode", "floor", "guess", "read", "scored", "split",
]  # fmt: skip


@dataclass(frozen=True)
class Floor:
    """What an n-gram model of the same units scores on the held-out part; `note` says if it saw less than all, and
    `each` has the nats of every unit.
    """

    nats: float
    order: int
    note: str | None
    each: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)


@dataclass(frozen=True)
class Report(Ending):
    """How a training ended. Scores are on the held-out part; they are None if the run was cut off before they were
    computed.
    """

    unit: str
    nats: float | None
    bits: float | None
    perplexity: float | None
    floor_nats: float
    scored: int  # units

    def told(self) -> list[str]:
        """The network beside the n-gram model."""
        if self.nats is None:
            return []
        lines = [f"held-out text, {self.scored:,} {PLURAL[self.unit]}, per {self.unit}:"]
        for name, nats in (("network", self.nats), ("n-gram ", self.floor_nats)):
            bits, perplexity = language_model.bits(nats), language_model.perplexity(nats)
            lines.append(f"  {name}  {nats:.4f} nats  {bits:.4f} bits  perplexity {perplexity:,.2f}")
        return lines


def floor(config: LanguageConfig, encoded: Encoded) -> Floor:
    """Score the held-out part with an n-gram model of the training part, or of a sample of it where time is short."""
    order = order_for(config.data.units)
    minutes = config.training.minutes
    largest = LARGEST if minutes is None else min(LARGEST, int(minutes * _COUNTED_PER_MINUTE))
    model = KneserNey(order, encoded.vocabulary.size).fit(encoded.train, largest)
    pieces = streams.cut(len(encoded.held_out))
    each = scoring.floor_nats(model, encoded.held_out, pieces)
    return Floor(float(each.mean()), order, model.note, each)


@dataclass(frozen=True)
class Scored:
    """The part of the held-out part that the final score is of; `note` says what to know if it is not all."""

    pieces: list[streams.Piece]
    units: int
    note: str | None
    floor_nats: float  # the same units by the n-gram model


def scored(encoded: Encoded, floor: Floor, share: float = 1.0) -> Scored:
    """All that a score is made of, or a share of it where there is no time for more."""
    whole, every = streams.cut(len(encoded.held_out)), len(encoded.held_out) - 1
    pieces, nats = whole, floor.nats
    if share < 1:
        pieces = streams.shortened(whole, share)
        nats = float(floor.each[streams.in_shortened(whole, share)].mean())
    units = streams.scored_in(pieces)
    note = f"Both scores are of an evenly spread sample of {units:,} of the held-out part's {every:,} units"
    note += "." if share == 1 else ": --minutes left no time for more."
    return Scored(pieces, units, note if units < every else None, nats)
