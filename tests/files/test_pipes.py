"""A pipe that is named as an input is read as the same bytes on standard input are."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anaphora.data.files.first_line import first_line
from anaphora.data.files.lines import batches
from anaphora.errors import UsageError
from anaphora.files.pipes import as_standard_input


@contextmanager
def pipe(place: Path, text: str) -> Iterator[str]:
    os.mkfifo(place)
    writer = threading.Thread(target=lambda: place.write_text(text, encoding="utf-8"))
    writer.start()
    yield str(place)
    writer.join()


def test_a_pipe_becomes_standard_input_and_keeps_its_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", sys.stdin)
    (tmp_path / "a").write_text("a file", encoding="utf-8")
    with pipe(tmp_path / "p", '{"text": "größer"}\n\n{"text": "b"}\n') as named:
        assert as_standard_input([str(tmp_path / "a"), named]) == [str(tmp_path / "a"), "-"]
        with sys.stdin:
            assert first_line("-", "utf-8") == '{"text": "größer"}'
            found = [line for batch in batches(["-"]) for line in batch]
    assert [(line.where, line.text.decode(), line.json) for line in found] == [
        ("standard input, line 1", '{"text": "größer"}', True),
        ("standard input, line 3", '{"text": "b"}', True),
    ]


def test_files_folders_texts_and_standard_input_stay(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a", encoding="utf-8")
    before = sys.stdin
    given = [str(tmp_path / "a"), str(tmp_path), "feeling ___ the weather", "-"]
    assert as_standard_input(given) == given
    assert sys.stdin is before


@pytest.mark.parametrize("other", ["q", "-"])
def test_two_pipes_are_refused_by_their_names(other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("p")
    os.mkfifo("q")
    second = "standard input (-)" if other == "-" else "'q'"
    with pytest.raises(UsageError, match=re.escape(f"'p' is a pipe, and so is {second}: a command reads one pipe")):
        as_standard_input([other, "p"] if other == "-" else ["p", other])
