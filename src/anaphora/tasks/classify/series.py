"""Series as they are read: a list per channel and row, or one step per line of a long table."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from anaphora.data.batches import Ragged
from anaphora.data.files.numbers import is_missing
from anaphora.data.files.tables import Table
from anaphora.errors import DataError
from anaphora.formatting import counted
from anaphora.tasks.classify import times
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.inputs import Series, number, shown

Place = tuple[int, int]
"""The number of a table, and the number of a row in it."""


class NoSeries(DataError):
    """A line that belongs to no series."""


def plain(value: Any) -> str:
    """Return an id or a label in the form in which equal ones are equal: a whole number has no decimals.

    >>> plain(" a "), plain(1.0), plain("1.0"), plain("1.0.0"), plain("01")
    ('a', '1', '1', '1.0.0', '01')
    """
    text = str(value).strip()
    whole = text.removesuffix(".0")
    return whole if whole.removeprefix("-").isdecimal() else text


@dataclass(frozen=True)
class StepOrder:
    """The order that the steps of series were given by their times."""

    form: str | None  # of the times; None: they have no common form, so the order of the file is kept
    moved: tuple[int, ...] = ()  # the series whose lines were not in the order of their times
    repeated: tuple[tuple[int, str], ...] = ()  # series with a time that several of their lines have


class SeriesSteps:
    """The steps of many series, collected row by row or line by line, as doubles."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._series: list[Series] = []
        self._wide: tuple[int, str] | None = None
        self._values = array("d")
        self._times: list[Any] = []
        self._of = array("q")  # the series of each line
        self._numbers: dict[str, int] = {}  # of each id
        self.ids: list[Any] = []
        """The id of each series, as its first line writes it, without outer blanks."""
        self.firsts: list[tuple[Any, Place]] = []
        """Label and place of each series' first line."""
        self._split: dict[int, None] = {}
        self.order: StepOrder | None = None
        """The order of the steps by time, once `ragged` has returned them."""

    def add(self, series: Series, where: str) -> None:
        """Add a whole series (T, C); raises DataError if its number of channels differs from the first series."""
        if series.size:
            self._wide = self._wide or (series.shape[1], where)
            if series.shape[1] != self._wide[0]:
                raise DataError(
                    f"{where}: a step has {counted(series.shape[1], 'number')}; expected"
                    f" {self._wide[0]}, as in {self._wide[1]}."
                )
        self._series.append(series)

    def add_line(self, values: Sequence[Any], label: Any, place: Place, tables: Sequence[Table]) -> None:
        """Add one step: its channels, the id of its series, and its time if there is one.

        Raises DataError if a value is not a number, or if earlier lines of the series have another label.
        """
        columns = self._columns
        where = tables[place[0]].at(place[1])
        wide = len(columns.channels)
        key = values[wide]
        key = key.strip() if isinstance(key, str) else key
        if key is None or key == "":
            raise NoSeries(f"{where}: column '{columns.id}' is empty, so the line belongs to no series.")
        if is_missing(key):
            raise NoSeries(
                f"{where}: column '{columns.id}' holds {shown(key)}, so the line belongs to no series. Remove the line;"
                " if this is the name of a series, write another name."
            )
        if isinstance(key, list | dict):
            raise NoSeries(f"{where}: column '{columns.id}' holds {shown(key)}; expected a text or a number.")
        at = self._numbers.setdefault(plain(key), len(self.firsts))
        if at == len(self.firsts):
            self.ids.append(key)
            self.firsts.append((label, place))
        elif place[0] != self.firsts[at][1][0]:
            self._split[at] = None
        if plain(label) != plain(self.firsts[at][0]):
            first = self.firsts[at]
            raise DataError(
                f"{where}: series {shown(key)} has label {shown(label)} here and {shown(first[0])} in"
                f" {tables[first[1][0]].at(first[1][1])}; expected one label for all of its lines in column"
                f" '{columns.label}'. Correct the label, or name the right column with --label; if the label may change"
                f" where '{columns.id}' does not, name with --id a column that changes, too."
            )
        read = zip(columns.channels, values, columns.marks, strict=False)
        self._values.extend([number(value, name, where, mark) for name, value, mark in read])
        self._of.append(at)
        if columns.time:
            self._times.append(values[wide + 1])

    @property
    def split(self) -> tuple[int, ...]:
        """The series with lines in several tables."""
        return tuple(self._split)

    def ragged(self) -> Ragged:
        """Return all series, one after another."""
        if self._columns.id is None:
            wide = self._wide[0] if self._wide else max(1, len(self._columns.channels))
            rows = [series if series.size else np.zeros((0, wide)) for series in self._series]
            return Ragged.of(rows, np.zeros((0, wide)))
        of = np.array(self._of, dtype=np.int64)
        steps = np.array(self._values, dtype=np.float64).reshape(-1, len(self._columns.channels))
        lines = np.argsort(of, kind="stable")
        ends = np.cumsum(np.bincount(of, minlength=len(self.firsts)))
        if self._columns.time:
            lines = self._by_time(lines, ends)
        return Ragged(steps[lines], ends)

    def _by_time(self, lines: np.ndarray[Any, Any], ends: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the lines (N,) of all series, the lines of each in the order of their times."""
        form, keys = times.read(self._times, self._columns.time_form)
        moved, repeated = [], []
        if form is not None:
            for at, (begin, end) in enumerate(pairwise([0, *ends.tolist()])):
                own = lines[begin:end].tolist()
                order = times.order([keys[line] for line in own], form)
                if order != list(range(len(own))):
                    moved.append(at)
                lines[begin:end] = [own[step] for step in order]
                again = [line for line, next_ in pairwise(lines[begin:end].tolist()) if keys[line] == keys[next_]]
                repeated += [(at, str(self._times[again[0]]))] if again else []
        self.order = StepOrder(form, tuple(moved), tuple(repeated))
        return lines
