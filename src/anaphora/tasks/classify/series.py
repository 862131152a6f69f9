"""Series as they are read: a list per channel and row, or one step per line of a long table."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from anaphora.data.batches import Ragged
from anaphora.data.files.tables import Table
from anaphora.errors import DataError
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.inputs import Series, number, shown

Place = tuple[int, int]


class SeriesSteps:
    """The steps of many series, collected row by row or line by line, as doubles."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._series: list[Series] = []
        self._wide: tuple[int, str] | None = None
        self._values = array("d")
        self._times: list[Any] = []
        self._of = array("q")  # the series of each line
        self._keys: dict[Any, int] = {}
        self._firsts: list[tuple[Any, Place]] = []  # label and place of each series' first line

    def add(self, series: Series, where: str) -> None:
        """Add a whole series (T, C); raises DataError if its number of channels differs from the first series."""
        if series.size:
            self._wide = self._wide or (series.shape[1], where)
            if series.shape[1] != self._wide[0]:
                raise DataError(
                    f"{where}: a step has {series.shape[1]} numbers; expected {self._wide[0]}, as in {self._wide[1]}."
                )
        self._series.append(series)

    def add_line(self, values: Sequence[Any], label: Any, place: Place, tables: Sequence[Table]) -> None:
        """Add one step: its channels, the id of its series, and its time if there is one.

        Raises DataError if earlier lines of the series have another label.
        """
        columns = self._columns
        where = tables[place[0]].at(place[1])
        wide = len(columns.channels)
        for name, value in zip(columns.channels, values, strict=False):
            self._values.append(number(value, name, where))
        key = values[wide]
        if key is None or key == "":
            raise DataError(f"{where}: column '{columns.id}' is empty, so the line belongs to no series.")
        at = self._keys.setdefault(key, len(self._firsts))
        if at == len(self._firsts):
            self._firsts.append((label, place))
        elif label != self._firsts[at][0]:
            first = self._firsts[at]
            raise DataError(
                f"{where}: series {shown(key)} has label {shown(label)} here and {shown(first[0])} in"
                f" {tables[first[1][0]].at(first[1][1])}; expected one label for all of its lines."
            )
        self._of.append(at)
        if columns.time:
            self._times.append(_time(values[wide + 1]))

    def firsts(self) -> Iterator[tuple[Any, Place]]:
        """Return label and location of the first line of each series."""
        yield from self._firsts

    def ragged(self) -> Ragged:
        """Return all series, one after another."""
        if self._columns.id is None:
            wide = self._wide[0] if self._wide else max(1, len(self._columns.channels))
            rows = [series if series.size else np.zeros((0, wide)) for series in self._series]
            return Ragged.of(rows, np.zeros((0, wide)))
        of = np.frombuffer(self._of, dtype=np.int64) if len(self._of) else np.zeros(0, np.int64)
        steps = np.array(self._values, dtype=np.float64).reshape(-1, len(self._columns.channels))
        if self._times:
            order = sorted(range(len(of)), key=lambda line: (of[line], self._times[line]))
        else:
            order = np.argsort(of, kind="stable").tolist()
        return Ragged(steps[order], np.cumsum(np.bincount(of, minlength=len(self._firsts))))


def _time(value: Any) -> tuple[int, float, str]:
    """Return a sort key of a time: numbers by size, then texts by their characters."""
    try:
        return (0, float(value), "")
    except (TypeError, ValueError):
        return (1, 0.0, str(value))
