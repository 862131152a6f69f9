"""What a Python program brings as data: paths, frames, lists and arrays, told apart by their types alone.

    pathlib.Path, or several          files
    a frame (polars, pandas, Arrow), or a mapping of names to columns        columns
    lists, arrays, series             values

No library of frames is imported: what has columns with names, and gives each as a list, is a frame. A value that is
missing in its library's way (NaN, NA, NaT) is None.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from anaphora.errors import UsageError

_MISSING = ("NAType", "NaTType")


def paths(data: Any, words: bool = False) -> list[str] | None:
    """The files that are named, None if the data are no paths; with `words` a str is a path as well.

    >>> from pathlib import Path
    >>> paths([Path("a.txt"), Path("b.txt")]), paths("a.csv", words=True), paths("Once upon a time")
    (['a.txt', 'b.txt'], ['a.csv'], None)
    """
    kinds = (str, os.PathLike) if words else (os.PathLike,)
    some = data if isinstance(data, list | tuple) else [data]
    if not some or not all(isinstance(item, kinds) for item in some):
        return None
    return [str(os.fspath(item)) for item in some]


def columns(data: Any) -> dict[str, list[Any]] | None:
    """The columns of a frame by name, None if the data are no frame.

    Raises UsageError for two columns of one name, and for columns of unlike length.

    >>> columns({"text": ["good", float("nan")], "label": ["yes", "no"]})
    {'text': ['good', None], 'label': ['yes', 'no']}
    """
    if isinstance(data, Mapping):
        found = {str(name): values(column) for name, column in data.items()}
    elif hasattr(data, "column_names") and hasattr(data, "column"):  # Arrow
        found = {str(name): values(data.column(name).to_pylist()) for name in _once(data.column_names)}
    elif hasattr(type(data), "columns") and hasattr(type(data), "to_dict"):  # polars, pandas
        found = {str(name): values(data[name]) for name in _once(data.columns)}
    else:
        return None
    lengths = {name: len(column) for name, column in found.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{count:,} in {name!r}" for name, count in lengths.items())
        raise UsageError(f"The columns have different numbers of values ({told}); expected the same in all.")
    return found


def values(column: Any) -> list[Any]:
    """A column, or labels, as plain Python values: arrays are lists, what is missing is None.

    >>> values(np.array([1.5, np.nan])), values(np.array([3, 4])), values(["a", None])
    ([1.5, None], [3, 4], ['a', None])
    """
    for name in ("to_list", "tolist"):
        if hasattr(column, name):
            return [_plain(value) for value in getattr(column, name)()]
    return [_plain(value) for value in column]


def is_sequence(data: Any) -> bool:
    """Whether there are several values in it: a list, a tuple, an array, a column of a frame; not a text.

    >>> is_sequence(["a"]), is_sequence(np.zeros(3)), is_sequence("a"), is_sequence(7)
    (True, True, False, False)
    """
    if isinstance(data, str | bytes | Mapping) or (isinstance(data, np.ndarray) and data.ndim == 0):
        return False
    return isinstance(data, Sequence) or (hasattr(data, "__len__") and hasattr(data, "__iter__"))


def kind(data: Any) -> str:
    """The type of something, as a message says it.

    >>> kind([]), kind(np.zeros((2, 3)))
    ('list', 'ndarray of shape (2, 3)')
    """
    shape = getattr(data, "shape", None)
    return type(data).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")


def _once(names: Iterable[Any]) -> list[Any]:
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
    if (isinstance(value, float) and value != value) or type(value).__name__ in _MISSING:
        return None
    return value
