"""Line ends: one rule for files that are trained on and for lines that arrive in a pipe, wherever the bytes are cut."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.checks.text_files import check_text
from anaphora.data.files import sources
from anaphora.data.files.lines import batches, lines_in
from anaphora.data.files.parallel import Side
from anaphora.data.files.sources import ending
from anaphora.data.files.table_files import read_table
from anaphora.data.files.text import open_texts, read_text
from anaphora.errors import DataError

ENCODINGS = ("utf-8", "utf-16", "utf-16-be", "utf-32", "gb18030")
TEXTS = st.lists(st.sampled_from(["a", "é", "b ", "\r", "\n", "\r\n", "\x85", "\u2028", "\v", "\f"]), min_size=1)


def editor(text: str) -> list[str]:
    """The lines of a text, character by character; CRs before LF or before the end of the text belong to the end."""
    lines, line, old_mac = [], "", "\n" not in text
    for at, character in enumerate(text):
        if character == "\n" or (character == "\r" and old_mac):
            lines.append(line)
            line = ""
        elif character != "\r" or text[at:].lstrip("\r")[:1] not in ("", "\n"):
            line += character
    return [*lines, line] if text[-1:] not in ("\n", "\r" if old_mac else "\n") else lines


def cut(raw: bytes, size: int) -> Iterator[bytes | None]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]
        yield None


@given(pieces=TEXTS, size=st.integers(1, 9), encoding=st.sampled_from(ENCODINGS))
def test_every_reader_finds_the_lines_that_an_editor_shows(
    pieces: list[str], size: int, encoding: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, path = "".join(pieces), tmp_path_factory.getbasetemp() / "ends.txt"
    raw = text.encode(encoding)
    path.write_bytes(raw)
    expected = editor(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BLOCK", size)
        assert Side.of("a", read_text(path, encoding)).lines == (expected or [""])
        patch.setattr(sources, "IN_MEMORY", 0)
        assert str(open_texts([path], encoding)) == read_text(path, encoding)
    wide = encoding.startswith(("utf-16", "utf-32"))
    arrived = [line for line in lines_in(cut(raw, size), encoding) if line is not None]
    assert [line.decode("utf-8" if wide else encoding).removeprefix("\ufeff") for line in arrived] == expected


def test_stray_returns_do_not_misalign_and_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.de"
    path.write_bytes(b"one\ntw\ro\r\nthree\r\r\nfo\rur")
    assert Side.of("a", read_text(path)).lines == ["one", "tw\ro", "three", "fo\rur"]
    finding = next(each for each in check_text(path, "utf-8") if each.code == "stray-return")
    assert [row.line for row in finding.rows] == [2, 4]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_ends_that_were_converted_twice_or_cut_are_ends_and_are_named(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BLOCK", size)
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\r\r\none,a\r\r\ntwo,b\r\nthree,a\r")
    rows = read_table(path)
    assert list(rows.rows(rows.columns)) == [(2, ("one", "a")), (3, ("two", "b")), (4, ("three", "a"))]
    assert [line.text for batch in batches([path], plain=True) for line in batch][2:] == [b"two,b", b"three,a"]
    (ends,) = check_text(path, "utf-8")
    assert ends.message == (
        "4 lines end in CR LF or CR: all line ends are read as LF. 2 of them end in CR CR LF, as after two conversions:"
        " that is one line end, too. The file ends in a CR without its LF: the end of the file may be missing."
    )
    path.write_bytes(b"a\nb\r")
    assert [each.figures for each in check_text(path, "utf-8")] == [{"cr": 1, "lf": 1}]


@pytest.mark.parametrize(("extension", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress),
                                                     (".xz", lzma.compress)])  # fmt: skip
def test_compressed_files_are_read_by_the_extension_inside(
    extension: str, compress: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = b"text,label\r\none,a\r\ntwo,b\r\n"
    path = tmp_path / f"a.csv{extension}"
    path.write_bytes(compress(plain))  # type: ignore[operator]
    for limit in (2**24, 4):
        monkeypatch.setattr(sources, "IN_MEMORY", limit)
        table = read_table(path)
        assert (table.layout, list(table.rows(table.columns))) == (
            "CSV with commas",
            [(2, ("one", "a")), (3, ("two", "b"))],
        )
        assert read_text(path) == plain.decode().replace("\r\n", "\n")
    assert [line.text for batch in batches([path], plain=True) for line in batch] == plain.split(b"\r\n")[:-1]
    assert [each.code for each in check_text(path, "utf-8")] == ["line-ends"]
    for damage in (path.read_bytes()[:-9], b"plain text\n"):
        path.write_bytes(damage)
        for reading in (read_text, lambda path: list(batches([path], plain=True))):
            with pytest.raises(
                DataError, match=r"'.*a\.csv\.\w+' is not a whole compressed file \(.*copy or download it again"
            ):
                reading(path)
        assert [each.code for each in check_text(path, "utf-8")] == ["no-file"]
    assert ending(path) == ".csv"


def test_lines_of_a_binary_file_are_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for raw, message in ((b"a\nb\0c\n", "NUL character at byte 3"), (b"%PDF-1.7\n\n", "is a PDF document, not text")):
        path.write_bytes(raw)
        with pytest.raises(DataError, match=message):
            list(batches([path]))
