"""Layouts of tagged sentences."""

from __future__ import annotations

from pathlib import Path

from anaphora.data.files.conll import read_sentences
from anaphora.tasks.tag.settings import Data


def columns(folder: Path) -> None:
    file = folder / "a.txt"
    for separator in "\t ":
        file.write_text(f"Ann{separator}B-PER\nruns{separator}O\n\nHi{separator}O\n", encoding="utf-8")
        found = read_sentences(str(file), Data())
        assert found.tokens == (("Ann", "runs"), ("Hi",))
        assert found.tags == (("B-PER", "O"), ("O",))
        assert found.lines == ((1, 2), (4,))


CASES = {"a word per line": columns}
