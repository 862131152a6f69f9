"""The bootstrap interval of a figure that is computed from sums over independent units: rows, sentences, pairs, blocks.

    figure  = measure(Σ_i s_i)                          s_i (S,) are the counts or sums of unit i of n
    draw d  : w_d ~ Multinomial(n; 1/n, …, 1/n)         as often as each unit is in n units, drawn with replacement
    figure_d = measure(Σ_i w_di s_i)                    95 % interval: the 2.5th to the 97.5th percentile of figure_d

Two methods on the same units are compared in the same draws (paired): the interval is of the difference of figures.
The units of a text depend on their neighbours, so a text is resampled in blocks (`anaphora.metrics.blocks`).

The distribution of the draws is too narrow if units are few, by the factor √((n − 1)/n) and by the normal distribution
in place of Student's t. So the percentiles are those of ±√(n/(n − 1))·t(n − 1) standard deviations.

Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993; Koehn, EMNLP 2004 (pairs);
Hesterberg, The American Statistician 69, 2015 (few units).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Measure = Callable[[Floats], Floats]

DRAWS = 1000
TAIL = 0.025  # on each side of a 95 % interval
_HELD = 2**21  # weights, and entries of the statistics, that are held at once in float64


class Interval(NamedTuple):
    """Both ends of a 95 % interval."""

    low: float
    high: float


def interval(
    statistics: ArrayLike, measure: Measure, seed: int = 0, draws: int = DRAWS, counts: ArrayLike | None = None
) -> Interval | None:
    """Return the interval of a figure; None for one unit, which has no interval.

    `statistics` (n, S) are summed over units; `measure` turns sums (draws, S) into figures (draws,); `counts` (n,) says
    how many units have each row of the statistics, by default 1.
    """
    size = _size(statistics, counts)
    return of_draws(measure(sums(statistics, seed, draws, counts)), size)


def difference(
    network: ArrayLike,
    baseline: ArrayLike,
    measure: Measure,
    seed: int = 0,
    draws: int = DRAWS,
    counts: ArrayLike | None = None,
) -> Interval | None:
    """Return the interval of a network's figure minus its baseline's, from the statistics (n, S) of both for the same
    units; None for one unit. The other arguments are those of `interval`.
    """
    own, rival = (np.asarray(each) for each in (network, baseline))
    if own.shape != rival.shape:
        raise ValueError(f"expected statistics of the same units, got shapes {own.shape} and {rival.shape}")
    drawn = sums(np.concatenate([own, rival], axis=1), seed, draws, counts)
    width = own.shape[1]
    return of_draws(measure(drawn[:, :width]) - measure(drawn[:, width:]), _size(own, counts))


def sums(
    statistics: ArrayLike,
    seed: int = 0,
    draws: int = DRAWS,
    counts: ArrayLike | None = None,
    drawn_units: int | None = None,
) -> Floats:
    """Return the sums (draws, S) of statistics (n, S) over units that are drawn with replacement.

    `counts` (n,) says how many units have each row of the statistics, by default 1; a count may be a fraction if
    `drawn_units`, the number of units in a draw, is given.
    """
    units = np.asarray(statistics)
    total = _size(units, counts) if drawn_units is None else drawn_units
    weights = np.ones(len(units)) if counts is None else np.asarray(counts, dtype=np.float64)
    shares = weights / weights.sum()
    rng = np.random.default_rng(seed)
    at_once, width = max(1, _HELD // max(1, len(units))), units.shape[1]
    found = np.empty((draws, width), dtype=np.float64)
    for begin in range(0, draws, at_once):
        drawn = rng.multinomial(total, shares, min(at_once, draws - begin)).astype(np.float64)
        for first in range(0, width, at_once):
            columns = slice(first, first + at_once)
            with np.errstate(invalid="ignore"):  # an infinite sum: `of_draws` gives no interval
                found[begin : begin + at_once, columns] = drawn @ units[:, columns].astype(np.float64)
    return found


def of_draws(figures: Floats, units: int) -> Interval | None:
    """Return the interval of a figure from its values (D,) in D draws; None for fewer than two units, and for values
    that are not finite.
    """
    if units < 2 or not np.isfinite(figures).all():
        return None
    tail = NormalDist().cdf(-math.sqrt(units / (units - 1)) * student(units - 1))
    low, high = np.quantile(figures, [tail, 1 - tail]).tolist()
    return Interval(low, high)


def student(degrees: int) -> float:
    """Return the 97.5th percentile of Student's t, to 0.1 % from 3 degrees of freedom on.

    Source: Abramowitz and Stegun, "Handbook of mathematical functions", 26.7.5; 1 and 2 degrees have closed forms.

    >>> [round(student(degrees), 2) for degrees in (1, 2, 3, 9, 99)]
    [12.71, 4.3, 3.18, 2.26, 1.98]
    """
    p = 1 - TAIL
    if degrees == 1:
        return math.tan(math.pi * (p - 0.5))
    if degrees == 2:
        return (2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p)))
    z = NormalDist().inv_cdf(p)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / degrees**power for power, term in enumerate(terms))


def _size(statistics: ArrayLike, counts: ArrayLike | None) -> int:
    return len(np.asarray(statistics)) if counts is None else int(np.asarray(counts).sum())
