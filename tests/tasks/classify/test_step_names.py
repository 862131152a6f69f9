"""Columns that are read as steps: their names are looked at, and what does not fit is said with the option to type."""

from __future__ import annotations

import re
from typing import Any

import pytest

from anaphora.tasks.classify import data
from anaphora.tasks.classify.step_names import of_step_names
from labelled import config

MANY = [f"t{at}" for at in range(30)]


@pytest.mark.parametrize(
    "names",
    [
        ["t0", "t1", "t2", "t10"],
        ["1", "2", "10"],
        ["0.9", "0.95", "1.05"],
        ["9:00", "10:00"],
        ["2024-01-30", "2024-01-31", "2024-02-01"],
        ["mon", "tue", "wed"],
        ["x1", "y1"],
        MANY,
    ],
)
def test_steps_in_order_are_not_warned_of(names: list[str]) -> None:
    assert list(of_step_names(names)) == []


@pytest.mark.parametrize(
    ("names", "where", "said"),
    [
        (["t0", "t1", "t10", "t2"], ["t2"], "'t2' comes after 't10'.*--columns t0,t1,t2,t10"),
        (["1", "10", "2"], ["2"], "--columns 1,2,10"),
        (["step 2", "step 1", "step 3"], ["step 1"], '--columns "step 1,step 2,step 3"'),
        (["10:00", "9:00"], ["9:00"], "--columns 9:00,10:00"),
        (["subject", "age", "t0", "t1", "t2"], ["subject"], "2 columns beside 't0' … 't2'.*'subject', 'age'"),
        (["x1", "y1", "x2", "y2", "x3", "y3"], ["y1"], "3 columns beside 'x1' … 'x3'"),
        (["age", *MANY[::-1]], ["age", "t28"], "--columns t0,t1,t2,…,t29"),
    ],
)
def test_steps_out_of_order_and_columns_beside_them_are_named(names: list[str], where: list[str], said: str) -> None:
    found = list(of_step_names(names))
    assert [finding.where for finding in found] == [f"column {name!r}" for name in where]
    assert re.search(said, " ".join(finding.in_one_line() for finding in found))


def test_the_order_that_was_typed_is_obeyed_without_a_word() -> None:
    columns: dict[str, list[Any]] = {name: [0.5, 2.5, 1.5, 0.25] * 2 for name in ("t10", "t2", "t1")}
    columns["label"] = ["a", "b"] * 4
    found = data.from_memory(config("--wide", "--valid", "0.5"), columns)
    assert (found.columns.channels, [each.code for each in found.findings]) == (("t10", "t2", "t1"), ["step-columns"])
    typed = data.from_memory(config("--wide", "--columns", "t2,t10,t1", "--valid", "0.5"), columns)
    assert (typed.columns.channels, typed.findings) == (("t2", "t10", "t1"), ())
