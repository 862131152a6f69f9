"""Layouts of texts."""

from __future__ import annotations

from pathlib import Path

from anaphora.data.files.text import read_text


def plain(folder: Path) -> None:
    file = folder / "a.txt"
    file.write_text("one\ntwo\n", encoding="utf-8")
    assert read_text(file) == "one\ntwo\n"


CASES = {"plain text": plain}
