"""The figures of a cross-validation: mean and standard deviation over the folds, of the network and of the baseline.

mean = Σ_k x_k / K        deviation = √(Σ_k (x_k − mean)² / K)        x_k: the figure of fold k
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """The figures of all folds, paired by the names of the results; the first result of the first fold decides."""

    each: tuple[Fold, ...]

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> CrossValidation:
        """Return the figures of the output of `dataclasses.asdict`, after JSON."""
        return CrossValidation(tuple(map(Fold.from_json, values["each"])))

    def in_order(self, results: Sequence[Result]) -> CrossValidation:
        """Return the same figures, with those of every fold in the order of other results, by their names."""
        order = {result.called: at for at, result in enumerate(results)}

        def place(result: Result) -> int:
            return order.get(result.called, len(order))

        return CrossValidation(
            tuple(replace(fold, results=tuple(sorted(fold.results, key=place))) for fold in self.each)
        )

    @property
    def deciding(self) -> Result:
        """The result of the first fold that decides."""
        return self.each[0].results[0]

    def _of(self, called: str) -> list[Result]:
        """Return the results of this name; of fewer folds than all if a fold lacks it."""
        return [result for fold in self.each for result in fold.results if result.called == called]

    def values(self, called: str) -> Spread:
        """Return the results of this name over the folds."""
        return _spread([result.value for result in self._of(called)])

    def baselines(self, called: str) -> Spread | None:
        """Return the baselines of the results of this name over the folds; None if one has none."""
        found = [result.baseline for result in self._of(called)]
        return None if None in found else _spread(found)

    def line(self) -> str:
        """Return the figure that decides, as one line of a report."""
        result = self.deciding
        own, baseline = self.values(result.called), self.baselines(result.called)
        beside = "" if baseline is None else f", {result.beat} {baseline}"
        over = "(standard deviation over the folds)"
        return f"{counted(len(self.each), 'fold')}: {result.called} {own} {over}{beside}"

    def _complete(self) -> Iterator[list[Result]]:
        """Yield the results of each name of which every fold has a figure."""
        for first in self.each[0].results:
            same = self._of(first.called)
            if len(same) == len(self.each) and all(result.value is not None for result in same):
                yield same

    def card(self) -> dict[str, Any]:
        """Return the figures for the model card."""
        found: dict[str, Any] = {"count": len(self.each), "unit": self.each[0].unit}
        for same in self._complete():
            called = same[0].called
            own, baseline = self.values(called), self.baselines(called)
            found[called] = {
                "mean": own.mean,
                "deviation": own.deviation,
                "each": [result.value for result in same],
                **({} if baseline is None else {"baseline": baseline.mean, "baseline_deviation": baseline.deviation}),
            }
        return found

    def section(self) -> ReportSection:
        """Return a section of the run's page: one row per fold, then mean and standard deviation."""
        head = ["fold", self.each[0].unit + "s"]
        rows: list[list[Cell]] = [[str(number), fold.count] for number, fold in enumerate(self.each, 1)]
        rows += [["mean", None], ["deviation", None]]
        for same in self._complete():
            called = same[0].called
            columns = [(called, self.values(called), [result.value for result in same])]
            if (baselines := self.baselines(called)) is not None:
                columns.append((same[0].beat, baselines, [result.baseline for result in same]))
            for name, spread, figures in columns:
                head.append(name)
                for row, figure in zip(rows, [*figures, spread.mean, spread.deviation], strict=True):
                    row.append(figure)
        about = "Each fold is the test of a training on the other folds. The deviation is that over the folds."
        return tabled("Cross-validation", head, rows, about)


def _spread(values: Sequence[float | None]) -> Spread:
    known = [float("nan") if value is None else value for value in values]
    return Spread(statistics.fmean(known), statistics.pstdev(known))
