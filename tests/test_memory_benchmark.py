"""The program that measures a long text's memory: its text, and the table it prints."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import memory


def test_its_text_repeats_and_has_something_to_learn(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        memory.write_text(tmp_path / name, 2_000_000, seed)
    text = (tmp_path / "a").read_text(encoding="utf-8")
    assert (tmp_path / "b").read_text(encoding="utf-8") == text != (tmp_path / "c").read_text(encoding="utf-8")
    assert 2_000_000 <= (tmp_path / "a").stat().st_size < 2_000_000 + 2 * memory.AT_ONCE[0] * memory.AT_ONCE[1]
    assert set(text) == set(memory.SYMBOLS)
    after_th = Counter(text[at + 2] for at in range(1_000_000) if text.startswith("th", at))
    assert after_th.most_common(1)[0][1] > 3 * after_th.total() / 32


def test_it_measures_a_short_and_a_long_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEGABYTE", 100_000)
    monkeypatch.setattr(memory, "AT_ONCE", (256, 64))
    rows = memory.measure(200_000, "char", 1.0, tmp_path)
    assert [row["text"] for row in rows] == ["short", "long"]
    assert rows[1]["units"] > 1.9 * rows[0]["units"] > 150_000
    assert all(row["peak_mb"] >= row["own_mb"] > 50 and row["steps"] >= 1 for row in rows)
    table = memory.lines(rows)
    assert len({len(line) for line in table[:3]}) == 1
    assert f"growth {rows[1]['peak_mb'] - rows[0]['peak_mb']:.0f} MB of the peak" in table[3]


def test_it_asks_for_room_first(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"needs 3,000,000,000,000,000 bytes in .*: name another --folder"):
        memory.measure(10**15, "char", 1.0, tmp_path)
