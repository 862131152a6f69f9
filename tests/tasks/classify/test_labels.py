"""Labels keep their type from the data to the prediction, and look-alikes among them are told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

import anaphora
from anaphora.errors import DataWarning, UsageError
from anaphora.tasks.classify import checks, data
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.training import TRAINING
from anaphora.training import run
from labelled import config, sentences, write_jsonl
from program import Run

TEXTS, NAMES = sentences(24)


def coded(values: list[Any]) -> list[Any]:
    """The labels of the sentences, `neg` and `pos`, as other values."""
    return [values[name == "pos"] for name in NAMES]


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (coded([0, 1]), {"0": 0, "1": 1}),
        (np.array(coded([0, 1])), {"0": 0, "1": 1}),
        (list(np.array(coded([0, 1]), np.int8)), {"0": 0, "1": 1}),
        (polars.Series(coded([3, 7])), {"3": 3, "7": 7}),
        (np.array(coded([1.0, 2.0])), {"1.0": 1.0, "2.0": 2.0}),
        (coded([False, True]), {"False": False, "True": True}),
        (np.array(coded([False, True])), {"False": False, "True": True}),
        (polars.Series(coded(["no", "yes"]), dtype=polars.Categorical), {}),
        (coded(["0", "1"]), {}),
        (coded(["a", 1]), {"1": 1}),
        ([[value] for value in coded([0, 1])], {"0": 0, "1": 1}),
        ([{value} for value in coded([0, 1])], {"0": 0, "1": 1}),
    ],
)
def test_the_values_of_labels_are_kept_by_name(labels: Any, values: dict[str, Any]) -> None:
    frame = {"text": TEXTS, "label": list(labels)}
    for given, options in (((TEXTS, labels), []), (frame, ["--label", "label"])):
        if given is frame and isinstance(labels[0], set):
            continue  # no frame has sets
        found = data.from_memory(config(*options), given).train.values
        assert found == values
        assert [type(found[name]) for name in values] == [type(value) for value in values.values()]


@pytest.mark.parametrize(
    ("y", "remedy"),
    [
        (np.eye(2, dtype=int)[coded([0, 1])], r"give y\.argmax\(1\), which is one label per row"),
        (np.eye(3)[coded([0, 2])].tolist(), r"give y\.argmax\(1\)"),
        (np.eye(2, dtype=bool)[coded([0, 1])], r"give y\.argmax\(1\)"),
        (np.array(coded([[0, 1, 1], [0, 0, 1]])), r"give \[row\.nonzero\(\)\[0\]\.tolist\(\) for row in y\]"),
    ],
)
def test_zeros_and_ones_per_label_are_refused_with_the_remedy(y: Any, remedy: str) -> None:
    for given in ((TEXTS, y), {"text": TEXTS, "label": list(y)}):
        with pytest.raises(UsageError, match=f"The labels are zeros and ones, one for each label: {remedy}"):
            data.from_memory(config("--label", "label") if isinstance(given, dict) else config(), given)


@pytest.mark.parametrize("y", [np.array(coded([3, 7]))[:, None], polars.DataFrame({"y": coded([3, 7])})])
def test_one_column_of_labels_is_the_labels(y: Any) -> None:
    column, plain = (data.from_memory(config(), (TEXTS, labels)) for labels in (y, coded([3, 7])))
    assert (column.columns, column.train.labels, column.train.values) == (
        plain.columns, plain.train.labels, {"3": 3, "7": 7},
    )  # fmt: skip
    with pytest.raises(UsageError, match="a frame with the columns a, b; expected one column"):
        data.from_memory(config(), (TEXTS, polars.DataFrame({"a": coded([0, 1]), "b": coded([1, 0])})))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of labels 3 and 7, from JSON Lines."""
    folder = tmp_path_factory.mktemp("typed")
    path = write_jsonl(folder / "a.jsonl", {"text": TEXTS, "label": coded([3, 7])})
    run.train(TRAINING(config(), data.read(config(), [path])), folder / "m.anaphora")
    return folder


def test_a_loaded_model_predicts_the_type_of_its_training(folder: Path, program: Run) -> None:
    model = anaphora.load(folder / "m.anaphora")
    assert isinstance(model, Classifier)
    assert (model.labels, model.classes) == (("3", "7"), (3, 7))
    found = model.predict(TEXTS)
    assert {type(label) for label in found} == {int}
    assert [each.labels for each in model.predictions(TEXTS)] == [(label,) for label in found]
    answers = program(folder, "run", "m.anaphora", "a.jsonl", "--json").stdout.splitlines()
    assert [json.loads(answer)["label"] for answer in answers] == found
    tabs = program(folder, "run", "m.anaphora", "a.jsonl").stdout.splitlines()
    assert [int(line.partition("\t")[0]) for line in tabs] == found


