"""Excel and OpenDocument: the first sheet, with the line numbers and the whole numbers of a spreadsheet program; needs
the extra `excel`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars
import pytest

from anaphora.data.files.table_files import read_table
from anaphora.errors import DataError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.columns import choose
from anaphora.tasks.classify.settings import Data
from labelled import config

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def write(path: Path, sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> None:
    """Write a book by hand: the least that the format asks for."""
    numbers = range(1, len(sheets) + 1)
    names = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in numbers
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        listing = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>'
        book.writestr("xl/workbook.xml", listing)
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{RELATIONS}">{links}</Relationships>')
        for number, rows in enumerate(sheets.values(), 1):
            cells = "".join(
                f'<row r="{r}">{"".join(cell(v, f"{chr(65 + c)}{r}") for c, v in enumerate(row))}</row>'
                for r, row in enumerate(rows, 1)
            )
            book.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>',
            )


def cell(value: str | float, place: str) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def write_open(path: Path, rows: Sequence[Sequence[str | float]]) -> None:
    """Write a book of OpenDocument with one sheet by hand."""
    kinds = {True: 'office:value-type="string"', False: 'office:value-type="float" office:value="{}"'}
    cells = (
        "".join(
            f"<table:table-cell {kinds[isinstance(value, str)].format(value)}><text:p>{value}</text:p>"
            "</table:table-cell>"
            for value in row
        )
        for row in rows
    )
    names = " ".join(f'xmlns:{name}="{OPEN}:{name}:1.0"' for name in ("office", "table", "text"))
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{OPEN}:manifest:1.0"/>')
        book.writestr(
            "content.xml",
            f'<office:document-content {names} office:version="1.2"><office:body><office:spreadsheet><table:table'
            f' table:name="A">{table}</table:table></office:spreadsheet></office:body></office:document-content>',
        )


def test_one_table_in_five_formats_is_read_to_the_same_labels_ids_and_texts(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel")
    names = ("id", "label", "n", "x")
    rows = [(number, number % 2, number * 3, number / 4) for number in range(1, 9)]
    lines = [",".join(map(str, row)) for row in (names, *rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    objects = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(objects) + "\n", encoding="utf-8")
    polars.DataFrame(rows, names, orient="row").write_parquet(tmp_path / "a.parquet")
    write(tmp_path / "a.xlsx", {"A": [names, *rows]})
    write_open(tmp_path / "a.ods", [names, *rows])
    read = {}
    for path in sorted(tmp_path.iterdir()):
        series = data.read(config("--id", "id", "--columns", "x", "--valid", "0.5"), [path])
        texts = data.read(config("--text", "n", "--valid", "0.5"), [path])
        read[path.name] = (
            [str(value) for _, values in read_table(path).rows(("id", "label", "n")) for value in values],
            series.train.labels,
            texts.train.inputs,
        )
    assert read["a.csv"][0][:6] == ["1", "1", "3", "2", "0", "6"]
    assert read == dict.fromkeys(("a.csv", "a.jsonl", "a.ods", "a.parquet", "a.xlsx"), read["a.csv"])


def test_the_first_sheet_is_read_and_said(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel")
    path = tmp_path / "a.xlsx"
    write(path, {"Data": [("text", "n"), ("one", 1.5), ("two", 2.0)], "Notes": [("x",)]})
    table = read_table(path)
    assert (table.layout, table.columns) == ("Excel, the first of 2 sheets ('Data')", ("text", "n"))
    assert list(table.rows(("n", "text"))) == [(2, (1.5, "one")), (3, (2.0, "two"))]
    write(path, {"Data": [("text", "label", "n"), ("one", 1.0, 1.0), ("two", 0.0, 1e300)]})
    assert list(read_table(path).rows(("label", "n"))) == [(2, (1, 1.0)), (3, (0, 1e300))]
    assert [type(value) for _, row in read_table(path).rows(("label", "n")) for value in row] == [int, float] * 2
    write(path, {"Data": [("text", "n"), ("one", 1.5), ("two", 2.0)], "Notes": [("x",)]})
    with pytest.raises(DataError, match=r"It has: text, n \(only the first sheet, 'Data', is read: move the sheet"):
        table.need("label")
    with pytest.raises(DataError, match=r"no column is called label; .*first sheet, 'Data',.*--label\.$"):
        choose(Data(), table)
    table = read_table(path, header=False)
    assert list(table.rows(("1",))) == [(1, ("text",)), (2, ("one",)), (3, ("two",))]
    path.write_bytes(b"PK\x03\x04 not a book")
    with pytest.raises(DataError, match=r"a\.xlsx' cannot be read as Excel"):
        read_table(path)
