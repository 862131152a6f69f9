"""Lines as they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.data.files.lines import batches
from anaphora.errors import DataError


def test_a_text_that_stands_where_a_file_belongs_is_told_where_it_goes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'it's a film' cannot be read.*echo 'it'\"'\"'s a film' \| anaphora run"):
        list(batches(["it's a film"]))
    with pytest.raises(DataError, match=r"none\.txt' cannot be read: No such file or directory\.$"):
        list(batches([tmp_path / "none.txt"]))


def test_lines_come_whole_numbered_and_without_their_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\n\ntwo\n" + b"x" * 70_000 + b"\nend")
    found = [line for batch in batches([path], most=2) for line in batch]
    assert [line.text for line in found] == [b"one", b"", b"two", b"x" * 70_000, b"end"]
    assert [line.where for line in found] == [f"'{path}', line {number}" for number in range(1, 6)]
