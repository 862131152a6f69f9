"""Findings: each code has one severity and one line in docs/check.md; rows are told in few words."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from anaphora.checks.findings import CODES, SEVERITIES, Finding, errors, refuse, said
from anaphora.data.location import Row
from anaphora.errors import DataError

ROOT = Path(__file__).resolve().parent.parent.parent


def wrong(rows: tuple[Row, ...] = (), **more: int) -> Finding:
    return Finding("not-finite", "error", "column 'x'", rows, "1 row has NaN.", "Fill it.", **more)


def test_the_table_of_the_docs_is_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.+?) \|$", page, re.MULTILINE)
    assert {code: (severity, meaning) for code, severity, meaning in told} == CODES
    assert len(told) == len(CODES)
    assert [SEVERITIES.index(severity) for _, severity, _ in told] == sorted(
        SEVERITIES.index(severity) for severity, _ in CODES.values()
    )


def test_every_code_is_found_by_some_rule() -> None:
    written = set()
    for path in (ROOT / "src" / "anaphora").rglob("*.py"):
        if path.name != "findings.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            written |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & set(CODES)
    assert written == set(CODES)


def test_a_code_has_one_severity() -> None:
    with pytest.raises(ValueError, match="the table CODES says 'error'"):
        Finding("not-finite", "warning", "x", (), "m.", "r.")
    with pytest.raises(ValueError, match="the table CODES says 'none'"):
        Finding("not-a-code", "error", "x", (), "m.", "r.")


def test_rows_are_counted_and_the_first_told() -> None:
    rows = tuple(Row("a.csv", line) for line in range(2, 1500))
    finding = wrong(rows)
    assert (finding.count, len(finding.rows), finding.rows[-1]) == (1498, 1000, Row("a.csv", 1001))
    assert finding.lines()[0] == "error    not-finite  column 'x': a.csv lines 2, 3, 4, 5, 6 and 1,493 more"
    assert wrong(rows[:7], count=9).lines()[0].endswith("lines 2, 3, 4, 5, 6 and 4 more")
    assert said([Row("a.csv", 1200)]) == "a.csv line 1,200"


def test_a_finding_is_plain_values() -> None:
    finding = Finding("lengths", "info", "a", (Row("a", 3),), "m.", "", figures={"longest": 9})
    assert json.loads(json.dumps(finding.as_json())) == {
        "code": "lengths",
        "severity": "info",
        "where": "a",
        "rows": [{"file": "a", "line": 3}],
        "count": 1,
        "message": "m.",
        "remedy": "",
        "figures": {"longest": 9},
    }


def test_errors_are_refused_and_all_of_them_named() -> None:
    info = Finding("lengths", "info", "a", (), "m.", "")
    warning = Finding("duplicate", "warning", "a", (), "m.", "r.")
    refuse([info, warning])
    assert errors([info, warning]) == []
    single = Finding("single-class", "error", "a", (), "All rows have the label 'x'.", "Bring others.")
    with pytest.raises(
        DataError, match=r"2 errors found\.\nerror    not-finite(.|\n)*error    single-class"
    ) as refused:
        refuse([info, wrong((Row("a.csv", 4),)), warning, single])
    assert "a.csv line 4" in str(refused.value)
    assert "Bring others." in str(refused.value)
    assert "duplicate" not in str(refused.value)
