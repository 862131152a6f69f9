"""Layouts of pairs."""

from __future__ import annotations

from pathlib import Path

from anaphora.data.files.pairs import read_pairs


def parallel(folder: Path) -> None:
    source, target = folder / "a.de", folder / "a.en"
    source.write_text("ein Mann\nja\n", encoding="utf-8")
    target.write_text("a man\nyes\n", encoding="utf-8")
    pairs = read_pairs([source, target])
    assert (pairs.sources, pairs.targets) == (("ein Mann", "ja"), ("a man", "yes"))


CASES = {"two parallel files": parallel}
