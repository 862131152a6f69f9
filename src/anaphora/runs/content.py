"""The content of a task's report: results with their baselines, and sections of a page; no HTML.

    result  = a figure, and the figure of the baseline
    section = title, then parts:  a paragraph · a table · preformatted text · a picture

A task makes them (samples, worst cases, a table of errors). The page of the run draws them, and the log stores them:
each part names its kind, so that JSON can restore it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from anaphora.formatting import unit_name
from anaphora.metrics.bootstrap import Interval

Verdict = Literal["better", "level", "worse"]
FEWEST = 6  # units that differ: fewer may all favour one method by chance, 2·2⁻⁵ > 5 % (the sign test)


@dataclass(frozen=True)
class Result:
    """One figure on the held-out part with its baseline; either is None if it is not known (yet).

    The result named `nats` has the unit of the loss: its baseline is a line in the plot of losses. The 95 % intervals
    are of the value, and of value minus baseline on the same rows, sentences, pairs or blocks of text; on `units` of
    them, network and baseline differ.
    """

    name: str  # nats, accuracy
    per: str  # char, row; empty for a share
    value: float | None
    baseline: float | None
    beat: str  # the name of the baseline: the n-gram model
    lower_is_better: bool = True
    interval: Interval | None = None
    difference: Interval | None = None
    units: int | None = None  # None in records of earlier versions, which have no intervals
    unit: str = ""  # the singular of a unit: sentence
    own: str = "network"  # whose value it is: the network's, or the classifier's, which has a linear part, too

    @property
    def called(self) -> str:
        """The name with the unit."""
        return f"{self.name} per {unit_name(self.per)}" if self.per else self.name

    @property
    def verdict(self) -> Verdict | None:
        """Whether the value is better than the baseline, worse, or level with it; None if one of them is unknown,
        or if the baseline is NaN.

        It is level if both are equal, if the interval of their difference includes 0, and if they differ on fewer
        than 6 units. If the baseline's units are unknown, it is level if the interval of the value includes the
        baseline. NaN is always worse.
        """
        if self.value is None or self.baseline is None:
            return None
        if math.isnan(self.value):
            return "worse"
        if math.isnan(self.baseline):
            return None
        if self.value == self.baseline or (math.isfinite(self.value) and self._within_chance):
            return "level"
        return "better" if (self.value < self.baseline) == self.lower_is_better else "worse"

    @property
    def _within_chance(self) -> bool:
        if self.units is not None and self.units < FEWEST:
            return True
        if self.difference is not None:
            return self.difference.low <= 0 <= self.difference.high
        return self.interval is not None and self.interval.low <= (self.baseline or 0.0) <= self.interval.high

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Result:
        """Return the result from the output of `dataclasses.asdict`, after JSON."""
        both = {name: values.get(name) for name in ("interval", "difference")}
        return Result(**{**values, **{name: None if ends is None else Interval(*ends) for name, ends in both.items()}})


def judged_card(results: Sequence[Result]) -> dict[str, Any]:
    """Return the intervals of results and of their differences, by name, and the verdict, for a model card; empty
    without an interval.
    """
    ends = {
        kind: {each.called: list(getattr(each, kind)) for each in results if getattr(each, kind) is not None}
        for kind in ("interval", "difference")
    }
    if not results or not ends["interval"]:
        return {}
    return {"intervals": ends["interval"], "differences": ends["difference"], "verdict": results[0].verdict}


Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str
    kind: str = "paragraph"


@dataclass(frozen=True)
class ReportTable:
    """A table with a head; columns of numbers are aligned right."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str = "table"


@dataclass(frozen=True)
class Preformatted:
    """Text with meaningful spaces and line ends: a sample, a line of the data."""

    text: str
    kind: str = "preformatted"


@dataclass(frozen=True)
class Picture:
    """An SVG, and a description of it for readers who cannot see it."""

    svg: str
    shows: str
    kind: str = "picture"


@dataclass(frozen=True)
class ConfusionMatrix:
    """The numbers of rows by their label in the data and by their predicted label."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]  # rows: label in the data; columns: predicted label
    kind: str = "confusion"


Part = Paragraph | ReportTable | Preformatted | Picture | ConfusionMatrix
_KINDS: dict[str, type[Part]] = {
    "paragraph": Paragraph,
    "table": ReportTable,
    "preformatted": Preformatted,
    "picture": Picture,
    "confusion": ConfusionMatrix,
}


@dataclass(frozen=True)
class ReportSection:
    """A title and its parts."""

    title: str
    parts: tuple[Part, ...]


def tabled(title: str, head: Sequence[str], rows: Iterable[Iterable[Cell]], about: str = "") -> ReportSection:
    """Return a section with one table, below a paragraph if `about` is not empty."""
    table = ReportTable(tuple(head), tuple(map(tuple, rows)))
    return ReportSection(title, (Paragraph(about), table) if about else (table,))


def from_json(values: Sequence[Mapping[str, Any]]) -> list[ReportSection]:
    """Return the sections from the output of `dataclasses.asdict`, after JSON.

    Raises ValueError for an unknown kind of part.

    >>> from dataclasses import asdict
    >>> table = ReportSection("Worst", (ReportTable(("row", "loss"), ((7, 3.5),)), Preformatted("a  b")))
    >>> from_json([asdict(table)]) == [table]
    True
    """
    return [ReportSection(str(value["title"]), tuple(_part(part) for part in value["parts"])) for value in values]


def _part(value: Mapping[str, Any]) -> Part:
    kind = value.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"expected a part of kind {', '.join(_KINDS)}, got {kind!r}")
    if kind == "table":
        return ReportTable(tuple(value["head"]), tuple(tuple(row) for row in value["rows"]))
    if kind == "confusion":
        return ConfusionMatrix(tuple(value["labels"]), tuple(tuple(row) for row in value["counts"]))
    return _KINDS[kind](**value)
