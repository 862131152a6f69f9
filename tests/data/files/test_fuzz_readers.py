"""A fuzz of the readers: what a program wrote is read back, row for row, with the lines that an editor shows.

`scripts/test --soak` runs it with many more examples.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anaphora.data.files.encodings import not_text
from anaphora.data.files.lines import batches
from anaphora.data.files.numbers import decimal_mark, number
from anaphora.data.files.reading import Reading
from anaphora.data.files.table_files import read_table
from anaphora.data.files.text import read_text

CONTROLS = "".join(map(chr, [*range(9), *range(14, 32)]))
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff" + CONTROLS))
CELLS = st.text(st.sampled_from(list("ab ,;\t|\"'\\\n1.é\u2028\x85")), max_size=7)
LABELS = st.sampled_from(["x", "y"])
ROWS = st.lists(st.tuples(CELLS, LABELS), min_size=1, max_size=7)
NAMES = ("text", "label")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def first_lines(rows: list[tuple[str, str]]) -> list[int]:
    """The line on which each row begins, after a line of names."""
    return [2 + at + sum(text.count("\n") for text, _ in rows[:at]) for at in range(len(rows))]


def found(path: Path, **how: Any) -> tuple[list[int], list[tuple[Any, ...]]]:
    table = read_table(path, **how)
    numbered = list(table.rows(table.columns))
    return [line for line, _ in numbered], [row for _, row in numbered]


@given(
    rows=ROWS,
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_every_dialect_of_the_csv_module(
    rows: list[tuple[str, str]], separator: str, quoting: int, end: str, encoding: str, place: Path
) -> None:
    rows = [*rows, (f"needs{separator}marks", "x")]
    path = place / f"a.{'tsv' if separator == chr(9) else 'csv'}"
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end).writerows([NAMES, *rows])  # type: ignore[arg-type]
    path.write_bytes(file.getvalue().encode(encoding))
    assert found(path, encoding=encoding) == (first_lines(rows), rows)
    path.write_bytes(file.getvalue().partition(end)[2].encode(encoding))
    assert found(path, encoding=encoding, header=False)[1] == rows


@given(rows=ROWS, separator=st.sampled_from(",;\t|"), style=st.sampled_from(["necessary", "always", "non_numeric"]))
def test_every_style_of_polars(rows: list[tuple[str, str]], separator: str, style: Any, place: Path) -> None:
    rows = [*rows, (f"needs{separator}marks", "x")]
    frame = polars.DataFrame(rows, schema=list(NAMES), orient="row")
    frame.write_csv(place / "p.csv", separator=separator, quote_style=style)
    assert found(place / "p.csv") == (first_lines(rows), rows)
    frame.write_parquet(place / "p.parquet")
    assert found(place / "p.parquet") == (list(range(1, len(rows) + 1)), rows)
    frame.write_ndjson(place / "p.jsonl")
    assert found(place / "p.jsonl") == (list(range(1, len(rows) + 1)), rows)


@given(rows=st.lists(st.tuples(CELLS.filter(lambda text: not set(text) & set("\t\n")), LABELS), min_size=2, max_size=9))
def test_lines_with_tabs_and_no_quoting(rows: list[tuple[str, str]], place: Path) -> None:
    path = place / "t.tsv"
    lines = [*rows, ('an "inner" mark', "x")]
    path.write_text("".join(f"{text}\t{label}\n" for text, label in [NAMES, *lines]), encoding="utf-8")
    assert found(path) == (list(range(2, len(lines) + 2)), lines)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.lists(st.dictionaries(ANY, VALUES, min_size=1, max_size=3), min_size=1, max_size=5)


@given(items=OBJECTS, ascii_alone=st.booleans(), end=st.sampled_from(["\n", "\r\n"]), indent=st.sampled_from([None, 1]))
def test_json_by_line_and_in_a_list(
    items: list[dict[str, Any]], ascii_alone: bool, end: str, indent: int | None, place: Path
) -> None:
    path = place / "a.jsonl"
    written = [json.dumps(item, ensure_ascii=ascii_alone) for item in items]
    path.write_bytes(end.join(written).encode())
    table = read_table(path)
    numbers, rows = found(path)
    assert numbers == list(range(1, len(items) + 1))
    assert rows == [tuple(item.get(name) for name in table.columns) for item in items]
    assert [line.text.decode() for batch in batches([path]) for line in batch] == written
    path = place / "a.json"
    path.write_text(json.dumps(items, ensure_ascii=ascii_alone, indent=indent), encoding="utf-8")
    assert found(path)[1] == rows


@given(text=ANY.filter(bool), encoding=st.sampled_from(["utf-8", "utf-16", "utf-32", "gb18030"]))
def test_texts_and_their_lines(text: str, encoding: str, place: Path) -> None:
    path = place / "a.txt"
    path.write_bytes(text.encode(encoding))
    assume(not_text(path.read_bytes()) is None)
    read = read_text(path, encoding)
    assert read == (text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n"))
    arrived = [line.text for batch in batches([path], Reading(encoding)) for line in batch]
    wide = encoding.startswith("utf-")
    assert [line.decode("utf-8" if wide else encoding) for line in arrived] == read.removesuffix("\n").split("\n")


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), mark=st.sampled_from([".", ","]))
def test_numbers_with_either_decimal_mark(values: list[float], mark: Any) -> None:
    written = [repr(value).replace(".", mark) for value in values]
    assert [number(text, mark) for text in written] == values
    assert decimal_mark([*written, f"0{mark}5"]) == mark
    grouped = [f"{value:,.2f}".translate(str.maketrans(",.", ".," if mark == "," else ",.")) for value in values]
    assert [number(text, mark) for text in grouped] == [float(f"{value:.2f}") for value in values]
