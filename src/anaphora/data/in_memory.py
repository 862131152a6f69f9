"""Data in the memory of a Python program: paths, frames, lists and arrays, distinguished by their types alone.

    pathlib.Path, or several          files
    a frame (polars, pandas, Arrow), or a mapping of names to columns        columns
    lists, arrays, series             values

No library of frames is imported: a frame is any object with named columns that convert to lists. A missing value of any
library (NaN, NA, NaT) becomes None.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

import numpy as np

from anaphora.arguments.instead import instead
from anaphora.data.nanoseconds import exact
from anaphora.data.surrogates import refuse_half_pair
from anaphora.errors import UsageError

_SHOWN = 3  # kinds of values in a message
_MISSING = ("NAType", "NaTType")


def paths(data: Any, words: bool = False) -> list[str] | None:
    """Return the named files, or None if the data are no paths; with `words` a str is a path as well.

    >>> from pathlib import Path
    >>> paths([Path("a.txt"), Path("b.txt")]), paths("a.csv", words=True), paths("Once upon a time")
    (['a.txt', 'b.txt'], ['a.csv'], None)
    """
    kinds = (str, os.PathLike) if words else (os.PathLike,)
    some = data if isinstance(data, list | tuple) else [data]
    if not some or not all(isinstance(item, kinds) for item in some):
        return None
    return [str(os.fspath(item)) for item in some]


def is_frame(data: Any) -> bool:
    """Return whether the data are a frame of Arrow, polars or pandas."""
    of_arrow = hasattr(data, "column_names") and hasattr(data, "column")
    return of_arrow or (hasattr(type(data), "columns") and hasattr(type(data), "to_dict"))


def columns(data: Any) -> dict[str, list[Any]] | None:
    """Return the columns of a frame by name, or None if the data are no frame.

    Raises UsageError for two columns with one name, and for columns of different lengths.

    >>> columns({"text": ["good", float("nan")], "label": ["yes", "no"]})
    {'text': ['good', None], 'label': ['yes', 'no']}
    """
    if isinstance(data, Mapping):
        found = {str(name): values(column) for name, column in data.items()}
    elif not is_frame(data):
        return None
    elif hasattr(data, "column_names"):
        found = {str(name): values(data.column(name).to_pylist()) for name in _unique(data.column_names)}
    else:
        found = {str(name): values(exact(data[name])) for name in _unique(data.columns)}
    lengths = {name: len(column) for name, column in found.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{count:,} in {name!r}" for name, count in lengths.items())
        raise UsageError(f"The columns have different numbers of values ({listing}); expected the same in all.")
    return found


def values(column: Any) -> list[Any]:
    """Return a column as plain Python values: arrays become lists, and missing values become None.

    >>> values(np.array([1.5, np.nan])), values(np.array([3, 4])), values(["a", None, Decimal("1.50")])
    ([1.5, None], [3, 4], ['a', None, 1.5])
    """
    for name in ("to_list", "tolist"):
        if hasattr(column, name):
            return [_plain(value) for value in getattr(column, name)()]
    return [_plain(value) for value in column]


def is_sequence(data: Any) -> bool:
    """Return whether the data hold several values in order: a list, a tuple, an array or a column, but not a text.

    >>> is_sequence(["a"]), is_sequence(np.zeros(3)), is_sequence("a"), is_sequence(7)
    (True, True, False, False)
    """
    if isinstance(data, str | bytes | Mapping | Set) or (isinstance(data, np.ndarray) and data.ndim == 0):
        return False
    return isinstance(data, Sequence) or (hasattr(data, "__len__") and hasattr(data, "__iter__"))


def kind(data: Any) -> str:
    """Return the type of an object in words, for messages.

    >>> kind([]), kind(np.zeros((2, 3)))
    ('list', 'ndarray of shape (2, 3)')
    """
    shape = getattr(data, "shape", None)
    return type(data).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")


def unexpected(expected: str, data: Any) -> UsageError:
    """Return the error about data of another kind than the expected ones, with what to give instead."""
    inside = data if isinstance(data, list | tuple) else ()
    held = list(dict.fromkeys(kind(value) for value in inside if not isinstance(value, str)))
    holding = f" that holds {', '.join(held[:_SHOWN])}" if held else ""
    return UsageError(f"Expected {expected}; got {kind(data)}{holding}.{instead(data)}")


def _unique(names: Iterable[Any]) -> list[Any]:
    found = list(names)
    for name in found:
        if found.count(name) > 1:
            raise UsageError(f"The frame has two columns {name!r}: names are unique.")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        return float(value)
    if (isinstance(value, float) and value != value) or type(value).__name__ in _MISSING:
        return None
    return value


def texts(data: Any) -> list[str]:
    """Return several texts as a list.

    Raises UsageError for other data, including a single text, and DataError for half a surrogate pair.

    >>> texts(("ein Mann", "ja"))
    ['ein Mann', 'ja']
    """
    if isinstance(data, str) or not is_sequence(data) or is_frame(data) or not all(isinstance(t, str) for t in data):
        raise unexpected("a list of texts", data)
    for number, text in enumerate(data, 1):
        refuse_half_pair(text, f"text {number:,}")
    return list(data)


def two_columns(data: Any, expected: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return both columns of `(X, y)` or of a list of `(x, y)`.

    Raises UsageError for other data, with `expected` in its message.
    """
    if isinstance(data, tuple) and len(data) == 2 and all(map(is_sequence, data)):
        return data
    if isinstance(data, list) and data and all(isinstance(row, tuple | list) and len(row) == 2 for row in data):
        return [x for x, _ in data], [y for _, y in data]
    raise unexpected(expected, data)
