"""What is said of a text file's bytes, wherever they are cut into blocks; pipes are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anaphora.checks.findings import Finding
from anaphora.checks.text_files import check_text, check_texts
from anaphora.data.files import sources
from anaphora.errors import UsageError

CONTENTS = {
    "good": "The café is open.\nIt was naïve.\n".encode() * 20,
    "crlf": "The café is open.\r\nIt was naïve.\r\n".encode() * 20,
    "cr": b"one\rtwo\rthree",
    "mixed": ("é\n" * 9).encode() + b"\xe9t\xe9\r\n" + ("ü\n" * 9).encode(),
    "twice": "x\ncafÃ©\nitâ€™s\n".encode() * 7,
    "nul": b"a\nb\0\nc\n" * 3,
    "lost": "a\n\ufffd\n\ufffd\n\ufeff\n".encode() * 5,
}


def told(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [(each.code, each.message, each.rows, each.count) for each in findings]


@pytest.mark.parametrize("name", CONTENTS)
def test_blocks_change_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.write_bytes(CONTENTS[name])
    whole = told(check_text(path, "utf-8"))
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(sources, "BLOCK", size)
        assert told(check_text(path, "utf-8")) == whole


def test_line_ends_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\ntwo\rthree\nfour\r\n")
    ends, stray = check_text(tmp_path / "a", "utf-8")
    assert (ends.code, ends.figures) == ("line-ends", {"cr": 2, "lf": 1})
    assert (stray.code, [row.line for row in stray.rows]) == ("stray-return", [2])
    (tmp_path / "a").write_bytes(b"one\rtwo\r")
    (ends,) = check_text(tmp_path / "a", "utf-8")
    assert (ends.code, ends.figures) == ("line-ends", {"cr": 2, "lf": 0})


def test_marks_of_other_encodings_are_named(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-32"):
        (tmp_path / "a").write_bytes("plain\n".encode(encoding))
        (finding,) = check_text(tmp_path / "a", "utf-8")
        assert (finding.code, finding.remedy) == ("wrong-encoding", f"Add --encoding {encoding}.")
        assert check_text(tmp_path / "a", encoding) == []


def test_utf16_without_a_mark_has_to_say_which(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("plain\n".encode("utf-16-le") * 9)
    for asked in ("utf-16", "utf-32"):
        (finding,) = check_text(tmp_path / "a", asked)
        assert finding.message.endswith(f"is not {asked} text: it begins with no byte order mark.")
        assert (finding.code, finding.remedy) == (
            "wrong-encoding",
            "The file is probably utf-16-le: add --encoding utf-16-le.",
        )
    assert check_text(tmp_path / "a", "utf-16-le") == []


def test_utf8_that_is_read_as_something_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("Здравствуй, мир\n".encode())
    assert [each.code for each in check_text(tmp_path / "a", "cp1251")] == ["misread-encoding"]
    (tmp_path / "a").write_bytes("Здравствуй, мир\n".encode("cp1251"))
    assert check_text(tmp_path / "a", "cp1251") == []
    (tmp_path / "a").write_bytes(b"nothing but ASCII\n")
    assert check_text(tmp_path / "a", "cp1251") == []


@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
def test_the_repair_of_a_misread_text_gives_the_text(tmp_path: Path, codec: str) -> None:
    right = "Ã ist kein Ä, naïve Grüße\n" if codec == "latin-1" else "it’s naïve, a “café\n"
    misread = right.encode().decode(codec) * 3
    (tmp_path / "a").write_text(misread, encoding="utf-8")
    (finding,) = check_text(tmp_path / "a", "utf-8")
    assert f"text.encode('{codec}').decode('utf-8')" in finding.remedy
    assert misread.encode(codec).decode("utf-8") == right * 3
    (tmp_path / "a").write_text(misread + "“déjà vu”\n", encoding="utf-8")
    (finding,) = check_text(tmp_path / "a", "utf-8")
    assert ".encode(" not in finding.remedy


def test_accents_are_no_misreading(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("MANHÃ, Âncora: «ÂNGULO» e â. MÃE Ã»\n" * 1, encoding="utf-8")
    assert check_text(tmp_path / "a", "utf-8") == []


def test_the_lines_of_another_encoding_are_guessed_where_there_are_enough(tmp_path: Path) -> None:
    good = "Grüße\n" * 10
    (tmp_path / "a").write_bytes(good.encode() + "Здравствуй, мир. Как твои дела сегодня?\n".encode("cp1251") * 3)
    (finding,) = check_text(tmp_path / "a", "utf-8")
    assert (finding.code, [row.line for row in finding.rows]) == ("mixed-encoding", [11, 12, 13])
    assert "3 of 13 lines are not valid utf-8, though 10 other lines beyond ASCII are." in finding.message
    assert "probably cp1251" in finding.remedy


def test_pipes_and_standard_input_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert check_texts([tmp_path / "pipe", "-"], "utf-8") == []


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object, **how: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a").write_text("x", encoding="utf-8")
    monkeypatch.setattr("builtins.open", refused)
    (finding,) = check_text(tmp_path / "a", "utf-8")
    assert (finding.code, finding.severity) == ("no-file", "error")
    assert "permission denied" in finding.message


def test_an_encoding_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="did you mean latin-1"):
        check_texts(["x"], "latin-11")
