"""Tables on a terminal of any width: no line is longer than the terminal, and a wide one shows everything."""

from __future__ import annotations

import pytest

from anaphora.formatting import columns, display_width
from anaphora.report.narrow_table import Column, fitted, in_blocks, terminal_width

NAMES = ("sweeps/long/trial-0001.run", "b.run", "科学/深い.run")
TABLE = [
    Column("run", NAMES),
    Column("started", ("2026-03-01 10:00",) * 3),
    Column("best validation loss", ("1.0250", "11.5000", "–"), right=True, short="best loss"),
    Column("metric", ("nats", "accuracy", "")),
]
HEAD = ["", "a/long/name/of/one.run", "two.run", "three.run"]
ROWS = [["task", "language", "language", "tag"], ["data.separator, which is long", "–", ";", "a list, and more of it"]]


def listed(width: int | None) -> list[str]:
    return fitted(TABLE, width, ("started",), ("metric", "best validation loss"), "See --json.")


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in range(5, 90):
        for line in (*listed(width), *in_blocks(HEAD, ROWS, width)):
            assert display_width(line) <= width, line


def test_columns_leave_in_order_and_are_named() -> None:
    assert listed(None) == listed(76)
    assert listed(76)[0].split() == ["run", "started", "best", "validation", "loss", "metric"]
    assert listed(65)[0].split() == ["run", "started", "best", "loss", "metric"]
    assert listed(64) == [
        "run                         best loss  metric",
        "sweeps/long/trial-0001.run     1.0250  nats",
        "b.run                         11.5000  accuracy",
        "科学/深い.run                       –",
        "",
        "Not shown, for want of width: started. See --json.",
    ]
    assert listed(36)[:2] == ["run              best loss  metric", "…trial-0001.run     1.0250  nats"]
    assert listed(30)[1] == "…ong/trial-0001.run     1.0250"
    assert listed(30)[-2:] == ["Not shown, for want of width:", "started, metric. See --json."]


def test_a_comparison_that_is_too_wide_stands_in_several_tables() -> None:
    assert in_blocks(HEAD, ROWS, None) == columns(HEAD, ROWS, right=range(1, 4))
    assert in_blocks(HEAD, ROWS, 44)[4:] == [
        "                         two.run",
        "task                    language",
        "data.separator, which…         ;",
        "",
        "                                   three.run",
        "task                                     tag",
        "data.separator, which…  a list, and more of…",
    ]
    for width in range(40, 90):  # nothing is lost: every value stands in one of the tables
        shown = " ".join(in_blocks(HEAD, ROWS, width)).split()
        assert [shown.count(value) for value in ("language", "tag", ";", "–")] == [2, 1, 1, 1]


def test_the_width_is_that_of_columns_or_unknown_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width() is None
    monkeypatch.setenv("COLUMNS", "80")
    assert terminal_width() == 80
    monkeypatch.setenv("COLUMNS", "wide")
    assert terminal_width() is None
