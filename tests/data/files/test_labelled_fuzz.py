"""Labelled data written in any layout can be read back: no row lost or doubled, lines as an editor counts them."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from anaphora.data.batches import Ragged
from anaphora.data.files.folders import read_tables
from anaphora.data.files.labelled_data import read_labelled
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.data import rows_of
from anaphora.tasks.classify.settings import Data

NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda value: round(value, 6)), st.integers(-99, 99).map(float))
WORDS = st.text("abcXYZ0189éß-_. ", min_size=1, max_size=6).map(str.strip).filter(bool)
FREE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=8)
LABELS = st.lists(WORDS, min_size=2, max_size=3, unique=True)
ENDS = st.sampled_from(["\n", "\r\n"])
Series = list[float | None]


def cell(value: float | None, missing: str = "?") -> str:
    return missing if value is None else repr(value)


def trimmed(series: Sequence[float | None]) -> Series:
    """A series without missing numbers at its end."""
    kept = list(series)
    while kept and kept[-1] is None:
        kept.pop()
    return kept


def found(text: str, name: str, end: str, last: bool) -> tuple[tuple[str, ...], list[tuple[int, tuple[Any, ...]]]]:
    """The columns and numbered rows that are read from a file of this text; `last`: its last line has an end."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes((text if last else text.rstrip("\n")).replace("\n", end).encode())
        table = read_labelled(file, "utf-8")
        assert table is not None
        return table.columns, list(table.rows(table.columns))


@st.composite
def with_blanks(draw: st.DrawFn, lines: Sequence[str], begin: int) -> tuple[str, list[int]]:
    """Lines with blank ones between them, and the numbers of the lines, the first at `begin` or later."""
    text, numbers, at = "", [], begin
    for line in lines:
        blank = draw(st.booleans())
        text, at = (text + "\n", at + 1) if blank else (text, at)
        text += f"{line}\n"
        numbers.append(at)
        at += 1
    return text, numbers


@given(st.data(), LABELS, st.integers(1, 3), st.integers(1, 5), ENDS, st.booleans())
def test_ts(data: st.DataObject, labels: list[str], channels: int, count: int, end: str, last: bool) -> None:
    names = [label.replace(" ", "-") for label in labels]
    series = st.lists(st.lists(NUMBERS, min_size=1, max_size=4), min_size=channels, max_size=channels)
    rows = data.draw(st.lists(st.tuples(series, st.sampled_from(names)), min_size=count, max_size=count))
    lines = [":".join([*(",".join(map(cell, each)) for each in dimensions), label]) for dimensions, label in rows]
    head = f"# any: comment\n@problemName p\n@classLabel true {' '.join(names)}\n@DATA\n"
    text, numbers = data.draw(with_blanks(lines, 5))
    columns, read = found(head + text, "a.ts", end, last)
    assert columns == (*(f"dim_{channel}" for channel in range(channels)), "label")
    assert read == [(at, (*dimensions, label)) for at, (dimensions, label) in zip(numbers, rows, strict=True)]


@given(st.data(), st.integers(2, 5), st.integers(2, 6), st.sampled_from("\t, "), ENDS, st.booleans())
def test_ucr(data: st.DataObject, width: int, count: int, between: str, end: str, last: bool) -> None:
    label = st.sampled_from(["1", "2", "-1"])
    series = st.lists(NUMBERS, min_size=width, max_size=width)
    rows = data.draw(st.lists(st.tuples(label, series), min_size=count, max_size=count))
    assume(len({label for label, _ in rows}) < count)
    lines = [between.join([label, *(cell(value, "NaN") for value in series)]) for label, series in rows]
    text, numbers = data.draw(with_blanks(lines, 1))
    columns, read = found(text, "a.tsv" if between == "\t" else "a.txt", end, last)
    assert columns == ("dim_0", "label")
    assert read == [(at, (trimmed(series), label)) for at, (label, series) in zip(numbers, rows, strict=True)]


def quoted(text: str, mark: str) -> str:
    for character in ("\\", mark):
        text = text.replace(character, f"\\{character}")
    return f"{mark}{text}{mark}"


@given(st.data(), LABELS, st.integers(1, 5), st.sampled_from("'\""), ENDS, st.booleans())
def test_arff_tables(data: st.DataObject, labels: list[str], count: int, mark: str, end: str, last: bool) -> None:
    row = st.tuples(st.one_of(st.none(), FREE), NUMBERS, st.sampled_from(labels))
    rows = data.draw(st.lists(row, min_size=count, max_size=count))
    declared = ", ".join(quoted(label, mark) for label in labels)
    head = f"% c\n@relation r\n@attribute {quoted('the text', mark)} string\n@attribute n numeric\n"
    head += f"@ATTRIBUTE class {{{declared}}}\n@data\n"
    lines = [
        f"{'?' if text is None else quoted(text, mark)}, {cell(number)},{quoted(label, mark)}"
        for text, number, label in rows
    ]
    text, numbers = data.draw(with_blanks(lines, 7))
    columns, read = found(head + text, "a.arff", end, last)
    assert columns == ("the text", "n", "class")
    assert read == list(zip(numbers, rows, strict=True))


