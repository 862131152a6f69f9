"""Layouts of tables."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars
import pytest

import labelled
import tagged
import translated
from anaphora.data.files.folders import read_tables
from anaphora.data.files.table_files import read_table
from anaphora.errors import DataError, MissingExtra
from anaphora.tasks.classify import checks as classify
from anaphora.tasks.tag import checks as tag
from anaphora.tasks.translate import checks as translate

ROWS = [("one", "a"), ("two", "b")]


def table(folder: Path, content: str | bytes, name: str = "a.csv", **how: Any) -> Any:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, **how)


def values(read: Any) -> list[tuple[Any, ...]]:
    return [row for _, row in read.rows(read.columns)]


def refused(folder: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        table(folder, content, name)


def separated(folder: Path) -> None:
    for separator, layout in {",": "CSV with commas", ";": "CSV with semicolons", "\t": "TSV"}.items():
        read = table(folder, f"text{separator}label\none{separator}a\ntwo{separator}b\n")
        assert (read.layout, read.columns, list(read.rows(read.columns))) == (
            layout,
            ("text", "label"),
            [(2, ROWS[0]), (3, ROWS[1])],
        )


def declared(folder: Path) -> None:
    for first, separator in (("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t", "\t"), ("sep=:", ":")):
        for end in ("\n", "\r\n"):
            lines = [first, f"text{separator}label", f"one{separator}a", "", f"two{separator}b"]
            read = table(folder, "".join(line + end for line in lines))
            assert list(read.rows(read.columns)) == [(3, ROWS[0]), (5, ROWS[1])]
            assert read.layout.endswith(f"(sep={separator})")
    assert values(table(folder, "sep=;\none;a\ntwo;b\n", header=False)) == ROWS
    refused(folder, "a.csv", "sep=;\n1;2\n", "line 2, should name the columns; it reads: 1;2")
    assert table(folder, "sep=,x\none,a\n").columns == ("sep=", "x")


def decimal(folder: Path) -> None:
    assert values(table(folder, "x;y\n1,5;2,5\n3,5;4,5\n")) == [("1,5", "2,5"), ("3,5", "4,5")]


def nameless(folder: Path) -> None:
    read = table(folder, "one,a\ntwo,b\n", header=False)
    assert (read.layout, read.columns, values(read)) == ("CSV with commas, no line of names", ("1", "2"), ROWS)
    refused(folder, "a.csv", "-0.6,1e+00\n0.1,2\n", "line 1, should name the columns.*--no-header")


def quoted(folder: Path) -> None:
    read = table(folder, 'text,label\n"one, ""1""\nand",a\n"two, 2",b\n')
    assert list(read.rows(read.columns)) == [(2, ('one, "1"\nand', "a")), (4, ("two, 2", "b"))]


def spaced(folder: Path) -> None:
    assert values(table(folder, 'text, label\n"one, 1", "a"\ntwo, "b"\n')) == [("one, 1", "a"), ("two", "b")]


def escaped(folder: Path) -> None:
    assert values(table(folder, 'text,label\n"one, \\"1\\"",a\n')) == [('one, "1"', "a")]


def literal(folder: Path) -> None:
    read = table(folder, 'text\tlabel\n"one\ta\na 5" one\tb\ntwo"\tb\n', "a.tsv")
    assert values(read) == [('"one', "a"), ('a 5" one', "b"), ('two"', "b")]
    assert (read.layout, read.literal) == ("TSV, quotation marks as characters", [2])


def json_lines(folder: Path) -> None:
    read = table(folder, '{"text": "one", "n": 1}\n\n{"text": "two"}\n', "a.jsonl")
    assert (read.layout, list(read.rows(("text", "n")))) == ("JSON Lines", [(1, ("one", 1)), (3, ("two", None))])


def nested(folder: Path) -> None:
    read = table(folder, '{"user": {"name": "one"}, "marks": [{"tag": "a"}]}\n', "a.jsonl")
    assert list(read.rows(("user.name", "marks.0.tag"))) == [(1, ("one", "a"))]


def json_list(folder: Path) -> None:
    read = table(folder, json.dumps([{"text": "one"}, {"text": "two"}], indent=1), "a.json")
    assert (read.layout, list(read.rows(("text",)))) == ("JSON list", [(1, ("one",)), (2, ("two",))])


def json_inside(folder: Path) -> None:
    read = table(folder, json.dumps({"version": 1, "data": [{"text": "one"}]}, indent=1), "a.json")
    assert (read.layout, values(read)) == ("JSON list in 'data'", [("one",)])


def json_several(folder: Path) -> None:
    content = json.dumps({"train": [{"text": "one"}], "test": [{"text": "two"}]})
    refused(folder, "a.json", content, r"several lists of objects \(train, test\).*jq -c '\.train\[\]'")


def json_columns(folder: Path) -> None:
    for orient, value in {
        "columns": {"text": {"0": "one"}, "label": {"0": "a"}},
        "index": {"0": {"text": "one", "label": "a"}},
        "split": {"columns": ["text", "label"], "index": [0], "data": [["one", "a"]]},
    }.items():
        read = rf"read_json\('.*a\.json', orient='{orient}'\)\.to_json\('rows.jsonl', orient='records', lines=True\)"
        refused(folder, "a.json", json.dumps(value), f'pandas writes.*: python -c "import pandas; pandas.{read}"$')


def json_refused(folder: Path) -> None:
    refused(folder, "a.jsonl", '{"a": 1}\n{"a": 1, "a": 2}\n', "line 2, is not JSON: an object has the key 'a' twice")
    refused(folder, "a.jsonl", '{"a": "\\ud800"}\n', "line 1, holds half a surrogate pair")


def frame(folder: Path) -> None:
    data = polars.DataFrame({"text": ["one", "two"], "meta": [{"label": "a"}, {"label": "b"}]})
    for write, name, layout in (
        (data.write_parquet, "a.parquet", "Parquet"),
        (data.write_ipc, "a.feather", "Arrow"),
        (data.write_ipc, "a.arrow", "Arrow"),
    ):
        target = io.BytesIO()
        write(target)
        read = table(folder, target.getvalue(), name)
        assert (read.layout, read.columns, list(read.rows(read.columns))) == (
            layout,
            ("text", "meta.label"),
            [(1, ROWS[0]), (2, ROWS[1])],
        )


def excel(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "fastexcel", None)
        for name in ("a.xlsx", "a.xls", "a.ods"):
            with pytest.raises(MissingExtra, match=r'needs fastexcel.*\n    pip install "anaphora\[excel\]"'):
                table(folder, b"PK\x03\x04", name)


def converted(folder: Path) -> None:
    for name, kind in {"a.orc": "read_orc", "a.pkl": "read_pickle", "a.h5": "read_hdf", "a.dta": "read_stata"}.items():
        refused(folder, name, b"...", rf"anaphora does not read it\. Convert it.*pandas\.{kind}\(.*to_parquet")
        for task, config in ((classify, labelled), (tag, tagged), (translate, translated)):
            (folder / name).write_bytes(b"ORC\xc8\x00")
            (finding,) = task.check_files(config.config(), [folder / name])
            assert (finding.code, f"pandas.{kind}(" in finding.message) == ("unreadable", True)


def page(folder: Path) -> None:
    (folder / "a.html").write_text("<table><tr><th>text</th></tr></table>", encoding="utf-8")
    with pytest.raises(DataError, match=r"page of HTML.*pandas\.read_html\('.*a\.html'\)\[0\]\.to_csv"):
        read_tables([folder / "a.html"])


def compressed(folder: Path) -> None:
    for name, content in (("a.csv.gz", "text,label\none,a\ntwo,b\n"), ("a.jsonl.gz", objects(ROWS))):
        assert values(table(folder, gzip.compress(content.encode()), name)) == ROWS
    refused(folder, "b.csv.gz", gzip.compress(b"text,label\n" * 99)[:-5], "is not a whole compressed file")


def objects(rows: Sequence[tuple[str, str]]) -> str:
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)


def folders(folder: Path) -> None:
    for text, label in ROWS:
        (folder / "data" / label).mkdir(parents=True)
        (folder / "data" / label / "1.txt").write_text(f"{text}\n1", encoding="utf-8")
    (read,) = read_tables([folder / "data"])
    assert (read.columns, values(read)) == (("text", "label"), [("one\n1", "a"), ("two\n1", "b")])


def labelled_files(folder: Path) -> None:
    for text, label in ROWS:
        (folder / f"{label}.txt").write_text(f"{text}\n{text}\n", encoding="utf-8")
    (read,) = read_tables([folder / "a.txt", folder / "b.txt"])
    assert values(read) == [ROWS[0], ROWS[0], ROWS[1], ROWS[1]]
    said = r"t\.txt' has 2 tabs in every line: it is a table of 3 columns.*Rename the file to 't\.tsv'.*--no-header"
    (folder / "columns").mkdir()
    for paths in (
        [folder / "columns" / "t.txt"],
        [folder / "a.txt", folder / "columns" / "t.txt"],
        [folder / "columns"],
    ):
        (folder / "columns" / "t.txt").write_text("".join(f"{row}\tgood film\tpos\n" for row in range(9)), "utf-8")
        with pytest.raises(DataError, match=said):
            read_tables(paths)
        (known,) = read_tables(paths, layout="a text file per label, a row per line")
        assert values(known)[-1] == ("8\tgood film\tpos", "t")
    (folder / "columns" / "t.txt").write_text("a\tb\tc\nd\te\nf\tg\th\n\n", "utf-8")
    assert [text for text, _ in values(read_tables([folder / "columns"])[0])] == ["a\tb\tc", "d\te", "f\tg\th"]


CASES = {
    "CSV, TSV": separated,
    "a first line `sep=;` (Excel)": declared,
    "decimal commas": decimal,
    "no line of names": nameless,
    "quoted fields": quoted,
    "spaces around quoted fields": spaced,
    "a backslash before a mark": escaped,
    "marks without quoting": literal,
    "JSON Lines (`.jsonl`, `.ndjson`)": json_lines,
    "nested JSON": nested,
    "a JSON list": json_list,
    "a JSON object with one list": json_inside,
    "a JSON object with several lists": json_several,
    "a JSON object of columns": json_columns,
    "a key twice, half a surrogate pair": json_refused,
    "Parquet, Arrow, Feather": frame,
    "Excel, OpenDocument (`.xlsx`, `.xls`, `.ods`)": excel,
    "ORC, pickle, HDF5, Stata, SPSS, SAS": converted,
    "a page of HTML": page,
    "`.csv.gz` and the like": compressed,
    "a folder per label": folders,
    "a text file per label": labelled_files,
}
