"""The figures of a cross-validation: mean and standard deviation over the folds, of the network and of the baseline.

mean = Σ_k x_k / K        deviation = √(Σ_k (x_k − mean)² / K)        x_k: the figure of fold k
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anaphora.formatting import counted
from anaphora.runs.content import Cell, ReportSection, Result, tabled


@dataclass(frozen=True)
class Fold:
    """The figures of one fold on its `count` examples; the first result decides."""

    results: tuple[Result, ...]
    count: int
    unit: str  # the singular of an example
    steps: int
    seconds: float

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Fold:
        """Return the fold of the output of `dataclasses.asdict`, after JSON."""
        return Fold(**{**values, "results": tuple(map(Result.from_json, values["results"]))})


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over the folds."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.deviation:.4f}"


@dataclass(frozen=True)
class CrossValidation:
    """The figures of all folds."""

    each: tuple[Fold, ...]

    def values(self, at: int) -> Spread:
        """Return result number `at` over the folds."""
        return _spread([fold.results[at].value for fold in self.each])

    def baselines(self, at: int) -> Spread | None:
        """Return the baseline of result number `at` over the folds; None if it has none."""
        found = [fold.results[at].baseline for fold in self.each]
        return None if None in found else _spread(found)

    def line(self) -> str:
        """Return the figure that decides, as one line of a report."""
        result, baseline = self.each[0].results[0], self.baselines(0)
        beside = "" if baseline is None else f", {result.beat} {baseline}"
        over = "(standard deviation over the folds)"
        return f"{counted(len(self.each), 'fold')}: {result.called} {self.values(0)} {over}{beside}"

    def card(self) -> dict[str, Any]:
        """Return the figures for the model card."""
        found: dict[str, Any] = {"count": len(self.each), "unit": self.each[0].unit}
        for at, result in enumerate(self.each[0].results):
            if any(fold.results[at].value is None for fold in self.each):
                continue
            own, baseline = self.values(at), self.baselines(at)
            found[result.called] = {
                "mean": own.mean,
                "deviation": own.deviation,
                "each": [fold.results[at].value for fold in self.each],
                **({} if baseline is None else {"baseline": baseline.mean, "baseline_deviation": baseline.deviation}),
            }
        return found

    def section(self) -> ReportSection:
        """Return a section of the run's page: one row per fold, then mean and standard deviation."""
        shown = [at for at, result in enumerate(self.each[0].results) if result.value is not None]
        names = [self.each[0].results[at] for at in shown]
        head = ["fold", self.each[0].unit + "s"]
        for result in names:
            head += [result.called, *([] if result.baseline is None else [result.beat])]
        rows: list[list[Cell]] = []
        for number, fold in enumerate(self.each, 1):
            rows.append([str(number), fold.count])
            for at, result in zip(shown, names, strict=True):
                rows[-1] += [fold.results[at].value, *([] if result.baseline is None else [fold.results[at].baseline])]
        for name in ("mean", "deviation"):
            rows.append([name, None])
            for at in shown:
                spreads = [self.values(at), self.baselines(at)]
                rows[-1] += [getattr(spread, name) for spread in spreads if spread is not None]
        about = "Each fold is the test of a training on the other folds. The deviation is that over the folds."
        return tabled("Cross-validation", head, rows, about)


def _spread(values: Sequence[float | None]) -> Spread:
    known = [float("nan") if value is None else value for value in values]
    return Spread(statistics.fmean(known), statistics.pstdev(known))
