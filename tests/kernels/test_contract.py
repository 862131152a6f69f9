"""docs/contract.md: every clause names the tests that keep it, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", TEXT)))


@pytest.mark.parametrize("named", NAMED)
def test_a_law_that_is_named_is_there(named: str) -> None:
    path, _, function = named.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_every_clause_names_its_laws() -> None:
    table = TEXT.partition("| --- |")[2].partition("\n\n")[0]
    clauses = table.splitlines()[1:]
    assert len(clauses) > 10
    for clause in clauses:
        assert "::test_" in clause, clause


def test_the_files_that_are_named_are_there() -> None:
    for path in re.findall(r"`((?:csrc|src|scripts)/[\w/.]+)`", TEXT):
        assert (ROOT / path).exists(), path
