"""Which columns are read, how rows become texts, series and labels, and how a part is held out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora.data.batches import Ragged
from anaphora.data.examples import hold_out_stratified
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.columns import Columns, choose
from anaphora.tasks.classify.data import rows_of
from anaphora.tasks.classify.inputs import labels_of, prepared, series_of, text_of
from anaphora.tasks.classify.settings import Data
from anaphora.tasks.classify.suggest import suggest
from labelled import config, sentences, split, waves, write_csv, write_jsonl

TEXT = ["a good one", "so bad"]


@pytest.mark.parametrize(
    ("columns", "data", "expected"),
    [
        ({"text": TEXT, "label": ["a", "b"]}, Data(), Columns("label", ("text",))),
        ({"Sentiment": ["1", "0"], "Review": TEXT}, Data(), Columns("Sentiment", ("Review",))),
        ({"id": ["1", "2"], "what": TEXT, "y": ["0", "1"]}, Data(), Columns("y", ("what",))),
        ({"title": TEXT, "body": TEXT, "class": [1, 2]}, Data(text="title,body"), Columns("class", ("title", "body"))),
        ({"text": TEXT, "kind": ["a", "b"]}, Data(label="kind"), Columns("kind", ("text",))),
        ({"text": TEXT, "label": [["a"], []]}, Data(), Columns("label", ("text",), multi=True)),
        ({"text": TEXT, "label": ["a|b", ""]}, Data(separator="|"), Columns("label", ("text",), multi=True)),
        ({"x": [[1.0], [2.0]], "y": [[1.0], [2.0]], "label": ["a", "b"]}, Data(), Columns("label", (), ("x", "y"))),
        ({"x": [[1.0]], "z": [[1.0]], "label": ["a"]}, Data(columns="z"), Columns("label", (), ("z",))),
        (
            {"id": ["7", "7"], "t": ["0", "1"], "u": ["1", "2"], "v": ["", "3"], "label": ["a", "a"]},
            Data(),
            Columns("label", (), ("u", "v"), "id", "t"),
        ),
        (
            {"id": [1, 1], "x": [0.5, 1], "y": ["0.25", "2"], "z": [1, 2], "activity": ["a", "a"]},
            Data(),
            Columns("activity", (), ("x", "y", "z"), "id"),
        ),
        ({"y": [[1.0], [2]], "target": ["a", "b"]}, Data(), Columns("target", (), ("y",))),
        ({"1": ["a"], "2": ["1"], "3": ["2"]}, Data(label="1", wide=True), Columns("1", (), ("2", "3"), wide=True)),
        (
            {"who": ["p", "p"], "u": ["1", "2"], "label": ["a", "a"]},
            Data(id="who", columns="u"),
            Columns("label", (), ("u",), "who"),
        ),
    ],
)  # fmt: skip
def test_columns_are_found(columns: dict[str, list[Any]], data: Data, expected: Columns) -> None:
    assert choose(data, Frame(columns)) == expected


@pytest.mark.parametrize(
    ("columns", "data", "said"),
    [
        ({"text": TEXT, "kind": ["a", "b"]}, Data(), r"no column is called label; .* are text, kind\. .*--label"),
        ({"text": TEXT, "label": ["a", "b"]}, Data(label="lable"), r"no column 'lable'.*Did you mean 'label'"),
        ({"text": TEXT, "label": ["a", "b"]}, Data(text="txt"), r"no column 'txt'.*Did you mean 'text'"),
        ({"u": ["1", "2"], "label": ["a", "b"]}, Data(), r"the input columns are not clear.*--text.*--id"),
        ({"p": TEXT, "q": TEXT, "label": ["a", "b"]}, Data(), r"the input columns are not clear"),
        ({"id": ["1", "1"], "label": ["a", "b"]}, Data(), r"no numeric column besides 'id' and 'label'"),
    ],
)
def test_what_cannot_be_told_is_asked_for(columns: dict[str, list[Any]], data: Data, said: str) -> None:
    with pytest.raises(DataError, match=said):
        choose(data, Frame(columns))


def test_the_text_of_a_row() -> None:
    assert text_of(["a", None, 3], "x") == "a\n3"
    with pytest.raises(DataError, match=r"x: character 1 of the text is half a surrogate pair"):
        text_of(["a\ud800"], "x")
    with pytest.raises(DataError, match=r'x: expected a text or a number, got \["a"\]'):
        text_of([["a"]], "x")
    assert prepared("A good\tone.", "word", lower=False) == " A good one ."
    assert prepared("A good one.", "char", lower=True) == "a good one."
    assert prepared(" \n ", "word", lower=True) == ""


def test_a_series_is_a_list_per_channel_or_steps_of_lists() -> None:
    np.testing.assert_array_equal(series_of([[1, "2", None], [4, 5, "NA"]], ["u", "v"], "x"),
                                  [[1, 4], [2, 5], [np.nan, np.nan]])  # fmt: skip
    np.testing.assert_array_equal(series_of([[[1, 2], [3, 4], [5, 6]]], ["s"], "x"), [[1, 2], [3, 4], [5, 6]])
    assert series_of([[], []], ["u", "v"], "x").shape == (0, 2)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[1, 2], [3]], r"x: the channels have different numbers of steps \(2 in 'u', 1 in 'v'\)"),
        ([[1, "two"], [3, 4]], r"x: column 'u' holds \"two\", which is not a number"),
        ([[1, True], [3, 4]], r"x: column 'u' holds true"),
        ([1.0, [3, 4]], r"x: column 'u' should hold a list of numbers, one per step; it holds 1\.0"),
        ([[[1, 2], [3]]], r"x: the steps of 'u' have 1 to 2 numbers"),
    ],
)
def test_what_is_no_series_says_why(values: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        series_of(values, ["u", "v"][: len(values)], "x")


def test_the_labels_of_a_row() -> None:
    assert labels_of(" a ", None, False, "x") == ("a",)
    assert labels_of(3, None, False, "x") == ("3",)
    assert labels_of("a; b;a;", ";", True, "x") == ("a", "b")
    assert labels_of(["b", "a"], None, True, "x") == ("b", "a")
    assert labels_of(None, ";", True, "x") == ()
    for nothing in (None, "  "):
        with pytest.raises(DataError, match="x has no label: add a label, or remove the row"):
            labels_of(nothing, None, False, "x")


def test_a_long_table_becomes_series(tmp_path: Path) -> None:
    columns = {
        "id": ["b", "a", "b", "a", "b", "c"],
        "time": [2, 10, 1, 9, 10, 0],
        "u": [22, 110, 21, 109, "", 7],
        "v": [1, 2, 3, 4, 5, 6],
        "label": ["x", "y", "x", "y", "x", "y"],
    }
    table = Frame(columns)
    rows = rows_of([table], choose(Data(), table), Data())
    assert rows.labels == (("x",), ("y",), ("y",))
    assert isinstance(rows.inputs, Ragged)
    assert rows.inputs.lengths.tolist() == [3, 2, 1]
    np.testing.assert_array_equal(rows.inputs.steps[:, 0], [21, 22, np.nan, 109, 110, 7])
    assert [rows.place(row).line for row in range(3)] == [1, 2, 6]
    as_it_stands = rows_of([table], Columns("label", (), ("u",), "id"), Data())
    assert isinstance(as_it_stands.inputs, Ragged)
    np.testing.assert_array_equal(as_it_stands.inputs.steps[:, 0], [22, 21, np.nan, 110, 109, 7])
    same = write_csv(tmp_path / "long.csv", columns)
    corpus = data.read(config("--valid", "0.5"), [same])
    assert len(corpus.train) + len(corpus.held_out) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": ["x", "y"]}, r'the data, row 2: series "b" has label "y" here and "x" in the data, row 1'),
        ({"id": ["b", ""]}, r"row 2: column 'id' is empty"),
        ({"u": ["1", "one"]}, r"row 2: column 'u' holds \"one\", which is not a number"),
    ],
)
def test_a_line_of_a_long_table_that_does_not_fit(changes: dict[str, list[Any]], said: str) -> None:
    table = Frame({"id": ["b", "b"], "u": [1, 2], "label": ["x", "x"], **changes})
    with pytest.raises(DataError, match=said):
        rows_of([table], Columns("label", (), ("u",), "id"), Data())


def test_a_line_may_be_a_whole_series() -> None:
    table = Frame({"1": ["a", "b", "a"], "2": ["0.5", "1", ""], "3": ["2", "", ""], "4": ["3", "NaN", ""]})
    data = Data(label="1", wide=True)
    rows = rows_of([table], choose(data, table), data)
    assert isinstance(rows.inputs, Ragged)
    assert rows.inputs.lengths.tolist() == [3, 1, 0]
    assert rows.inputs.steps[:, 0].tolist() == [0.5, 2, 3, 1]
    assert rows.labels == (("a",), ("b",), ("a",))


def test_a_row_with_another_number_of_channels_names_the_first() -> None:
    table = Frame({"s": [[[1, 2]], [], [[1, 2, 3]]], "label": ["x", "y", "x"]})
    with pytest.raises(DataError, match=r"row 3: a step has 3 numbers; expected 2, as in the data, row 1"):
        rows_of([table], Columns("label", (), ("s",)), Data())


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_every_label_gives_its_share(share: float) -> None:
    counts = {"a": 100, "b": 37, "c": 10, "d": 2, "e": 1}
    labels = [(label,) for label, count in counts.items() for _ in range(count)]
    held_out = hold_out_stratified(labels, share, 4)[1]
    assert len(set(held_out.tolist())) == len(held_out)
    found = Counter(labels[row][0] for row in held_out.tolist())
    for label, count in counts.items():
        assert abs(found[label] - share * count) < 1 or found[label] == count - 1
        assert found[label] < count
    np.testing.assert_array_equal(held_out, hold_out_stratified(labels, share, 4)[1])
    assert held_out.tolist() != hold_out_stratified(labels, share, 5)[1].tolist()


def test_a_row_of_several_labels_goes_by_its_rarest() -> None:
    labels = [("a",)] * 40 + [("a", "b")] * 8 + [()] * 4
    held_out = hold_out_stratified(labels, 0.25, 0)[1]
    assert sum(40 <= row < 48 for row in held_out.tolist()) == 2


def test_the_same_rows_in_any_form_are_the_same_corpus(tmp_path: Path) -> None:
    texts, labels = sentences()
    made = (
        write_csv(tmp_path / "a.csv", {"text": texts, "label": labels}),
        write_jsonl(tmp_path / "a.jsonl", {"label": labels, "text": texts}),
    )
    one, two = (data.read(config(), [path]) for path in made)
    assert one.sha256 == two.sha256
    assert one.train.inputs == two.train.inputs
    assert len(one.held_out) == 20
    assert one.held_out.at(0) == f"'{tmp_path / 'a.csv'}', line {texts.index(one.held_out.inputs[0]) + 2}"
    other = data.read(config("--seed", "1"), [made[0]])
    assert other.held_out.inputs != one.held_out.inputs
    assert other.sha256 != one.sha256


def test_a_file_of_its_own_can_be_held_out(tmp_path: Path) -> None:
    texts, labels = sentences()
    train = write_csv(tmp_path / "train.csv", {"text": texts[:60], "label": labels[:60]})
    valid = write_csv(tmp_path / "valid.csv", {"label": labels[60:], "text": texts[60:]})
    corpus = data.read(config("--valid", str(valid)), [train])
    assert (corpus.train.inputs, corpus.held_out.inputs) == (tuple(texts[:60]), tuple(texts[60:]))
    assert corpus.sources == (str(train), str(valid))


@pytest.mark.parametrize("share", ["0", "1.5"])
def test_a_share_is_between_0_and_1(share: str, tmp_path: Path) -> None:
    texts, labels = sentences()
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})
    with pytest.raises(UsageError, match="--valid takes a file, or a share of the rows between 0 and 1; it was given"):
        data.read(config(f"--valid={share}"), [path])
    with pytest.raises(DataError, match=r"held-out part has no row; the data have 2.*--valid"):
        split(config(), [Frame({"text": ["a", "b"], "label": ["x", "y"]})])


def test_a_guess_says_what_it_took_and_why(tmp_path: Path) -> None:
    texts, labels = sentences()
    found = suggest([write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})])
    assert (found.preset, found.values) == ("small", {"data": {"label": "label", "text": "text", "units": "word"}})
    assert found.reasons["data.label"] == "chosen from the columns text, label"
    series, labels = waves()
    u, v = ([row[channel] for row in series] for channel in (0, 1))
    u[3][1] = None  # type: ignore[call-overload]
    found = suggest([write_jsonl(tmp_path / "a.jsonl", {"u": u, "v": v, "label": labels})])
    assert found.values == {"data": {"label": "label", "columns": "u,v", "missing": "mean"}}
    names = {"name": ["Ito"] * 60 + ["Lee"] * 61 + ["Kim"], "label": ["a"] * 60 + ["b"] * 61 + ["c"]}
    found = suggest([write_csv(tmp_path / "b.csv", names)])
    assert found.values["data"]["units"] == "char"
    assert found.values["training"] == {"class_weights": "root"}