@pytest.mark.parametrize("same", [int, float, str, np.int64, np.float32])
def test_equal_labels_of_another_type_are_the_same_labels(folder: Path, same: Any) -> None:
    model = Classifier.open(folder / "m.anaphora")
    score = model.evaluate((TEXTS, [same(label) for label in coded([3, 7])]))
    assert (score.unknown_rows, score.accuracy) == (0, model.evaluate((TEXTS, coded([3, 7]))).accuracy)


def test_an_estimator_and_its_model_predict_the_same_values() -> None:
    fitted = anaphora.SequenceClassifier(hidden=4, embedding=4, max_steps=4, batch=8, valid=0.25, random_state=1)
    fitted.fit(TEXTS, np.array(coded([3, 7])))
    assert fitted.classes_.tolist() == [3, 7]
    assert fitted.model_.predict(TEXTS) == fitted.predict(TEXTS).tolist()
    assert {type(label) for label in fitted.model_.predict(TEXTS)} == {int}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["Caf\u00e9", "Cafe\u0301"], r'1 of the labels is typed with different .*"Caf\\xe9" and "Cafe\\u0301"'),
        (["Pos", "pos"], r"1 label is written in several ways: 'Pos' and 'pos'"),
        (["very good", "Very  good"], r"'very good' and 'Very  good'"),
    ],
)  # fmt: skip
def test_labels_that_look_alike_are_told(labels: list[str], said: str) -> None:
    names = labels * 12
    (finding,) = [each for each in checks.check(config(), data.from_memory(config(), (TEXTS, names)))
                  if each.code == "spelling"]  # fmt: skip
    assert finding.severity == "warning"
    assert re.search(said, finding.message)


def test_normal_form_makes_them_one() -> None:
    drinks = "caf\u00e9", "cafe\u0301"
    texts = [f"{text} {drinks[row // 2 % 2]}" for row, text in enumerate(TEXTS)]
    names = [["Caf\u00e9", "Cafe\u0301", "th\u00e9"][row % 3] for row in range(24)]
    settings = config("--normalize", "nfc")
    corpus = data.from_memory(settings, (texts, names))
    assert {label for labels in corpus.train.labels for label in labels} == {"Caf\u00e9", "th\u00e9"}
    found = [finding.code for finding in checks.check(settings, corpus)]
    assert "spelling" not in found
    kept = data.from_memory(config(), (texts, names))
    assert [finding.where for finding in checks.check(config(), kept) if finding.code == "spelling"] == ["the data"] * 2
    model = TRAINING(settings, corpus).encoded.reader
    np.testing.assert_array_equal(model.text("caf\u00e9"), model.text("cafe\u0301"))
    plain = TRAINING(config(), kept).encoded.reader
    assert plain.text("caf\u00e9").tolist() != plain.text("cafe\u0301").tolist()
    assert model.restore(model.settings(), model.tensors()).normalize == "nfc"
    assert "normalize" not in plain.settings()


def test_what_is_cut_is_told_everywhere(tmp_path: Path, program: Run) -> None:
    texts = [text + " and so on" * 4 * (row % 3 == 0) for row, text in enumerate(TEXTS)]
    settings = config("--max-length", "12")
    cut = sum(len(text.split()) > 12 for text in texts)
    corpus = data.from_memory(settings, (texts, NAMES))
    told = [finding for finding in checks.check(settings, corpus) if finding.code == "long-row"]
    assert sum(finding.count or 0 for finding in told) == cut == 8
    assert "only the first 12 words are read" in told[0].message
    run.train(TRAINING(settings, corpus), tmp_path / "m.anaphora")
    model = Classifier.open(tmp_path / "m.anaphora")
    assert model.evaluate((texts, NAMES)).cut_rows == 8
    assert "8 rows are longer than the network reads" in "\n".join(model.evaluate((texts, NAMES)).lines())
    with pytest.warns(DataWarning, match="^8 rows are longer than the network reads: the end was cut off$"):
        assert model.evaluate((texts, NAMES)).as_json()["notes"] == (
            "8 rows are longer than the network reads: the end was cut off",
        )
    with pytest.warns(UserWarning, match=r"In 8 rows, only the first 12 words are read\."):
        model.predict(texts)
    done = program(tmp_path, "run", "m.anaphora", stdin="\n".join(texts))
    assert (done.returncode, done.stderr) == (
        0,
        "note: standard input, line 1 is cut after 12 words.\nnote: 8 lines are cut after 12 words.\n",
    )
