"""What a Python program brings: paths, frames of several libraries, lists and arrays, told apart by their types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from anaphora.data import in_memory
from anaphora.errors import UsageError

NAN = float("nan")


class Series:
    """A column as pandas has it."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def to_list(self) -> list[Any]:
        return self.values


class PandasLike:
    """A frame as pandas has it: `columns` is an attribute, a column an item."""

    def __init__(self, columns: dict[Any, list[Any]], names: list[Any] | None = None) -> None:
        self._columns = columns
        self._names = list(columns) if names is None else names

    @property
    def columns(self) -> list[Any]:
        return self._names

    def to_dict(self) -> None:
        raise NotImplementedError

    def __getitem__(self, name: Any) -> Series:
        return Series(self._columns[name])


class Chunked:
    """A column as Arrow has it."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def to_pylist(self) -> list[Any]:
        return self._values


class ArrowLike:
    """A table as Arrow has it."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self.column_names = list(columns)

    def column(self, name: str) -> Chunked:
        return Chunked(self._columns[name])


class NAType:
    """pandas' value for what is missing, which is neither true nor false."""

    def __eq__(self, other: object) -> Any:
        return self

    def __hash__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


@pytest.mark.parametrize("make", [dict, polars.DataFrame, PandasLike, ArrowLike])
def test_every_library_s_frame_is_its_columns(make: Callable[[dict[str, list[Any]]], Any]) -> None:
    columns = {"text": ["a", None, "c"], "steps": [[1.0, 2.0], [3.0], []], "label": [1, 2, 3]}
    assert in_memory.columns(make(columns)) == columns


def test_what_is_missing_is_none_in_every_library_s_way() -> None:
    missing = [NAN, np.float32(NAN), NAType(), None]
    assert in_memory.columns(PandasLike({"x": missing, 7: [1, 2, 3, 4]})) == {"x": [None] * 4, "7": [1, 2, 3, 4]}


def test_values_are_plain() -> None:
    values = in_memory.values([np.float32(0.5), np.int64(3), np.str_("a"), np.array([1, 2]), np.bool_(True), (1, 2)])
    assert values == [0.5, 3, "a", [1, 2], True, (1, 2)]
    assert [type(value) for value in values] == [float, int, str, list, bool, tuple]


@pytest.mark.parametrize("data", [[1, 2], "text", np.zeros((2, 2)), None, Series(["a"]), [("a", "b")]])
def test_what_is_no_frame(data: Any) -> None:
    assert in_memory.columns(data) is None


def test_columns_of_one_name_and_of_unlike_length_are_refused() -> None:
    with pytest.raises(UsageError, match=r"two columns 'x': names are unique"):
        in_memory.columns(PandasLike({"x": [1]}, ["x", "y", "x"]))
    with pytest.raises(UsageError, match=r"different numbers of values \(2 in 'a', 1 in 'b'\)"):
        in_memory.columns({"a": [1, 2], "b": [3]})


@pytest.mark.parametrize(
    ("data", "words", "expected"),
    [
        (Path("a.txt"), False, ["a.txt"]),
        ([Path("a"), Path("b")], False, ["a", "b"]),
        (("a.csv", Path("b.csv")), True, ["a.csv", "b.csv"]),
        ("a.csv", True, ["a.csv"]),
        ("a.csv", False, None),
        (["a", "b"], False, None),
        ([Path("a"), "b"], False, None),
        ([], True, None),
        (3, True, None),
    ],
)
def test_paths(data: Any, words: bool, expected: list[str] | None) -> None:
    assert in_memory.paths(data, words) == expected
