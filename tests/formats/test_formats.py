"""Every layout of docs/formats.md is tested by a small file made for it, and every tested layout is documented."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/formats.md"
SECTIONS = ("texts", "tables", "series", "tags", "pairs")
Case = Callable[[Path], None]
"""Writes a file of the layout to a folder, and asserts on what is read from it."""


def cases(section: str) -> dict[str, Case]:
    """Return the tests of a section by the names of their layouts."""
    found: dict[str, Case] = importlib.import_module(f"formats.{section}").CASES
    return found


def documented(section: str) -> list[str]:
    """Return the first column of a section's table, in order."""
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {section.capitalize()}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (.+?) \|", part, re.MULTILINE)[2:]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_documented_layouts_are_the_tested_ones(section: str) -> None:
    assert documented(section) == list(cases(section))


@pytest.mark.parametrize(("section", "layout"), [(section, name) for section in SECTIONS for name in cases(section)])
def test_a_layout_is_read_as_documented(section: str, layout: str, tmp_path: Path) -> None:
    cases(section)[layout](tmp_path)
