"""Text files: what is read as it is, and what is refused with the place and the remedy."""

from __future__ import annotations

import codecs
import io
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.files.encodings import likely_encoding
from anaphora.data.files.text import open_texts, read_text
from anaphora.errors import DataError, UsageError

CONTROLS = "".join(map(chr, [*range(9), *range(14, 27), *range(28, 32)]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a text.txt"


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS + "\r\ufeff"), min_size=1),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_text_comes_back(text: str, encoding: str, end: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(text.replace("\n", end).encode(encoding))
    if path.read_bytes().startswith((b"\x1f\x8b", b"PK\x03\x04", b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"\x7fELF")):
        return
    assert read_text(path, encoding) == text


def test_marks_and_line_ends(file: Path) -> None:
    file.write_bytes(codecs.BOM_UTF8 + "one\r\ntwo\rthree\n\ufefffour\n\r\n".encode())
    assert read_text(file) == "one\ntwo\rthree\n\ufefffour\n\n"
    file.write_bytes(b"one\rtwo\r\rthree\r")
    assert read_text(file) == "one\ntwo\n\nthree\n"
    file.write_bytes("\ufeffé".encode("utf-16-le"))
    assert read_text(file, "utf-16-le") == read_text(file, "utf-16") == "é"


@pytest.mark.parametrize(
    ("raw", "encoding", "message"),
    [
        (b"", "utf-8", r"'.*a text\.txt' is empty \(0 bytes\)"),
        (codecs.BOM_UTF8, "utf-8", "contains only a byte order mark"),
        (
            "eins\nzwei drü".encode("cp1252"),
            "utf-8",
            "at byte 12, line 2, FC is not a character; the file is probably cp1252: add --encoding cp1252",
        ),
        (("naïve words " * 9 + "\x81").encode("latin-1"), "utf-8", "--encoding latin-1"),
        (
            "text".encode("utf-16"),
            "utf-8",
            "begins with the byte order mark of utf-16, not utf-8: add --encoding utf-16",
        ),
        ("text".encode("utf-32"), "utf-8", "byte order mark of utf-32"),
        (
            "eins\nzwei\n".encode("utf-16-le"),
            "utf-8",
            "NUL character at byte 1, line 1; it is probably utf-16-le: add --encoding utf-16-le",
        ),
        (
            "eins\nzwei\n".encode("utf-16-be"),
            "utf-8",
            "NUL character at byte 0, line 1; it is probably utf-16-be: add --encoding utf-16-be",
        ),
        ("日本語のテキスト、これは".encode("shift_jis"), "utf-8", "--encoding shift_jis"),
        ("这是中文文本,很好".encode("gb18030"), "utf-8", "--encoding gb18030"),
        ("Привет, мир, как дела".encode("cp1251"), "utf-8", "--encoding cp1251"),
        (
            "Grüße, schöne".encode(),
            "ascii",
            "is not ascii text: at byte 2, line 1, C3 is not a character; the file is probably utf-8: add --encoding"
            " utf-8",
        ),
        (
            "Привет".encode() + b"\xff" + "мир".encode(),
            "utf-8",
            "at byte 12, line 1, FF is not a character, but the rest is valid: repair",
        ),
        (b"\x00\xd8a\x00", "utf-16-le", "is not utf-16-le text: at byte 0, line 1, 00 D8"),
        (b"a\n+2AA-", "utf-7", "at character 2, line 2, a surrogate stands alone"),
        (b"one\ntwo\0three", "utf-8", "NUL character at byte 7, line 2; use a text file"),
        ("é\r\n\r\n€\0".encode(), "utf-8", "NUL character at byte 9, line 3"),
        (b"ab\x01c", "utf-8", r"control character U\+0001 at byte 2, line 1"),
        (np.random.default_rng(0).integers(0, 256, 4000, np.uint8).tobytes(), "utf-8", "looks like binary data"),
        (b"\x1f\x8b\x08\0", "utf-8", "is a gzip archive, not text: unpack"),
        (b"PK\x03\x04", "utf-8", r"\.docx"),
        (b"%PDF-1.7", "utf-8", "pdftotext"),
    ],
)
def test_what_is_no_text_is_refused_with_place_and_remedy(file: Path, raw: bytes, encoding: str, message: str) -> None:
    file.write_bytes(raw)
    with pytest.raises(DataError, match=message) as caught:
        read_text(file, encoding)
    assert "a text.txt" in str(caught.value)
    assert caught.value.exit_code == 3


def test_the_remedy_named_is_one(file: Path) -> None:
    for encoding in ("cp1252", "latin-1", "utf-16", "utf-16-be", "shift_jis", "gb18030", "cp1251"):
        text = {"shift_jis": "日本語のテキスト", "gb18030": "这是中文文本,很好", "cp1251": "Привет, мир, как дела"}
        file.write_bytes(text.get(encoding, "Voilà, déjà vu à Besançon").encode(encoding))
        with pytest.raises(DataError, match="--encoding") as caught:
            read_text(file)
        assert read_text(file, str(caught.value).rpartition("--encoding ")[2].rstrip(".")) == text.get(
            encoding, "Voilà, déjà vu à Besançon"
        )


def test_a_stray_control_character_in_a_long_text_is_a_symbol(file: Path) -> None:
    text = "all work and no play " * 100 + "\x1a"
    file.write_text(text)
    assert read_text(file) == text


def test_missing_folder_and_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shakespeare.txt").write_text("To be")
    with pytest.raises(DataError, match=r"does not exist.*did you mean '.*shakespeare\.txt'"):
        read_text(tmp_path / "shakespear.txt")
    with pytest.raises(DataError, match="does not exist: expected a text file in the folder"):
        read_text(tmp_path / "zzz")
    with pytest.raises(DataError, match=r"its folder '.*nowhere' does not exist either"):
        read_text(tmp_path / "nowhere" / "zzz")
    with pytest.raises(DataError, match=r"is a folder: name the text files in it, for example '.*\*\.txt'"):
        read_text(tmp_path)
    with pytest.raises(DataError, match="cannot be read: Not a directory"):
        read_text(tmp_path / "shakespeare.txt" / "act1")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(
        DataError, match=r"You may not read '\S+/shakespeare\.txt' \(permission denied\): check it with ls -l\.$"
    ):
        read_text(tmp_path / "shakespeare.txt")


def test_unknown_encodings_name_the_nearest(file: Path) -> None:
    file.write_text("text")
    for wrong, message in (
        ("utf9", "did you mean utf-8"),
        ("latni-1", "did you mean latin-1"),
        ("klingon", "common ones"),
    ):
        with pytest.raises(UsageError, match=f"There is no text encoding '{wrong}': {message}"):
            read_text(file, wrong)
    with pytest.raises(UsageError, match="There is no text encoding 'base64'"):
        read_text(file, "base64")


def test_standard_input_and_lists_of_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("from a file")
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"from a pipe\r\n")))
    assert str(open_texts([str(file), "-", file])) == "from a file\nfrom a pipe\nfrom a file"
    with pytest.raises(DataError, match=r"^standard input is empty"):
        read_text("-")
    with pytest.raises(UsageError, match="more than once"):
        open_texts(["-", file, "-"])
    with pytest.raises(UsageError, match="No text was named"):
        open_texts([])
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="this process has none"):
        read_text("-")


@pytest.mark.parametrize("in_memory", [0, 2**24])
def test_a_line_end_goes_between_files_and_after_none(
    in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anaphora.data.files.sources.IN_MEMORY", in_memory)
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file, raw in zip(files, (b"ends with zebra", b"the next\r\nfile\r\n", b"old\rMac"), strict=True):
        file.write_bytes(raw)
    text = open_texts(files)
    assert str(text) == "ends with zebra\nthe next\nfile\nold\nMac"
    assert (len(text), text.lengths) == (37, (16, 14, 7))
    assert str(text[14:18]) == "a\nth"
    assert str(open_texts(files[:1])) == "ends with zebra"
    assert str(open_texts(files[1:2] * 2)) == "the next\nfile\n" * 2


def test_likely_encoding_of_plain_text_and_of_noise(rng: np.random.Generator) -> None:
    assert likely_encoding(b"plain") == "utf-8"
    assert likely_encoding("größer".encode()) == "utf-8"
    assert likely_encoding(bytes(100)) is None
    assert likely_encoding(bytes(range(1, 32)) * 9) is None
