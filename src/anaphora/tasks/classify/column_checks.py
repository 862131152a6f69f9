"""Findings on the reading of rows: the order of steps, and columns that measure nothing or betray the label."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.findings import Finding
from anaphora.data.batches import Ragged
from anaphora.formatting import counted
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.inputs import LARGEST
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.settings import Data
from anaphora.tasks.classify.unread_times import unread_times

_SHOWN = 5
_FEWEST_LINES, _FEWEST_ROWS = 10, 4  # that show that a column counts the lines
_SERIES_OF_A_VALUE = 4  # that show that a value decides the label
_DATA = "the data"


def of_reading(data: Data, rows: Rows, columns: Columns) -> list[Finding]:
    """Return the findings on rows, in the order of their files; there are none on rows that were read as they stand."""
    found = of_steps(rows, columns)
    if isinstance(rows.inputs, Ragged):
        found += [*_huge(rows, rows.inputs), *_channels(rows, rows.inputs, columns)]
    separator = data.separator
    if separator and len(rows) and not any(len(labels) > 1 for labels in rows.labels):
        message = f"No row has several labels: {separator!r}, the separator, stands in none of them."
        remedy = "Correct --separator, or leave it out if each row has one label."
        found.append(Finding("unused-separator", "warning", _DATA, (), message, remedy))
    return found


def of_steps(rows: Rows, columns: Columns) -> list[Finding]:
    """Return the findings on the steps of series with one step per line: their order, and their files."""
    return [*_times(rows, columns), *_files(rows, columns)]


def _times(rows: Rows, columns: Columns) -> Iterator[Finding]:
    """Yield findings on the order of steps by time."""
    order, where = rows.order, f"column '{columns.time}'"
    if order is None:
        return
    if order.form is None:
        yield unread_times(rows.tables, str(columns.time))
    if order.moved:
        message = f"The lines of {len(order.moved):,} series were not in the order of their times: they were sorted."
        places = tuple(map(rows.place, order.moved))
        yield Finding("unsorted-times", "warning", where, places, message, "Sort the lines if the times are wrong.")
    if order.repeated:
        time = order.repeated[0][1]
        message = (
            f"In {len(order.repeated):,} series, several lines have one time, such as {time!r}: they keep the order"
            " of the file."
        )
        places = tuple(rows.place(at) for at, _ in order.repeated)
        remedy = "Check that --id names the series: lines of two series with one id have equal times."
        yield Finding("repeated-time", "warning", where, places, message, remedy)


def _files(rows: Rows, columns: Columns) -> Iterator[Finding]:
    """Yield a finding on series whose lines are in several files."""
    if rows.split:
        have = "has" if len(rows.split) == 1 else "have"
        message = f"{counted(len(rows.split), 'series', 'series')} {have} lines in several files."
        remedy = "Give different series different ids, if the files count their series alike."
        yield Finding(
            "split-series", "warning", f"column '{columns.id}'", tuple(map(rows.place, rows.split)), message, remedy
        )


def _channels(rows: Rows, inputs: Ragged, columns: Columns) -> Iterator[Finding]:
    """Yield findings on channels that count the lines, and on constant ones."""
    several = inputs.steps.shape[1] == len(columns.channels)
    for name, values in _values(inputs, columns) if several or columns.wide else []:
        where = f"column '{name}'"
        if len(rows) >= _FEWEST_ROWS and _counts(values):
            message = "The numbers count the lines of the file, or rise or fall through all of it."
            if _sorted_by_label(rows):
                message += " The rows are sorted by label, so the column gives the label away."
            remedy = "Leave the column out: name the others with --columns."
            yield Finding("line-counter", "warning", where, (), message, remedy)
        elif _decide_label(values, rows, None if columns.wide else inputs):
            message = "The column holds one number in each series, and that number decides the label."
            remedy = "If the column was made from the label, leave it out: name the others with --columns."
            yield Finding("label-column", "warning", where, (), message, remedy)
        elif len(values) > 1 and not columns.wide and (values == values[0]).all():
            message = f"The column holds the same number, {values[0]:g}, in each line: nothing can be learned from it."
            yield Finding("constant-column", "warning", where, (), message, "Leave the column out.")


def _values(inputs: Ragged, columns: Columns) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the name of each column, and its values in the order of the rows."""
    if not columns.wide:
        yield from zip(columns.channels, inputs.steps.T, strict=True)
        return
    begins, lengths = inputs.ends - inputs.lengths, inputs.lengths
    for step, name in enumerate(columns.channels):
        yield name, inputs.steps[begins[lengths > step] + step, 0]


def _counts(values: NDArray[Any]) -> bool:
    """Return whether numbers (N,) rise or fall through the whole file, or are all different without gaps."""
    if len(values) < _FEWEST_LINES or not np.isfinite(values).all() or values[0] == values[-1]:
        return False
    differences = np.diff(values)
    if (differences >= 0).all() or (differences <= 0).all():
        return True
    span = values.max() - values.min() + 1
    return bool(span == len(values) and (values == np.floor(values)).all() and len(np.unique(values)) == len(values))


def _decide_label(values: NDArray[Any], rows: Rows, inputs: Ragged | None) -> bool:
    """Return whether numbers (N,) are constant in each series, or are one per row without `inputs`, and each occurs
    with one label only, in several series.
    """
    if inputs is not None:
        begins = inputs.ends - inputs.lengths
        if not inputs.lengths.all() or (values != np.repeat(values[begins], inputs.lengths)).any():
            return False
        values = values[begins]
    if not _FEWEST_LINES <= len(values) == len(rows):
        return False
    pairs = set(zip(values.tolist(), rows.labels, strict=True))
    return 1 < len(pairs) == len(np.unique(values)) <= len(rows) // _SERIES_OF_A_VALUE and len(set(rows.labels)) > 1


def _huge(rows: Rows, inputs: Ragged) -> Iterator[Finding]:
    """Yield a finding on the rows with a number that is too large."""
    steps = np.flatnonzero((np.isfinite(inputs.steps) & (np.abs(inputs.steps) > LARGEST)).any(axis=1))
    at = np.unique(np.searchsorted(inputs.ends, steps, side="right")).tolist()
    if at:
        told = "1 row has" if len(at) == 1 else f"{len(at):,} rows have"
        message = f"{told} a number larger than {LARGEST:g}, the largest that is read."
        places = tuple(map(rows.place, at))
        yield Finding("huge-number", "error", _DATA, places, message, "Correct the numbers, or remove the rows.")


def _sorted_by_label(rows: Rows) -> bool:
    changes = sum(label != after for label, after in pairwise(rows.labels))
    return changes == len(set(rows.labels)) - 1 > 0
