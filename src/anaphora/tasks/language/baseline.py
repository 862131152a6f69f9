"""The baseline: an interpolated Kneser-Ney model of the same units, counted on the same training part."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.ngram import LARGEST, KneserNey, order_for
from anaphora.data.text.id_files import Units
from anaphora.runs.sample import Sample
from anaphora.runs.text_sample import means
from anaphora.tasks.language import windows
from anaphora.tasks.language.data import Encoded
from anaphora.tasks.language.score import FIGURES, ngram_nats
from anaphora.tasks.language.settings import LanguageConfig

_COUNTED_PER_MINUTE = 5_000_000  # units of which n-grams are counted; a million takes 1 to 2 s


@dataclass(frozen=True)
class Baseline:
    """The n-gram model's score; `note` says whether it saw only a sample of the training part."""

    nats: float  # of the units that are scored
    whole_nats: float  # of all that `eval` scores of this part
    order: int
    note: str | None
    sample: Sample | None = field(default=None, repr=False, compare=False)  # of the units that are scored
    whole: Sample | None = field(default=None, repr=False, compare=False)  # of all that `eval` scores


@dataclass(frozen=True)
class Fitted:
    """An n-gram model of the training part, and the nats (N,) of every scored unit; `of_test` has those of the test
    part.
    """

    order: int
    note: str | None
    each: NDArray[np.float64] = field(repr=False, compare=False)
    of_test: Fitted | None = None

    def baseline(self, pieces: list[windows.Piece], share: float) -> Baseline:
        """Return the score on pieces, or on a share of each."""
        every, mean = means(FIGURES, self.each), float(self.each.mean())
        if share >= 1:
            return Baseline(mean, mean, self.order, self.note, every, every)
        some = self.each[windows.in_shortened(pieces, share)]
        return Baseline(float(some.mean()), mean, self.order, self.note, means(FIGURES, some), every)


def fitted(config: LanguageConfig, encoded: Encoded) -> Fitted:
    """Count the n-grams of the training part, or of a sample of it when time is short, and score the other parts."""
    order = order_for(config.data.units)
    minutes = config.training.minutes
    largest = LARGEST if minutes is None else min(LARGEST, int(minutes * _COUNTED_PER_MINUTE))
    model = KneserNey(order, encoded.vocabulary.size).fit(encoded.train, largest)

    def nats(ids: Units) -> NDArray[np.float64]:
        return ngram_nats(model, ids, windows.cut(len(ids)))

    of_test = None if encoded.test is None else Fitted(order, model.note, nats(encoded.test))
    return Fitted(order, model.note, nats(encoded.held_out), of_test)
