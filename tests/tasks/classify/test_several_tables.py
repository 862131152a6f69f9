"""Several tables are read alike in any order; a column that only some of them have is named, never lost in silence."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from anaphora.data.files.tables import ColumnTable
from anaphora.errors import DataError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.columns import choose
from anaphora.tasks.classify.settings import Data
from labelled import config, write_csv


def steps(first: int, **more: list[Any]) -> dict[str, list[Any]]:
    """Four series of two steps."""
    return {
        "id": [f"s{first + at // 2}" for at in range(8)],
        "x": [0.25, 1.5, 0.75, 2.5, 0.5, 1.25, 3.5, 0.125],
        **more,
        "label": ["ab"[at // 2 % 2] for at in range(8)],
    }


PLAIN, WIDER = steps(0), steps(4, extra=[0.5, 1.5, 2.5, 0.25, 7.5, 1.75, 0.125, 9.5])
WORDS = steps(8, extra=["low", "high"] * 4)
COUNTED = {**steps(12), "n": list(range(8))}
INDEXED = {"index": list(range(12)), "x": [0.5, 2.5] * 6, "z": [0.25, 1.5] * 6, "label": ["a", "b"] * 6}


@pytest.mark.parametrize(
    ("tables", "left_out"),
    [
        ([PLAIN, WIDER], {"extra": "only in '1.csv'"}),
        ([PLAIN, COUNTED, WIDER], {"n": "only in '1.csv'", "extra": "only in '2.csv'"}),
        ([WIDER, WORDS], {"extra": "not numbers"}),
    ],
)
def test_the_order_of_the_files_decides_nothing(
    tables: list[dict[str, list[Any]]], left_out: dict[str, str], tmp_path: Path
) -> None:
    paths = [write_csv(tmp_path / f"{at}.csv", table) for at, table in enumerate(tables)]
    for order in itertools.permutations(paths):
        corpus = data.read(config("--valid", "0.5"), order)
        assert (corpus.columns.id, corpus.columns.channels) == ("id", ("x",))
        assert corpus.taken is not None
        assert corpus.taken.left_out == left_out


def test_a_column_of_some_of_many_files_is_named_with_one_of_them(tmp_path: Path) -> None:
    paths = [write_csv(tmp_path / f"{at}.csv", table) for at, table in enumerate([PLAIN, WIDER, WIDER])]
    taken = data.read(config("--valid", "0.5"), paths).taken
    assert taken is not None
    assert taken.left_out == {"extra": "only in 2 of 3 files, such as '1.csv'"}


def test_a_column_that_counts_the_lines_of_one_table_is_left_out_of_all(tmp_path: Path) -> None:
    continued = {**INDEXED, "index": list(range(12, 24))}
    one_row = {name: values[:1] for name, values in INDEXED.items()}
    for others in ([continued], [one_row], [INDEXED]):
        for order in itertools.permutations([INDEXED, *others]):
            paths = [write_csv(tmp_path / f"{at}.csv", table) for at, table in enumerate(order)]
            corpus = data.read(config("--wide", "--valid", "0.5"), paths)
            assert corpus.columns.channels == ("x", "z")
            assert corpus.taken is not None
            assert corpus.taken.left_out == {"index": "an index of the lines"}


def test_a_column_of_the_held_out_file_alone_is_named_and_each_part_is_counted(tmp_path: Path) -> None:
    train, held_out = write_csv(tmp_path / "a.csv", PLAIN), write_csv(tmp_path / "b.csv", WIDER)
    taken = data.read(config("--valid", str(held_out)), [train]).taken
    assert taken is not None
    assert taken.left_out == {"extra": "only in 'b.csv'"}
    assert taken.roles["held out (4 of the 8)"] == (str(held_out),)
    assert "held out (4 of the 8): 'b.csv'" in taken.without_folders().message()


def test_tables_without_a_column_in_common_say_so() -> None:
    one = ColumnTable({"text": ["a b", "c d"], "label": ["x", "y"]}, "'1.csv'")
    other = ColumnTable({"review": ["a b", "c d"], "label": ["x", "y"]}, "'2.csv'")
    said = r"'1\.csv' and 1 other: the input columns.*are label; text is only in '1\.csv'; review is only in '2\.csv'"
    with pytest.raises(DataError, match=said):
        choose(Data(), one, other)
    with pytest.raises(DataError, match=r"'2\.csv' has no column 'text'"):
        choose(Data(text="text"), one, other)


def test_the_label_that_is_not_read_is_told_with_the_label() -> None:
    columns = {"text": ["a good one", "so bad"] * 4, "class": ["p", "q"] * 4, "target": [1, 2] * 4}
    corpus = data.from_memory(config(), columns)
    assert corpus.columns.label == "class"
    assert corpus.taken is not None
    assert corpus.taken.left_out == {"target": "the label is 'class'"}