@given(st.data(), LABELS, st.integers(3, 5), st.integers(1, 3), st.integers(1, 4), ENDS)
def test_arff_series(data: st.DataObject, labels: list[str], width: int, channels: int, count: int, end: str) -> None:
    dimensions = st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=channels, max_size=channels)
    rows = data.draw(st.lists(st.tuples(dimensions, st.sampled_from(labels)), min_size=count, max_size=count))
    inner = "".join(f"  @attribute t{at} numeric\n" for at in range(7, 7 + width))
    kind = f"@attribute c {{{','.join(quoted(label, chr(39)) for label in labels)}}}\n@data\n"
    many = f"@relation r\n@attribute bag relational\n{inner}@end bag\n{kind}"
    lines = [
        "'" + "\\n".join(",".join(map(cell, each)) for each in dimensions) + f"',{quoted(label, chr(39))}\n"
        for dimensions, label in rows
    ]
    first = many.count("\n") + 1
    _, read = found(many + "".join(lines), "a.arff", end, True)
    assert read == [(first + at, (*map(trimmed, series), label)) for at, (series, label) in enumerate(rows)]
    lines = [f"{','.join(map(cell, dimensions[0]))},{quoted(label, chr(39))}\n" for dimensions, label in rows]
    columns, read = found(f"@relation r\n{inner}{kind}" + "".join(lines), "a.arff", end, False)
    assert columns == ("dim_0", "label")
    assert [values for _, values in read] == [(trimmed(dimensions[0]), label) for dimensions, label in rows]


@given(st.data(), LABELS, st.booleans(), ENDS, st.booleans())
def test_a_text_and_a_label(data: st.DataObject, labels: list[str], first: bool, end: str, last: bool) -> None:
    texts = data.draw(st.lists(FREE.filter(lambda text: text.strip() == text), min_size=6, max_size=9, unique=True))
    rows = [(text, labels[at % 2]) for at, text in enumerate(texts)]
    assume(not {"label", "class"} & {part.lower() for row in rows for part in row})
    text, numbers = data.draw(with_blanks(["\t".join(row[::-1] if first else row) for row in rows], 1))
    columns, read = found(text, "a.txt", end, last)
    assert (columns, read) == (("text", "label"), list(zip(numbers, rows, strict=True)))


@given(st.data(), LABELS, ENDS, st.booleans())
def test_fast_text(data: st.DataObject, labels: list[str], end: str, last: bool) -> None:
    names = [label.replace(" ", "-") for label in labels]
    text = FREE.filter(lambda text: text.strip() == text and not text.startswith("__label__"))
    row = st.tuples(text, st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    lines = [" ".join([*(f"__label__{label}" for label in labels), text]) for text, labels in rows]
    text_of_file, numbers = data.draw(with_blanks(lines, 1))
    several = any(len(labels) > 1 for _, labels in rows)
    expected = [(text, labels if several else labels[0]) for text, labels in rows]
    columns, read = found(text_of_file, "a.txt", end, last)
    assert (columns, read) == (("text", "label"), list(zip(numbers, expected, strict=True)))


@given(st.data(), st.sampled_from(",;\t"), st.booleans(), st.booleans())
def test_series_of_a_long_table(data: st.DataObject, separator: str, comma: bool, timed: bool) -> None:
    number = st.floats(-1e4, 1e4).map(lambda value: round(value, 2) + 0.001)
    series = data.draw(st.dictionaries(WORDS, st.lists(number, min_size=1, max_size=4), min_size=2, max_size=4))
    lines = [(key, str(at), repr(value)) for key, values in series.items() for at, value in enumerate(values)]
    lines = [(key, at, value.replace(".", ",") if comma else value) for key, at, value in lines]
    mixed = data.draw(st.permutations(lines))
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows(
        [("id", "time", "x", "label"), *((*line, f"of {line[0]}") for line in mixed)]
    )
    columns = Columns("label", channels=("x",), id="id", time="time" if timed else None, commas=("x",) if comma else ())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ("a.tsv" if separator == "\t" else "a.csv")
        file.write_text(buffer.getvalue(), encoding="utf-8")
        rows = rows_of(read_tables([file]), columns, Data())
    keys = list(dict.fromkeys(key for key, _, _ in mixed))
    assert rows.labels == tuple((f"of {key}",) for key in keys)
    assert [rows.place(row).line for row in range(len(rows))] == [
        2 + next(at for at, line in enumerate(mixed) if line[0] == key) for key in keys
    ]
    expected = [
        [float(value.replace(",", ".")) for other, _, value in (lines if timed else mixed) if other == key]
        for key in keys
    ]
    assert isinstance(rows.inputs, Ragged)
    for row, values in enumerate(expected):
        np.testing.assert_array_equal(rows.inputs.row(row)[:, 0], values)
