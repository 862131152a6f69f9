"""Rows in a Python program's memory, as the task reads them.

    (X, y)                     rows, and a label for each; or several, as a list
    [(x, label), …]            the same, row by row
    a frame                    its columns are found as a file's are

    X = texts | series, an array (T, C) or (T,) each | an array (B, T, C) | an array (B, T) of one channel

The types alone distinguish the forms. Rows are numbered from 1.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data import in_memory
from anaphora.data.batches import Ragged
from anaphora.data.in_memory import is_sequence, kind, unexpected
from anaphora.data.text.normal_form import Form
from anaphora.errors import DataError, UsageError
from anaphora.formatting import counted
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.indicators import one_column, refuse_indicators
from anaphora.tasks.classify.inputs import Inputs, Labels, LabelValue, label_values, labels_of, text_of

NAME = "the data"
LABEL, TEXT, SERIES = "label", "text", "series"  # what columns without a name are called
_SETS = (set, frozenset)
_WHAT = "texts, series (an array (T, C) or (T,) each), an array (B, T, C), or one (B, T) of one channel"
_LABELLED = "rows with labels: (X, y), a list of (x, label), a frame with a column of labels, or paths"


class Labelled(NamedTuple):
    """Rows with the labels of each; `multi` says whether a row may have several labels, `values` are the labels that
    are no texts, by name.
    """

    inputs: Inputs
    labels: list[Labels]
    multi: bool
    values: Mapping[str, LabelValue]


def labelled(data: Any, separator: str | None, multi: bool | None, normalize: Form) -> Labelled:
    """Return rows with labels; a row may have several labels if `multi` says so (None: if one of them is a list).

    Raises UsageError for values that are not rows with labels, DataError for a row that cannot be read.
    """
    X, y = in_memory.two_columns(data, _LABELLED)
    read = inputs(X)
    y = one_column(y)
    plain = [sorted(label, key=str) if isinstance(label, _SETS) else label for label in in_memory.values(y)]
    if count(read) != len(plain):
        raise UsageError(
            f"There are {counted(count(read), 'row')} and {counted(len(plain), 'label')}; expected"
            " a label for each row."
        )
    refuse_indicators(plain)
    if multi is None:
        multi = any(isinstance(label, list | tuple) for label in plain)
    labels = [labels_of(label, separator, multi, f"{NAME}, row {at}", normalize) for at, label in enumerate(plain, 1)]
    return Labelled(
        read, labels, multi, {name: value for label in plain for name, value in label_values(label).items()}
    )


def unlabelled(X: Any) -> Labelled:
    """Return rows without labels; raises as `inputs` does."""
    read = inputs(X)
    return Labelled(read, [()] * count(read), False, {})


def columns_of(read: Inputs, multi: bool) -> Columns:
    """Return the names that a model uses for unnamed columns of texts, or of series with steps (N, C)."""
    text = not isinstance(read, Ragged)
    return Columns(LABEL, (TEXT,) if text else (), () if text else (SERIES,), multi=multi)


def inputs(X: Any) -> Inputs:
    """Return texts; or series one after another, with their steps (N, C) in float64.

    Raises UsageError for values that are not rows, DataError, with its number, for a row that differs in kind from the
    first.
    """
    if isinstance(X, Ragged):
        return X
    if not is_sequence(X):
        raise unexpected(_WHAT, X)
    array = np.asarray(X) if hasattr(X, "__array__") else None
    if array is not None and array.ndim > 1:
        return _table(array)
    rows = list(X)
    if rows and isinstance(rows[0], os.PathLike | bytes):
        raise unexpected(_WHAT, rows)
    if any(isinstance(row, str) for row in rows):
        return tuple(_text(row, f"{NAME}, row {at}") for at, row in enumerate(rows, 1))
    return _series(rows)


def count(read: Inputs) -> int:
    """Return the number of rows B of texts, or of series with steps (N, C)."""
    return len(read.ends) if isinstance(read, Ragged) else len(read)


def _table(array: NDArray[Any]) -> Ragged:
    """Return a table (B, T, C), or (B, T) of one channel."""
    if array.ndim > 3:
        raise UsageError(f"Expected {_WHAT}; got one of shape {array.shape}.")
    try:
        steps = array.astype(np.float64).reshape(-1, array.shape[2] if array.ndim == 3 else 1)
    except (TypeError, ValueError) as error:
        raise DataError(f"{NAME} contain a value that is not a number: {error}.") from error
    return Ragged(steps, np.arange(1, len(array) + 1, dtype=np.int64) * array.shape[1])


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        missing = in_memory.values([value]) == [None]
        raise DataError(f"{where}: expected a text, as in other rows, got {'no value' if missing else kind(value)}.")
    return text_of([value], where)


def _series(rows: Sequence[Any]) -> Ragged:
    series: list[NDArray[np.float64]] = []
    for at, row in enumerate(rows, 1):
        where = f"{NAME}, row {at}"
        try:
            steps = np.asarray(row, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"{where}, is not a series of numbers ({error}); expected {_WHAT}.") from error
        if steps.ndim not in (1, 2):
            raise DataError(f"{where}, has shape {steps.shape}; expected (T, C), or (T,) for one channel.")
        series.append(steps.reshape(len(steps), -1) if steps.size else steps.reshape(0, 0))
    wide, first = next(((steps.shape[1], at) for at, steps in enumerate(series, 1) if steps.size), (1, 1))
    for at, steps in enumerate(series, 1):
        if steps.size and steps.shape[1] != wide:
            raise DataError(
                f"{NAME}, row {at}: a step has {counted(steps.shape[1], 'number')}; expected {wide}, as in row {first}."
            )
    return Ragged.of([steps.reshape(-1, wide) for steps in series], np.zeros((0, wide)))
