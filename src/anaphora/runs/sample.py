"""The units of a score, so that its figures have an interval and are compared with those of a baseline.

    figure = measure(Σ_i s_i)        s_i (S,): counts or sums of unit i: a row, a sentence, a pair, a block of text

A share of few units has too narrow an interval: 20 right rows do not show that all rows are right, and 3 rows of a rare
label that are all wrong do not show that it is never right. So a score may add a *prior* to the units that the draws of
its intervals, and no others, are made from: made-up units with weights that do not grow with the number of units.

A score and its baseline keep the statistics of the same units in the same order. They are no part of the JSON.

Source: Agresti and Coull, The American Statistician 52, 1998, add two successes and two failures to a share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora.metrics import bootstrap
from anaphora.metrics.bootstrap import Interval, Measure

_MANY, _NARROW = 5_000, 64  # units from which equal ones are counted, if their statistics are so few whole numbers


class Figure(NamedTuple):
    """A figure: `measure` of sums (draws, S) is (draws,); `top` is that of units which are all right, and 0 that of
    units which are all wrong; None if the figure is no share of right ones.
    """

    measure: Measure
    top: float | None = 1.0


class Prior(NamedTuple):
    """Made-up units: their statistics (m, S), and their weights (m,), beside 1 of each real unit."""

    statistics: NDArray[Any]
    weights: NDArray[np.float64]


class Sample:
    """The statistics (n, S) of a score's units, and the figures that are computed from their sums, by name."""

    def __init__(
        self, statistics: ArrayLike, figures: Mapping[str, Figure], unit: str = "row", prior: Prior | None = None
    ) -> None:
        """Keep the statistics; `unit` is the singular of a unit in words."""
        self.statistics: NDArray[Any] = np.asarray(statistics)
        self.figures, self.unit, self.prior = dict(figures), unit, prior

    def __deepcopy__(self, known: Any) -> Sample:
        """Return the sample itself, which nobody changes."""
        return self

    def __len__(self) -> int:
        return len(self.statistics)

    def value(self, name: str) -> float:
        """Return the figure with this name."""
        return float(self.figures[name].measure(self.statistics.sum(axis=0, dtype=np.float64)[None])[0])

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The intervals of the figures; none of one unit, which does not tell how others vary."""
        drawn = self._drawn() if len(self) else np.zeros((0, 0))
        found = {name: self._interval(name, drawn) for name in self.figures if len(self) > 1}
        return {name: interval for name, interval in found.items() if interval is not None}

    def differing(self, baseline: Sample) -> int:
        """Return the number of units on which a baseline has other statistics; all of them if these are of another
        kind, as with labels that only one of both counts.
        """
        if self.statistics.shape != baseline.statistics.shape:
            return len(self)
        return int((self.statistics != baseline.statistics).any(axis=1).sum())

    def differences(self, baseline: Sample) -> dict[str, Interval]:
        """Return the intervals of the figures minus those of a baseline on the same units."""
        if len(self) != len(baseline):
            raise ValueError(f"expected statistics of the same units, got {len(self)} and {len(baseline)}")
        if not len(self):
            return {}
        shared, width = [name for name in self.figures if name in baseline.figures], self.statistics.shape[1]
        drawn = bootstrap.sums(*_grouped(np.concatenate([self.statistics, baseline.statistics], axis=1)))
        both = [(self.figures[name].measure, baseline.figures[name].measure) for name in shared]
        apart = [own(drawn[:, :width]) - rival(drawn[:, width:]) for own, rival in both]
        found = {name: bootstrap.of_draws(each, len(self)) for name, each in zip(shared, apart, strict=True)}
        return {name: interval for name, interval in found.items() if interval is not None}

    def _drawn(self) -> NDArray[np.float64]:
        """Return the sums (draws, S) of as many units as there are, drawn from them and from the prior."""
        if self.prior is None:
            return bootstrap.sums(*_grouped(self.statistics))
        units, seed, draws, counts = _grouped(self.statistics)
        weights = np.ones(len(units)) if counts is None else counts
        every, shares = np.concatenate([units, self.prior.statistics]), np.concatenate([weights, self.prior.weights])
        return bootstrap.sums(every, seed, draws, shares, len(self))

    def _interval(self, name: str, drawn: NDArray[np.float64]) -> Interval | None:
        """Return the interval of a figure of draws (draws, S); units that are all right or all wrong tell by their
        number alone how rare the others are: (0.025)^{1/n} (Clopper and Pearson, Biometrika 26, 1934). Another figure
        without spread has no interval.
        """
        figure, value = self.figures[name], self.value(name)
        figures = figure.measure(drawn)
        if not np.allclose(figures, value, rtol=1e-12, atol=0):
            return bootstrap.of_draws(figures, len(self))
        if figure.top is None or value not in (0.0, figure.top):
            return None
        beyond = figure.top * (1 - bootstrap.TAIL ** (1 / len(self)))
        return Interval(0.0, beyond) if value == 0 else Interval(figure.top - beyond, figure.top)


def plain(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass, and those inside it, without samples."""
    return asdict(value, dict_factory=_without_samples)


def _without_samples(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: item for name, item in pairs if name not in ("sample", "rival") and not isinstance(item, Sample)}


def _grouped(statistics: NDArray[Any]) -> tuple[NDArray[Any], int, int, NDArray[np.int64] | None]:
    """Return the arguments of `sums`: statistics (n, S), or the different ones (G, S) and how often they occur."""
    few = np.issubdtype(statistics.dtype, np.integer) and statistics.shape[1] <= _NARROW
    if not few or len(statistics) < _MANY:
        return statistics, 0, bootstrap.DRAWS, None
    different, counts = np.unique(statistics, axis=0, return_counts=True)
    return different, 0, bootstrap.DRAWS, counts
