"""Layouts of tables."""

from __future__ import annotations

from pathlib import Path

from anaphora.data.files.table_files import read_table


def csv(folder: Path) -> None:
    file = folder / "a.csv"
    for separator in ",;\t|":
        file.write_text(f"text{separator}label\none{separator}a\ntwo{separator}b\n", encoding="utf-8")
        table = read_table(file)
        assert table.columns == ("text", "label")
        assert list(table.rows(table.columns)) == [(2, ("one", "a")), (3, ("two", "b"))]


CASES = {"CSV": csv}
