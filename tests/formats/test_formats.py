"""Every layout of docs/formats.md is tested by a small file made for it, and every tested layout is documented."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from anaphora.checks.examine import unreadable
from anaphora.checks.findings import Finding, refuse
from anaphora.errors import DataError

PAGE = Path(__file__).parents[2] / "docs/formats.md"
SECTIONS = ("texts", "tables", "series", "tags", "pairs")
COMMAND = re.compile(r"`[a-z]+ [^`]+`|(?<=: )(?:python|java|jq|sed|po2tmx|xliff2po) .+$")
Case = Callable[[Path], None]
"""Writes a file of the layout to a folder, and asserts on what is read from it."""


def cases(section: str) -> dict[str, Case]:
    """Return the tests of a section by the names of their layouts."""
    found: dict[str, Case] = importlib.import_module(f"formats.{section}").CASES
    return found


def documented(section: str) -> list[str]:
    """Return the first column of a section's table, in order."""
    return [layout for layout, _ in rows(section)]


def rows(section: str) -> list[tuple[str, str]]:
    """Return the layouts of a section's table, in order, each with what is done with it."""
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {section.capitalize()}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (.+?) \| (.+) \|$", part, re.MULTILINE)[2:]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_documented_layouts_are_the_tested_ones(section: str) -> None:
    assert documented(section) == list(cases(section))


@pytest.mark.parametrize(("section", "layout"), [(section, name) for section in SECTIONS for name in cases(section)])
def test_a_layout_is_read_as_documented_and_a_command_that_converts_it_is_printed_whole(
    section: str, layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(DataError, "__init__", lambda error, text: said.append(text))
    cases(section)[layout](tmp_path)
    monkeypatch.undo()
    commands = [(text, command) for text in dict.fromkeys(said) for command in COMMAND.findall(text)]
    promised = re.search("refused.*(command|program|`[a-z]+ )", dict(rows(section))[layout])
    assert commands or not promised or layout.startswith("PDF")
    for text, command in commands:
        finding = unreadable(DataError(text))
        ending = "(?:$|[^.])" if text.endswith(command) else ""
        for printed in ("\n".join(finding.lines()), refused(finding)):
            assert re.search(re.escape(command) + ending, printed, re.MULTILINE)


def refused(finding: Finding) -> str:
    """Return the message with which training refuses data with this finding."""
    with pytest.raises(DataError) as error:
        refuse([finding])
    return str(error.value)
