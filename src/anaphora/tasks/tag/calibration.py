"""The temperature of a tagger's probabilities: one number for scores and chain together.

    p(tags | words) = exp(s(tags)/T) / Z(T)        nats of a sentence: −ln p, convex in 1/T

The fit, its penalty and its folds are those of `anaphora.metrics.scaling`: of few sentences T stays near 1, and each
sentence is scored at the temperature of the other folds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.sampling import evenly_spaced
from anaphora.metrics import scaling
from anaphora.tasks.tag.encoding import Part
from anaphora.tasks.tag.predict import Tagger

_FITTED, _FEWEST_FITTED = 1_000, 100  # sentences that the temperature is fitted to
_PAIRS_FITTED = 2**27  # pairs of neighbouring tags, over all words of those sentences
_TRIED = 6  # steps of the search, after its bracket


class Temperatures(NamedTuple):
    """The temperature of all sentences, and for each sentence (B,) that of the sentences outside its fold."""

    whole: float
    cross_fitted: NDArray[np.float64]


def fit_temperatures(tagger: Tagger, part: Part) -> Temperatures:
    """Fit temperatures to sentences (B,), or to a sample of them, whose temperature all other sentences get.

    All are 1 if no sentence has known tags only.
    """
    known = np.flatnonzero(part.known)
    if not len(known):
        return Temperatures(1.0, np.ones(len(part.known)))
    pairs = float(part.lengths.mean()) * len(tagger.reader.tags) ** 2
    sample = known[evenly_spaced(len(known), min(_FITTED, max(_FEWEST_FITTED, int(_PAIRS_FITTED / pairs))))]
    some = part.take(sample)
    scored = [(rows, scores, lengths, some.targets(rows)) for rows, scores, lengths in tagger.scores(some)]

    def fitted(counted: NDArray[np.bool_]) -> float:
        chosen = [(counted[rows], scores, lengths, tags) for rows, scores, lengths, tags in scored]
        kept = [(scores[:, own], lengths[own], tags[:, own]) for own, scores, lengths, tags in chosen]

        def nats(temperature: float) -> float:
            chain = tagger.at(temperature)
            found = np.concatenate([chain.log_probabilities(*each) for each in kept])
            return -float(found[np.isfinite(found)].sum())  # no temperature makes impossible tags possible

        return scaling.fitted_temperature(nats, _TRIED)

    whole, fold = fitted(np.ones(len(sample), np.bool_)), scaling.folds_of(len(sample))
    each = np.full(len(part.known), whole)
    for own in range(int(fold.max()) + 1):
        each[sample[fold == own]] = fitted(fold != own)
    return Temperatures(whole, each)
