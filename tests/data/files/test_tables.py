"""Tables of every format give the same rows with the lines an editor shows, and say where one is wrong."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.folders import read_tables, text_files
from anaphora.data.files.json_tables import JsonTable
from anaphora.data.files.table_files import read_table
from anaphora.data.files.tables import ColumnTable, Table
from anaphora.errors import DataError, UsageError

TEXTS = ["plain, with a comma", "two\nlines", 'a "quoted" word', "", "ünï"]
LABELS = ["a", "b", "a", "c", "b"]


def rows_of(table: Table, *columns: str) -> list[tuple[int, tuple[Any, ...]]]:
    return list(table.rows(columns or table.columns))


def written(folder: Path, ending: str) -> Path:
    """The same rows in a file of any format."""
    import csv

    import polars

    path = folder / f"rows.{ending}"
    if ending in ("csv", "tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t" if ending == "tsv" else ",", lineterminator="\n")
            writer.writerows([["text", "label"], *zip(TEXTS, LABELS, strict=True)])
    elif ending == "parquet":
        polars.DataFrame({"text": TEXTS, "label": LABELS}).write_parquet(path)
    else:
        objects = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
        lines = json.dumps(objects) if ending == "json" else "\n".join(map(json.dumps, objects)) + "\n"
        path.write_text(lines, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("ending", "numbers"),
    [
        ("csv", [2, 3, 5, 6, 7]),
        ("tsv", [2, 3, 5, 6, 7]),
        ("jsonl", [1, 2, 3, 4, 5]),
        ("json", [1, 2, 3, 4, 5]),
        ("parquet", [1, 2, 3, 4, 5]),
    ],
)
def test_one_table_in_every_format(tmp_path: Path, ending: str, numbers: list[int]) -> None:
    table = read_table(written(tmp_path, ending))
    assert table.columns == ("text", "label")
    found = rows_of(table)
    assert [number for number, _ in found] == numbers
    assert [values for _, values in found] == list(zip(TEXTS, LABELS, strict=True))
    assert rows_of(table, "label", "text")[2] == (numbers[2], ("a", TEXTS[2]))
    assert table.head(["label"]) == [(label,) for label in LABELS]
    unit = {"json": "item", "parquet": "row"}.get(ending, "line")
    assert table.at(7) == f"'{tmp_path / f'rows.{ending}'}', {unit} 7"
    assert table.place(7) == (str(tmp_path / f"rows.{ending}"), 7)


@pytest.mark.parametrize("separator", [";", "|", "\t", ","])
def test_the_separator_of_a_csv_is_seen_in_its_first_line(separator: str) -> None:
    table = DelimitedTable(f"id{separator}text{separator}label\n1{separator}a b{separator}x\n", "'f.csv'")
    assert rows_of(table) == [(2, ("1", "a b", "x"))]


def test_blank_lines_are_no_rows_and_do_not_shift_numbers() -> None:
    assert rows_of(DelimitedTable("text,label\n\na,x\n\n\nb,y\n\n", "'f.csv'")) == [(3, ("a", "x")), (6, ("b", "y"))]
    assert rows_of(JsonTable('{"a": 1}\n\n  \n{"a": 2}\n', "'f.jsonl'")) == [(1, (1,)), (4, (2,))]


def test_columns_without_a_name_that_are_empty_are_no_columns() -> None:
    assert rows_of(DelimitedTable("text,label,,\na,x,,\n", "'f.csv'"), "text", "label") == [(2, ("a", "x"))]
    assert rows_of(DelimitedTable(",label,,\na,x,,\n", "'f.csv'"), "", "label") == [(2, ("a", "x"))]
    filled = DelimitedTable("v1,,,\na,,,\nb,c,,d\n", "'f.csv'")
    assert filled.columns == ("v1", "", "", "column 4")
    assert rows_of(filled, "", "column 4") == [(2, ("", "")), (3, ("c", "d"))]


def test_decimal_numbers_of_a_file_with_types_are_numbers(tmp_path: Path) -> None:
    import polars

    frame = polars.DataFrame({"x": ["1.50", "-2.25"]}).with_columns(polars.col("x").cast(polars.Decimal(10, 2)))
    frame.write_parquet(tmp_path / "a.parquet")
    assert rows_of(read_table(tmp_path / "a.parquet")) == [(1, (1.5,)), (2, (-2.25,))]


def test_without_a_header_columns_are_numbers() -> None:
    table = DelimitedTable("3,good\n1,bad\n", "'f.csv'", header=False)
    assert table.columns == ("1", "2")
    assert rows_of(table) == [(1, ("3", "good")), (2, ("1", "bad"))]


def test_a_stray_quotation_mark_in_a_tsv_is_a_character() -> None:
    stray = DelimitedTable('text\tlabel\n"oh\ta\nno" and "so\tb\n', "'f.tsv'", "\t")
    assert rows_of(stray) == [(2, ('"oh', "a")), (3, ('no" and "so', "b"))]
    quoted = DelimitedTable('text\tlabel\n"a\tb"\tx\n', "'f.tsv'", "\t")
    assert rows_of(quoted) == [(2, ("a\tb", "x"))]


def test_objects_may_lack_a_column_and_have_it_later() -> None:
    table = JsonTable('{"a": 1}\n{"b": [1, 2], "a": null}\n', "'f.jsonl'")
    assert table.columns == ("a", "b")
    assert rows_of(table) == [(1, (1, None)), (2, (None, [1, 2]))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "text,label\na,x\nb,y,z\n",
            r"'f\.csv', line 3, has 3 fields; expected 2 \(text, label\)\. Put a field",
        ),
        (
            'text,label\n"a\nb",x\nb\n',
            r"line 4, has 1 field; expected 2 \(text, label\)\. Fields stand between commas: add what is missing, or",
        ),
        ('text,label\na,x\n"b,y,z\n', r"line 3, has 3 fields; expected 2 .*double every quotation mark"),
        ("label,label\na,x\n", r"line 1, has two columns 'label'"),
        ("a,,,column 3\n1,2,3,4\n", r"line 1, has two columns 'column 3'"),
        ("0,0,0\n1,2,3\n", r"line 1, should name the columns; it reads: 0,0,0\."),
        ("16%,75%\n17%,7.5%\n", r"line 1, should name the columns; it reads: 16%,75%\."),
        ("16%;7,5 %;up\n17%;70%;down\n18%;71%;up\n", r"line 1, should name the columns; it reads: 16%;7,5 %;up\."),
        (
            "1,2.5\n3,4\n",
            r"line 1, should name the columns; it reads: 1,2\.5\. Add a line of names, or add --no-header: the columns"
            " are then called 1, 2, …",
        ),
    ],
)
def test_a_field_out_of_place_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        rows_of(DelimitedTable(text, "'f.csv'"))


@pytest.mark.parametrize("text", ["25%,75%\n1.5,2.5\n", "25%,75%\n", "model,25%\nlstm,3%\ngru,4%\n"])
def test_percentages_name_columns_of_other_values(text: str) -> None:
    assert "25%" in DelimitedTable(text, "'f.csv'").columns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n{"a": }\n', r"'f\.jsonl', line 2, is not JSON: Expecting value"),
        ('{"a": 1}\n[1]\n', r"'f\.jsonl', line 2, is not a JSON object: expected .*, got '\[1\]'"),
        ('[{"a": 1}, 5]', r"'f\.jsonl', item 2, is not a JSON object"),
        ("[" * 100_000, r"is not JSON"),
    ],
)
def test_what_is_no_object_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        rows_of(JsonTable(text, "'f.jsonl'"))


def test_a_missing_column_names_the_nearest() -> None:
    table = DelimitedTable("text,label\na,x\n", "'f.csv'")
    assert table.need("label") == "label"
    with pytest.raises(DataError, match=r"'f\.csv' has no column 'lable'\. It has: text, label\. Did you mean 'label'"):
        table.need("lable")
    with pytest.raises(DataError, match=r"It has: text, label\.$"):
        table.need("zebra")


def test_no_rows_and_no_table(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("text,label\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"f\.csv' has no rows"):
        read_table(tmp_path / "f.csv")
    (tmp_path / "f.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match=r"f\.parquet' cannot be read as Parquet"):
        read_table(tmp_path / "f.parquet")
    with pytest.raises(DataError, match=r"f\.cvs' does not exist.*did you mean '.*f\.csv'"):
        read_table(tmp_path / "f.cvs")


@pytest.mark.parametrize(("text", "expected"), [('{"a": "x"}\n', (1, ("x",))), ("a\nx\n", (2, ("x",)))])
def test_standard_input_is_json_or_csv(text: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    table = read_table("-")
    assert rows_of(table) == [expected]
    assert table.at(3) == "standard input, line 3"


def test_columns_in_memory() -> None:
    table = ColumnTable({"text": ["a", "b"], "label": [1, 2]})
    assert rows_of(table, "label") == [(1, (1,)), (2, (2,))]
    assert table.at(2) == "the data, row 2"


def make(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_file_per_label_in_a_folder_or_by_name(tmp_path: Path) -> None:
    make(tmp_path, LICENSE="no row", **{"b.txt": "b1\nb2\n\nb4\n\n", "a.txt": "a1"})
    (folder,) = read_tables([tmp_path])
    expected = [(1, ("a1", "a")), (2, ("b1", "b")), (3, ("b2", "b")), (4, ("", "b")), (5, ("b4", "b"))]
    assert rows_of(folder) == expected
    assert folder.left_out == {"LICENSE": "no .txt file"}
    assert folder.at(5) == f"'{tmp_path / 'b.txt'}', line 4"
    assert folder.place(1) == (str(tmp_path / "a.txt"), 1)
    (files,) = read_tables([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert rows_of(files) == expected
    assert rows_of(files, "label")[0] == (1, ("a",))
    assert text_files([tmp_path]) == [tmp_path / "a.txt", tmp_path / "b.txt"]


def test_a_sub_folder_per_label(tmp_path: Path) -> None:
    notes = {f"note{at}": "no row" for at in range(7)}
    make(tmp_path, pos__1="good\nfilm\n", pos__2="", neg__9="bad", **{"neg__.hidden": "x"}, **notes)
    (table,) = read_tables([tmp_path])
    assert list(table.left_out) == ["note0", "note1", "note2", "note3", "note4", "… 2 more files"]
    assert rows_of(table) == [(1, ("bad", "neg")), (2, ("good\nfilm\n", "pos")), (3, ("", "pos"))]
    assert table.at(3) == f"'{tmp_path / 'pos' / '2'}', line 1"
    assert text_files([tmp_path]) == [tmp_path / "neg" / "9", tmp_path / "pos" / "1"]


def test_several_tables_and_what_is_none(tmp_path: Path) -> None:
    make(tmp_path, **{"a.csv": "text,label\nx,1\n", "b.jsonl": '{"text": "y", "label": 2}\n'})
    tables = read_tables([tmp_path / "a.csv", tmp_path / "b.jsonl"])
    assert [rows_of(table, "label", "text") for table in tables] == [[(2, ("1", "x"))], [(1, (2, "y"))]]
    with pytest.raises(UsageError, match="No data were named"):
        read_tables([])
    with pytest.raises(DataError, match=r"none\.txt' does not exist"):
        read_tables([tmp_path / "none.txt"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty' holds no texts: expected a sub-folder"):
        read_tables([tmp_path / "empty"])
    make(tmp_path, deep__train__pos__1="x")
    with pytest.raises(DataError, match=r"train/pos' is a folder inside a label's folder"):
        read_tables([tmp_path / "deep"])
