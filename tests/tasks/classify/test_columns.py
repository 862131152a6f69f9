"""Options that name columns are obeyed or refused; columns that count the lines are left out, measured ones never."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.bookkeeping import counting
from anaphora.tasks.classify.columns import Columns, choose
from anaphora.tasks.classify.inputs import number
from anaphora.tasks.classify.settings import Data
from labelled import config, sentences, write_csv, write_jsonl

LONG: dict[str, list[Any]] = {
    "id": ["a", "a", "b", "b", "c", "c", "d", "d"],
    "when": ["2024-01-01T10:00:00", "2024-01-01T11:00:00"] * 4,
    "temp": ["8,06", "9,5", "7", "6,25", "8,0", "1.008,5", "3", "4,5"],
    "label": ["x", "x", "y", "y", "x", "x", "y", "y"],
}


@pytest.mark.parametrize("given", [{}, {"id": "id"}, {"time": "when"}, {"id": "id", "time": "when"}])
def test_times_and_decimal_commas_are_no_text(given: dict[str, str]) -> None:
    found = choose(Data(**given), Frame(LONG))  # type: ignore[arg-type]
    assert (found.text, found.channels, found.id) == ((), ("temp",), "id")
    assert found.time == given.get("time")


def test_decimal_commas_and_thousands_marks_are_read_as_numbers() -> None:
    corpus = data.from_memory(config("--id", "id", "--time", "when", "--valid", "0.5"), LONG)
    assert corpus.columns.commas == ("temp",)
    steps = sorted(
        (part.labels[row][0], part.inputs.row(row)[:, 0].tolist())  # type: ignore[union-attr]
        for part in (corpus.train, corpus.held_out)
        for row in range(len(part))
    )
    assert steps == [("x", [8.0, 1008.5]), ("x", [8.06, 9.5]), ("y", [3.0, 4.5]), ("y", [7.0, 6.25])]
    assert corpus.taken is not None
    assert corpus.taken.roles["channels (decimal comma)"] == ("temp",)
    assert corpus.taken.roles["time (date)"] == ("when",)


@pytest.mark.parametrize(("separator", "expected"), [(";", [1.234, 12.345]), ("\t", [1234.0, 12345.0])])
def test_semicolons_decide_where_a_comma_may_mark_thousands(
    separator: str, expected: list[float], tmp_path: Path
) -> None:
    lines = [("id", "x", "label"), *((f"s{at % 4}", ("1,234", "12,345")[at // 4], "ab"[at % 2]) for at in range(8))]
    ending = {";": "csv", "\t": "tsv"}[separator]
    (tmp_path / f"a.{ending}").write_text("\n".join(map(separator.join, lines)), encoding="utf-8")
    corpus = data.read(config("--valid", "0.5"), [tmp_path / f"a.{ending}"])
    for part in (corpus.train, corpus.held_out):
        for row in range(len(part)):
            assert part.inputs.row(row)[:, 0].tolist() == expected  # type: ignore[union-attr]
    assert corpus.columns.commas == (("x",) if separator == ";" else ())


def test_texts_in_a_column_that_is_called_as_an_id_are_offered_as_the_text() -> None:
    frame = Frame({"sequence": ["ACGT", "GGTA", "ACGT"], "label": ["x", "y", "x"]})
    with pytest.raises(DataError, match=r"no numeric column .* If 'sequence' is the text, add --text sequence\.$"):
        choose(Data(), frame)
    with pytest.raises(DataError, match=r"name the columns with --columns\.$"):
        choose(Data(id="sequence"), frame)
    assert choose(Data(text="sequence"), frame).text == ("sequence",)


def test_names_of_sensors_are_no_text() -> None:
    with pytest.raises(DataError, match="the input columns are not clear"):
        choose(Data(), Frame({"sensor": ["s1", "s2"] * 4, "v": [0.5, 1.5] * 4, "label": ["x", "y"] * 4}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--text temp --columns temp", "--text and --columns contradict each other"),
        ("--text temp --wide", "--text and --wide contradict each other"),
        ("--text temp --id id", "--text and --id contradict each other"),
        ("--text temp --time when", "--text and --time contradict each other"),
        ("--wide --id id", "--wide and --id contradict each other"),
        ("--wide --time when", "--wide and --time contradict each other"),
        ("--text label --label label", "Column 'label' is named by --label and by --text: a column has one role"),
        ("--columns temp,id --id id", "Column 'id' is named by --columns and by --id"),
        ("--columns temp,temp", "Column 'temp' is named twice in --columns"),
        ("--id when --time when", "Column 'when' is named by --id and by --time"),
        ("--missing mean --text id", "--missing has no effect on texts"),
        ("--units char --id id", "--units has no effect on series"),
        ("--vocabulary 9 --id id", "--vocabulary has no effect on series"),
        ("--no-lower --id id", "--no-lower has no effect on series"),
        ("--unk-dropout 0.1 --id id", "--unk-dropout has no effect on series"),
        ("--embedding-dropout 0.1 --id id", "--embedding-dropout has no effect on series"),
    ],
)
def test_options_that_contradict_or_do_nothing_are_refused(options: str, said: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", LONG)
    with pytest.raises(UsageError, match=said):
        data.read(config(*options.split()), [path])
    with pytest.raises(UsageError, match=said):
        data.from_memory(config(*options.split()), LONG)


@pytest.mark.parametrize("option", ["id", "time", "columns", "text", "label"])
def test_an_option_that_names_no_column_is_refused_with_the_nearest(option: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", LONG)
    with pytest.raises(DataError, match=r"has no column 'tempp'.*Did you mean 'temp'\?"):
        data.read(config(f"--{option}", "tempp"), [path])


@pytest.mark.parametrize("option", ["--wide", "--id=name", "--time=name"])
def test_series_in_one_cell_have_no_steps_in_other_cells(option: str, tmp_path: Path) -> None:
    lists = {"x": [[1.0, 2.0], [3.0]], "name": ["p", "q"], "label": ["a", "b"]}
    with pytest.raises(
        UsageError, match=rf"{option.partition('=')[0]} has no effect: each row of column 'x' is a whole"
    ):
        data.read(config(option), [write_jsonl(tmp_path / "a.jsonl", lists)])


@pytest.mark.parametrize(
    "when", [["2024-01-01", "soon", "2024-01-03"], ["01/02/2024", "02/02/2024", "03/02/2024"], ["9:00", "NaT", "9:05"]]
)
def test_times_are_no_text_though_one_of_them_is_odd(when: list[str]) -> None:
    columns = {"subject": [1, 1, 1, 2, 2, 2], "when": when * 2, "x": [1, 3, 2] * 2, "label": list("aaabbb")}
    with pytest.raises(DataError, match=r"not clear; .* --id subject fits: each of its values has one label\."):
        choose(Data(), Frame({**columns, "subject": [1, 1, 2, 2, 3, 3], "label": list("aabbaa")}))
    assert choose(Data(id="subject"), Frame(columns)).channels == ("x",)


def test_an_id_is_no_channel() -> None:
    columns = {"id": [1, 1, 2, 2], "x": [0.5, 1, 2, 3], "label": list("aabb")}
    with pytest.raises(UsageError, match=r"'id' is named by --columns, and it is the id of the series by its name"):
        choose(Data(columns="id,x"), Frame(columns))
    assert choose(Data(columns="x"), Frame(columns)).id == "id"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2024-01-31", "If it is the time of a step, name the column with --time and not with --columns."),
        ("12 %", "Write the number alone, without a unit or a currency."),
        ("€3.50", "Write the number alone, without a unit or a currency."),
        ("3.5kg", "Write the number alone, without a unit or a currency."),
        (
            "#DIV/0!",
            "It is an error of a spreadsheet program: correct the formula, or write NA where the number is missing.",
        ),
        ("-", 'If "-" stands for a missing number, write NA in its place, and train with --missing mean.'),
        (".", 'If "." stands for a missing number, write NA in its place, and train with --missing mean.'),
        (True, "Write 0 for false and 1 for true."),
        ("wet", "Write a number, or NA where it is missing."),
    ],
)
def test_a_value_that_is_no_number_is_named_with_the_remedy(value: Any, said: str) -> None:
    with pytest.raises(DataError, match=r"r: column 'x' holds .*, which is not a number\. ") as refused:
        number(value, "x", "r")
    assert str(refused.value).endswith(f"number. {said}")


@pytest.mark.parametrize("x", ["3 %;4 %;5 %", "$3;$4.50;$1,000.00", "1/2;3/4;5/6", "(1.50);(2);3", "3kg;4;5kg"])
def test_measures_that_are_no_numbers_are_neither_text_nor_lost(x: str) -> None:
    columns = {"id": [1, 1, 2, 2, 3, 4], "x": x.split(";") * 2, "z": [0.5, 1, 2] * 2, "label": list("aabbab")}
    corpus = data.from_memory(config("--valid", "0.5"), columns)
    assert (corpus.columns.text, corpus.columns.channels) == ((), ("z",))
    assert corpus.taken is not None
    assert re.fullmatch(r"numbers with a unit, such as .*|not numbers", corpus.taken.left_out["x"])


@pytest.mark.parametrize(("name", "first"), [("date", "2024-01-31"), ("name", "bob"), ("rate", "3 %")])
def test_with_a_step_per_column_a_column_without_numbers_is_named(name: str, first: str) -> None:
    columns = {name: [first] * 4, "t0": [0.5, 1, 2, 1], "t1": [1, 2, 1, 4], "label": list("abab")}
    said = rf"with --wide each column is a step, and column '{name}' has no numbers: .* row 1: .* holds '{first}'"
    with pytest.raises(DataError, match=said):
        choose(Data(wide=True), Frame(columns))
    assert choose(Data(wide=True, columns="t0,t1"), Frame(columns)).channels == ("t0", "t1")


def test_why_a_column_is_not_read() -> None:
    columns = {
        "id": [1, 1, 2, 2, 3, 3, 4, 4],
        "when": ["2024-01-31", "2024-02-01"] * 4,
        "note": ["", None] * 4,
        "spectrum": ["[1, 2]", "[3, 4]"] * 4,
        "rate": ["3 %", "4 %"] * 4,
        "place": ["north", "south"] * 4,
        "x": [1, 3, 0, 2, 5, 3, 4, 7],
        "label": list("aabbaabb"),
    }
    taken = data.from_memory(config("--valid", "0.5", "--id", "id"), columns).taken
    assert taken is not None
    assert taken.left_out == {
        "when": "times; --time orders the steps by them",
        "note": "empty",
        "spectrum": "lists of numbers, written as text",
        "rate": "numbers with a unit, such as '3 %'",
        "place": "not numbers",
    }


def test_a_time_of_day_beside_dates_orders_nothing_by_itself() -> None:
    columns = {
        "id": [1, 1, 2, 2],
        "date": ["2024-01-31", "2024-02-01"] * 2,
        "time": ["23:00", "1:00"] * 2,
        "x": [0.5, 1.5] * 2,
        "label": list("aabb"),
    }
    assert choose(Data(), Frame(columns)).time is None
    assert choose(Data(time="time"), Frame(columns)).time == "time"
    assert choose(Data(), Frame({name: values for name, values in columns.items() if name != "date"})).time == "time"


@pytest.mark.parametrize("missing", ["NaN", "null", "<NA>", None, ""])
def test_a_line_without_an_id_belongs_to_no_series(missing: str | None) -> None:
    columns = {"id": ["p", "p", missing, missing], "x": [1, 2, 4, 3], "label": list("aabb")}
    with pytest.raises(DataError, match=r"row 3: column 'id' .*so the line belongs to no series"):
        data.from_memory(config("--valid", "0.5"), columns)


@pytest.mark.parametrize("name", ["NA", "none", "?"])
def test_an_id_that_may_be_a_name_or_missing_is_refused_with_both_remedies(name: str) -> None:
    columns = {"id": ["p", "p", name, name], "x": [1, 2, 4, 3], "label": list("aabb")}
    with pytest.raises(DataError, match=r"row 3: .*Remove the line; if this is the name of a series, write another"):
        data.from_memory(config("--valid", "0.5"), columns)


def test_rows_without_columns_have_no_names() -> None:
    rows = (["a b", "c d"] * 4, ["x", "y"] * 4)
    with pytest.raises(UsageError, match=r"--text has no effect on rows with labels \(X, y\)"):
        data.from_memory(config("--text", "text"), rows)
    with pytest.raises(UsageError, match="--missing has no effect on texts"):
        data.from_memory(config("--missing", "mean"), rows)
    with pytest.raises(UsageError, match="--separator is empty"):
        data.from_memory(config("--separator", ""), {"text": rows[0], "label": rows[1]})


DRAW = random.Random(0)
MEASURED = [round(DRAW.gauss(20, 3), 2) for _ in range(40)]
SHUFFLED = DRAW.sample(range(40), 40)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("", list(range(40))),
        ("", [0, 1, 2, 0, 1, 2]),
        ("Unnamed: 0", [str(at) for at in range(40)]),
        ("Unnamed: 0", SHUFFLED),
        ("__UNNAMED__0", [3, 1, 2]),
        ("index", SHUFFLED),
        ("n", list(range(40))),
        ("n", [f"{at}.0" for at in range(100, 140)]),
        ("whatever", SHUFFLED),
        ("id", [f"row-{at}" for at in range(40)]),
    ],
)
def test_columns_that_count_the_lines(name: str, values: list[Any]) -> None:
    assert list(counting({name: values, "x": MEASURED})) == [name]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", MEASURED),
        ("", MEASURED),
        ("index", MEASURED),
        ("Unnamed: 0", [-3 * at for at in range(40)]),
        ("index", [3, 5, 3, 9] * 10),
        ("heart_rate", [72, 74, 71, 70, 72] * 8),
        ("pixel", [DRAW.randrange(256) for _ in range(40)]),
        ("steps", [at * 3 for at in range(40)]),
        ("x", [1, 2, 3, 4, 5]),
        ("x", [1, 2, 3, None] * 10),
        ("id", ["a", "a", "b", "b"]),
    ],
)
def test_measured_channels_are_kept(name: str, values: list[Any]) -> None:
    assert counting({name: values}) == {}


def noise(rows: int = 60) -> dict[str, list[Any]]:
    """Numbers without a pattern, sorted by label, with the index that a data frame writes."""
    draw = random.Random(3)
    columns: dict[str, list[Any]] = {"": list(range(rows))}
    columns |= {name: [round(draw.random(), 3) for _ in range(rows)] for name in ("a", "b", "c")}
    return {**columns, "label": ["x"] * (rows // 2) + ["y"] * (rows // 2)}


def test_the_index_of_a_data_frame_is_left_out_and_told(tmp_path: Path) -> None:
    corpus = data.read(config("--wide"), [write_csv(tmp_path / "a.csv", noise())])
    assert corpus.columns.channels == ("a", "b", "c")
    assert corpus.findings == ()
    assert corpus.taken is not None
    assert corpus.taken.left_out == {"": "an index of the lines"}
    assert corpus.taken.rows == 60


def test_a_named_index_is_obeyed_with_a_warning(tmp_path: Path) -> None:
    columns = {"n": noise().pop(""), **{name: values for name, values in noise().items() if name}}
    corpus = data.read(config("--wide", "--columns", "n,a,b"), [write_csv(tmp_path / "a.csv", columns)])
    assert corpus.columns.channels == ("n", "a", "b")
    (finding,) = corpus.findings
    assert (finding.code, finding.where) == ("line-counter", "column 'n'")
    assert "gives the label away" in finding.message


def test_a_rising_column_and_a_constant_one_are_told() -> None:
    steps = [(f"s{series}", step) for series in range(12) for step in range(5)]
    columns = {
        "id": [name for name, _ in steps],
        "epoch": [1.7e9 + 0.5 * at for at in range(60)],
        "zero": [0] * 60,
        "v": MEASURED + MEASURED[:20],
        "label": ["ab"[at >= 30] for at in range(60)],
    }
    found = {finding.where: finding for finding in data.from_memory(config(), columns).findings}
    assert {where: finding.code for where, finding in found.items()} == {
        "column 'epoch'": "line-counter",
        "column 'zero'": "constant-column",
    }
    assert "gives the label away" in found["column 'epoch'"].message
    columns["label"] = ["ab"[series % 2] for series in range(12) for _ in range(5)]
    (rising, _) = data.from_memory(config(), columns).findings
    assert "gives the label away" not in rising.message


def test_numbers_too_large_for_a_double_are_named() -> None:
    columns = {
        "id": ["a", "a", "b", "b"],
        "t": ["9" * 5000, "1", "2", "3"],
        "x": [1, 2, 10**400, 4],
        "label": list("ppqq"),
    }
    with pytest.raises(DataError, match="row 3: column 'x' holds a whole number beyond the largest double"):
        data.from_memory(config(), columns)
    assert counting({"": columns["x"]}) == {"": "an index of the lines"}


def test_a_separator_that_occurs_nowhere_is_told(tmp_path: Path) -> None:
    texts, labels = sentences()
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": [f"{label};x" for label in labels]})
    assert [finding.code for finding in data.read(config("--separator", "|"), [path]).findings] == ["unused-separator"]
    assert data.read(config("--separator", ";"), [path]).findings == ()


def test_what_was_taken_is_said(tmp_path: Path) -> None:
    texts, labels = sentences()
    one = write_csv(
        tmp_path / "a.csv", {"n": list(range(80)), "text": texts, "label": labels, "who": ["me", "you"] * 40}
    )
    taken = data.read(config(), [one]).taken
    assert taken is not None
    assert (taken.files, taken.layout, taken.encoding, taken.rows) == ((str(one),), "CSV with commas", "utf-8", 80)
    assert taken.roles == {"text": ("text",), "label": ("label",)}
    assert taken.left_out == {"n": "it counts the lines", "who": "only 'text' is read as text"}
    memory = data.from_memory(config(), (texts, labels)).taken
    assert memory is not None
    assert (memory.files, memory.layout, memory.rows) == ((), "rows in memory", 80)


def test_a_model_of_an_earlier_version_has_neither_times_nor_commas() -> None:
    assert Columns(label="label", channels=("u",), id="id", time="t", multi=False, wide=False).marks == (".",)
