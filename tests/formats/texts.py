"""Layouts of texts."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
from pathlib import Path

import pytest

from anaphora.data.files.parallel import Side
from anaphora.data.files.text import open_texts, read_text
from anaphora.errors import DataError


def write(folder: Path, raw: bytes, name: str = "a.txt") -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


def lines(path: Path, encoding: str = "utf-8") -> list[str]:
    return Side.of(str(path), read_text(path, encoding)).lines


def refused(path: Path, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_text(path)


def plain(folder: Path) -> None:
    assert read_text(write(folder, b"one\ntwo\n")) == "one\ntwo\n"


def several(folder: Path) -> None:
    paths = [write(folder, b"one\n", "a.txt"), write(folder, b"two\n", "b.txt")]
    assert str(open_texts(paths)) == "one\ntwo\n"
    assert str(open_texts([write(folder, b"one", "c.txt"), *paths])) == "one\none\ntwo\n"


def feeds(folder: Path) -> None:
    assert lines(write(folder, b"one\r\ntwo\n\nfour")) == ["one", "two", "", "four"]


def returns(folder: Path) -> None:
    assert lines(write(folder, b"one\rtwo\r")) == ["one", "two"]


def stray(folder: Path) -> None:
    assert lines(write(folder, b"one\rand\ntwo\n")) == ["one\rand", "two"]


def others(folder: Path) -> None:
    text = "one\u2028and\x85then\v\f\ntwo\n"
    assert lines(write(folder, text.encode())) == ["one\u2028and\x85then\v\f", "two"]


def marked(folder: Path) -> None:
    assert read_text(write(folder, codecs.BOM_UTF8 + b"one\n")) == "one\n"


def wide(folder: Path) -> None:
    path = write(folder, "é\r\n".encode("utf-16"))
    assert read_text(path, "utf-16") == "é\n"
    refused(path, "begins with the byte order mark of utf-16, not utf-8: add --encoding utf-16")


def named(folder: Path) -> None:
    path = write(folder, "voilà, déjà\n".encode("cp1252"))
    assert read_text(path, "cp1252") == "voilà, déjà\n"
    refused(path, "FC is not|is not utf-8 text: .* probably cp1252: add --encoding cp1252")


def compressed(folder: Path) -> None:
    for extension, compress in ((".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)):
        path = write(folder, compress(b"one\r\ntwo\n"), f"a.txt{extension}")
        assert lines(path) == ["one", "two"]


def damaged(folder: Path) -> None:
    refused(write(folder, gzip.compress(b"one\n" * 99)[:-5], "a.txt.gz"), "is not a whole compressed file")
    refused(write(folder, b"\x28\xb5\x2f\xfd....", "a.csv.zst"), "is a zstd archive, not text: unpack it .* unzstd")
    refused(write(folder, b"7z\xbc\xaf\x27\x1c..", "a.7z"), "is a 7z archive, not text: unpack it .* 7z x")


def documents(folder: Path) -> None:
    refused(write(folder, b"%PDF-1.7\n"), "is a PDF document, not text: extract its text first")
    refused(write(folder, b"PK\x03\x04..."), "is a zip archive .* not text: save its contents as plain text")
    refused(write(folder, b"\x89PNG\r\n"), "is a PNG picture, not text")


CASES = {
    "plain text": plain,
    "several files": several,
    "lines that end in LF or CR LF": feeds,
    "lines that end in CR alone": returns,
    "a CR inside a line": stray,
    "U+2028, U+0085, vertical tab, form feed": others,
    "UTF-8 with a byte order mark": marked,
    "UTF-16, UTF-32": wide,
    "other encodings": named,
    "`.gz`, `.bz2`, `.xz`": compressed,
    "a damaged compressed file": damaged,
    "PDF, zip, Word, pictures, programs": documents,
}
