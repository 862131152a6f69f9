"""Quotation marks: what a program wrote comes back, and what no program quoted is taken as it stands."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.data.files.delimited import DelimitedTable
from anaphora.errors import DataError


def table(text: str, **how: object) -> DelimitedTable:
    return DelimitedTable(text, "'f.csv'", **how)  # type: ignore[arg-type]


def values(text: str, **how: object) -> list[tuple[str, ...]]:
    read = table(text, **how)
    return [row for _, row in read.rows(read.columns)]


FILLER = "".join(f"A plain text {number}.\t{number % 2}\n" for number in range(20))


def test_a_text_that_opens_with_a_mark_and_a_later_one_that_closes_with_it_swallow_no_row() -> None:
    text = f'text\tlabel\n"Never again.\t0\n{FILLER}They said "no".\t1\nIt was the best film of all"\t1\n'
    for separator in (None, "\t"):
        read = table(text, separator=separator)
        rows = list(read.rows(read.columns))
        assert [line for line, _ in rows] == list(range(2, 25))
        assert rows[0][1] == ('"Never again.', "0")
        assert rows[-1][1] == ('It was the best film of all"', "1")
        assert read.literal == [2]
        assert read.layout == "TSV, quotation marks as characters"


def test_without_a_mark_elsewhere_the_lines_still_are_rows() -> None:
    text = f'text\tlabel\n"Never again.\t0\n{FILLER}It was the best"\t1\n'
    assert values(text)[0] == ('"Never again.', "0")
    assert len(values(text)) == 22
    commas = text.replace("\t", ",")
    assert values(commas)[0] == ('"Never again.', "0")
    assert len(values(commas)) == 22
    ragged = text.replace("A plain text 7.\t1", "A plain text 7.")
    with pytest.raises(DataError, match="line 10, has 1 field"):
        values(ragged)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a,b\n"one\ntwo",x\ny,z\n', [("one\ntwo", "x"), ("y", "z")]),
        ('a,b\n"one, 1\ntwo",x\n"p, q",z\n', [("one, 1\ntwo", "x"), ("p, q", "z")]),
        ('"a","b"\n"one, 1\ntwo","x"\n"p","z"\n', [("one, 1\ntwo", "x"), ("p", "z")]),
        ('a,b\nscreen 5" wide,x\n"p, q",z\n', [('screen 5" wide', "x"), ("p, q", "z")]),
        ('a,b\n5",x\n6",z\n', [('5"', "x"), ('6"', "z")]),
        ('a,b\n"He said ""so""",x\n', [('He said "so"', "x")]),
        ('a, b\n"p, q", "z"\n', [("p, q", "z")]),
        ('a,b\n"He said \\"so, so\\"",x\n', [('He said "so, so"', "x")]),
        ('a,b\n"C:\\\\new, old",x\n"q\\"",x\n', [("C:\\new, old", "x"), ('q"', "x")]),
        ("a,b\n'it''s',x\n", [("'it''s'", "x")]),
        ('a,b\n"",x\n"""",y\n', [("", "x"), ('"', "y")]),
        ('text\n"one\ntwo"\nthree\n', [("one\ntwo",), ("three",)]),
        ('a\tb\n"whole"\tx\n', [("whole", "x")]),
        ('a\tb\n"whole"\tx\nan "inner" one\ty\n', [('"whole"', "x"), ('an "inner" one', "y")]),
        ('"the ""name""",b\nx,y\n', [("x", "y")]),
        ('a,b\n"x\n\ny",1\n', [("x\n\ny", "1")]),
        ('a,b\n"one, 1\ntwo",x\n"p",z\n', [("one, 1\ntwo", "x"), ("p", "z")]),
        ('a,b\n"one, 1\ntwo",x\n', [("one, 1\ntwo", "x")]),
        ('"a","b"\n"p","x"\n"q" r,"y"\n', [("p", "x"), ('"q" r', "y")]),
    ],
)
def test_which_marks_hold_a_field(text: str, expected: list[tuple[str, ...]]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("id;a text, with, commas;label\n1;x;y\n2;x, z;y\n", ";"),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("x;y\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a,b;c\n1,2;3\n4,5;6\n", ","),
        ("text,labels\nfoo,a;b\nbar,c;d\n", ","),
        ("a|b\n1,5|2\n3,5|4\n", "|"),
        ("a, b\tc\nd, e\tf\n", "\t"),
        ("one\ntwo\n", ","),
        ('"a;b",c\n"d;e",f\n', ","),
    ],
)
def test_the_separator_is_judged_over_the_first_lines(text: str, separator: str) -> None:
    assert table(text, header=False).separator == separator


@pytest.mark.parametrize("first", ["-0.6,1e+00", "0.5,-0.6", "1.234,5", '"8,06","7,5"', "NaN,3", "1 234,5"])
def test_a_line_of_numbers_names_no_columns(first: str) -> None:
    with pytest.raises(DataError, match=r"line 1, should name the columns.*add --no-header"):
        table(f"{first}\n{first}\n")


def test_a_row_of_data_names_no_columns() -> None:
    with pytest.raises(DataError, match="should name the columns"):
        table("0.5,-0.6,walking\n0.1,0.2,running\n0.2,0.2,walking\n")
    assert table("400.5,401,label\n0.1,0.2,a\n0.1,0.2,b\n").columns == ("400.5", "401", "label")


FIELDS = st.text(st.sampled_from("ab ,;\t|\"'\\\n1.é"), max_size=6)
DIALECTS = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])


@given(
    rows=st.lists(st.tuples(FIELDS, st.sampled_from(["x", "y"])), min_size=1, max_size=6),
    separator=st.sampled_from(",;\t|"),
    quoting=DIALECTS,
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_wrote_comes_back(
    rows: list[tuple[str, str]], separator: str, quoting: int, end: str
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    needing = f"needs{separator}marks"
    writer.writerows([("text", "label"), *rows, (needing, "x")])
    read = table(file.getvalue().replace("\r\n", "\n"), separator=separator)
    found = list(read.rows(read.columns))
    assert [values for _, values in found] == [*rows, (needing, "x")]
    before = [2 + at + sum(text.count("\n") for text, _ in rows[:at]) for at in range(len(rows) + 1)]
    assert [line for line, _ in found] == before


UNQUOTED = st.text(st.sampled_from("ab \"'\\1.,é"), min_size=1, max_size=6).filter(lambda text: text.strip() != "")


@given(rows=st.lists(st.tuples(UNQUOTED, st.sampled_from(["x", "y"])), min_size=1, max_size=8))
def test_lines_without_quoting_come_back_as_they_stand(rows: list[tuple[str, str]]) -> None:
    lines = [("text", "label"), ('an "inner" mark', "x"), *rows]
    read = table("".join(f"{text}\t{label}\n" for text, label in lines), separator="\t")
    found = list(read.rows(read.columns))
    assert [values for _, values in found] == lines[1:]
    assert [line for line, _ in found] == list(range(2, len(lines) + 1))
