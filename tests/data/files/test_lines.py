"""Lines as they come."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from anaphora.data.files.frames import refuse_encoding
from anaphora.data.files.lines import batches
from anaphora.data.taken import Taken
from anaphora.errors import DataError, UsageError
from anaphora.tasks.base.idle import of_files


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


PARTS = {
    "a .ts file": ("#comment\n@problemName x\n1,2:a\n", r"line 2, is the beginning of a \.ts file, '@problemName x'"),
    "lengths of .ts": ("@seriesLength 24\n", r"line 1, is the beginning of a \.ts file"),
    "times of .ts": ("@timeStamps  False\n", r"line 1, is the beginning of a \.ts file"),
    "a quoted name of .arff": ("@relation 'a b'\n", r"line 1, is the beginning of an \.arff file"),
    "an .arff file": ("% comment\n\n@RELATION x\n1,a\n", r"line 3, is the beginning of an \.arff file.*FILE\.arff"),
    "an object over lines": ('{\n  "data": [\n', r"line 2, is a part of a JSON object over several lines.*jq -c"),
    "an open list": ('{"data": [\n{"text": "a"}]}\n', r"line 1, is a part of a JSON object over several lines"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_pipe_of_a_layout_that_is_read_by_its_name_says_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, said = PARTS[name]
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode())))
    with pytest.raises(DataError, match=f"standard input, {said}"):
        list(batches([]))


@pytest.mark.parametrize(
    "text",
    [
        "{\nelse\n", "{hello: [\n", '{"a": 1}\n{"a": [\n', "@home\n", "\ufeff{\n\n",
        "@relation of mine: hello\n", "@timestamps are wrong\n", "@SeriesLength is too long\n",
    ],
)  # fmt: skip
def test_a_pipe_of_texts_and_objects_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode())))
    found = [line.text.decode() for batch in batches([]) for line in batch]
    assert found == text.removeprefix("\ufeff").removesuffix("\n").split("\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_is_named_in_a_file_and_in_a_pipe(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n", encoding=encoding)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(path.read_bytes())))
    for paths in ([path], []):
        with pytest.raises(
            DataError, match=f"begins with the byte order mark of {encoding}, not utf-8: add --encoding"
        ):
            list(batches(paths))


def test_binary_files_have_no_encoding() -> None:
    refuse_encoding(["a.parquet", "b.csv"])
    refuse_encoding([])
    with pytest.raises(
        UsageError, match=r"--encoding has no effect on files of this layout \(Parquet and Excel\): leave"
    ):
        refuse_encoding(["a.parquet", "b.xlsx"])
    excel = Taken(("a.xlsx",), "Excel, the first of 2 sheets ('a')", "", 1, "row", {}, {})
    assert "data.encoding" in dict(of_files(excel))
