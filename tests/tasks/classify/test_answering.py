"""Lines in, labels out: each by itself, a bad one never stopping the rest; and the same through the program."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, softmax

from anaphora.data.batches import Ragged
from anaphora.data.files import lines as stream
from anaphora.data.files.lines import InputLine, batches
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import DataError
from anaphora.runtime.sparse_linear import SparseLinear
from anaphora.tasks.classify.predict import Answers, Classifier
from anaphora.tasks.classify.training import TRAINING
from anaphora.training import run
from labelled import TINY, config, sentences, split, waves, write_csv, write_jsonl
from program import Run


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of texts, one of series and one that gives several labels."""
    folder = tmp_path_factory.mktemp("models")
    texts, labels = sentences()
    several = [[label, *(["very"] if "very" in text else [])] for text, label in zip(texts, labels, strict=True)]
    series, paces = waves()
    u, v = ([row[channel] for row in series] for channel in (0, 1))
    frames: dict[str, dict[str, Any]] = {
        "text": {"text": texts, "label": labels},
        "several": {"text": texts, "label": several},
        "series": {"u": u, "v": v, "label": paces},
    }
    for name, columns in frames.items():
        run.train(TRAINING(config(), split(config(), [Frame(columns)])), folder / f"{name}.anaphora")
    return folder


def logits(classifier: Classifier, text: str) -> NDArray[np.float64]:
    """Of one text (K,), the weighted sum of both parts."""
    rows = Ragged.of([classifier.reader.text(text)], np.zeros(0, np.int32))
    assert isinstance(classifier.linear, SparseLinear)
    network, linear = classifier.weights
    found: NDArray[np.float64] = network * classifier.network_scores(rows)[0].astype(np.float64)
    return found + linear * classifier.linear.of_rows([text])[0]


def lines(*texts: str, is_json: bool = False) -> list[InputLine]:
    return [InputLine(f"here, line {number}", text.encode(), is_json) for number, text in enumerate(texts, 1)]


def test_texts_are_answered_with_label_probability_and_text(models: Path) -> None:
    texts = ["a good film", "so bad\tand dull", "", "Good"]
    answers = Answers(Classifier.open(models / "text.anaphora"), False, None)(lines(*texts))
    guesses = Classifier.open(models / "text.anaphora").predictions(texts)
    for answer, guess, text in zip(answers, guesses, texts, strict=True):
        assert isinstance(answer, str)
        assert answer == f"{guess.labels[0]}\t{guess.probabilities[0]:.4f}\t{' '.join(text.split())}"


def test_a_text_that_is_null_is_an_error_of_its_line(models: Path) -> None:
    model = Classifier.open(models / "text.anaphora")
    given = lines('{"text": "good"}', '{"text": null}', '{"text": ""}', is_json=True)
    first, null, empty = Answers(model, False, None)(given)
    assert isinstance(first, str)
    assert isinstance(empty, str)
    assert isinstance(null, DataError)
    assert str(null) == "here, line 2: 'text' has no value: expected a text."
    for texts, row in ((["good", None], 2), ([float("nan"), "good"], 1)):
        with pytest.raises(DataError, match=rf"row {row}: expected a text, as in other rows, got no value\."):
            model.predict(texts)
    for missing in (None, float("nan")):
        with pytest.raises(DataError, match=r"the data, row 2: 'text' has no value: expected a text\."):
            model.predict({"text": ["good", missing]})


def test_the_likeliest_labels_on_request(models: Path) -> None:
    (answer,) = Answers(Classifier.open(models / "text.anaphora"), True, 2)(lines("a good film"))
    assert isinstance(answer, str)
    found = json.loads(answer)
    assert found["text"] == "a good film"
    assert sorted(found["labels"]) == ["neg", "pos"]
    p = softmax(logits(Classifier.open(models / "text.anaphora"), "a good film"))
    order = np.argsort(-p)
    assert found["labels"] == [("neg", "pos")[at] for at in order]
    assert found["probabilities"] == pytest.approx(p[order].tolist(), rel=1e-9)


def test_objects_keep_what_they_had(models: Path) -> None:
    item = {"id": 7, "text": "bad film", "more": [1, None]}
    (answer,) = Answers(Classifier.open(models / "text.anaphora"), True, None)(lines(json.dumps(item), is_json=True))
    assert isinstance(answer, str)
    guess = Classifier.open(models / "text.anaphora").predictions(["bad film"])[0]
    assert json.loads(answer) == {**item, "label": guess.labels[0], "probability": guess.probabilities[0]}


def test_several_labels_and_series(models: Path) -> None:
    (answer,) = Answers(Classifier.open(models / "several.anaphora"), True, None)(lines("a very good film"))
    assert isinstance(answer, str)
    classifier = Classifier.open(models / "several.anaphora")
    p = expit(logits(classifier, "a very good film"))
    expected = [label for label, share in zip(("neg", "pos", "very"), p, strict=True) if share >= 0.5]
    assert sorted(json.loads(answer)["labels"]) == expected != []
    series, _ = waves(4, seed=9)
    texts = [json.dumps({"v": v, "u": u}) for u, v in series]
    answers = Answers(Classifier.open(models / "series.anaphora"), True, None)(lines(*texts, is_json=True))
    guesses = Classifier.open(models / "series.anaphora").predictions([list(zip(*row, strict=True)) for row in series])
    assert [json.loads(str(answer))["label"] for answer in answers] == [guess.labels[0] for guess in guesses]


@pytest.mark.parametrize(
    ("model", "line", "said"),
    [
        ("text", InputLine("x", b"caf\xe9", False), r"x is not UTF-8: its byte 3 is 0xe9"),
        ("text", InputLine("x", b"{", True), r"x is not JSON: Expecting property name"),
        ("text", InputLine("x", b"[1]", True), r"x is not a JSON object"),
        ("text", InputLine("x", b'{"txt": "a"}', True), r"x: the object has no field 'text'; it has: txt"),
        ("text", InputLine("x", b'{"text": ["a"]}', True), r"x: expected a text or a number"),
        (
            "series",
            InputLine("x", b"1 2 3", False),
            r"x: the classifier reads u, v: give a JSON object with them, or",
        ),
        (
            "series",
            InputLine("x", b'{"u": [1, 2], "v": [3]}', True),
            r"x: the channels have different numbers of steps",
        ),
        ("series", InputLine("x", b'{"u": [1, NaN], "v": [3, 4]}', True), r"x: number 1 of step 2 is nan"),
    ],
)
def test_a_line_that_cannot_be_read_says_why_and_stops_nothing(
    models: Path, model: str, line: InputLine, said: str
) -> None:
    good = InputLine("y", b'{"text": "a good film", "u": [1, 2], "v": [3, 4]}', True)
    answer = Answers(Classifier.open(models / f"{model}.anaphora"), False, None)
    first, second, third = answer([good, line, good])
    assert isinstance(second, DataError)
    with pytest.raises(DataError, match=said):
        raise second
    assert first == third == answer([good])[0]


def test_lines_come_in_batches_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\nthree")
    (tmp_path / "b.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    write_csv(tmp_path / "c.csv", {"text": ["p,q", "r"], "n": [1, 2]})
    found = list(batches([tmp_path / "a.txt", tmp_path / "b.jsonl", tmp_path / "c.csv"], most=2))
    a, b, c = (f"'{tmp_path / name}', line" for name in ("a.txt", "b.jsonl", "c.csv"))
    assert found == [
        [InputLine(f"{a} 1", b"one", False), InputLine(f"{a} 2", b"", False)],
        [InputLine(f"{a} 3", b"three", False)],
        [InputLine(f"{b} 1", b'{"text": "x"}', True)],
        [
            InputLine(f"{c} 2", b'{"text": "p,q", "n": "1"}', True),
            InputLine(f"{c} 3", b'{"text": "r", "n": "2"}', True),
        ],
    ]
    with pytest.raises(DataError, match=r"none\.txt' cannot be read: No such file"):
        list(batches([tmp_path / "none.txt"]))


@pytest.mark.parametrize(("text", "is_json"), [(b'\n{"a": 1}\nx\n', True), (b"{brace\nx\n", False), (b"12\n", False)])
def test_standard_input_is_objects_if_its_first_line_is(
    text: bytes, is_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    found = [line for batch in batches([]) for line in batch]
    assert found[-1].json == is_json
    lines = [(f"standard input, line {at}", line) for at, line in enumerate(text.split(b"\n"), 1) if line]
    assert [(line.where, line.text) for line in found] == lines


def test_a_line_is_answered_before_the_next_one_is_there() -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as file:
        found = stream.arrived_lines(file)
        os.write(writer, b"one\ntwo\nth")
        assert [next(found), next(found), next(found)] == [b"one", b"two", None]
        os.write(writer, b"ree\n")
        assert [next(found), next(found)] == [b"three", None]
        os.close(writer)
        assert list(found) == []


def test_run_streams_and_says_what_it_could_not_read(models: Path, program: Run) -> None:
    text = b"a good film\ncaf\xe9\nso bad\n" * 300
    done = program(models, "run", "text.anaphora", stdin=text)
    assert done.returncode == 3
    answers = done.stdout.splitlines()
    assert len(answers) == 900
    assert answers[1::3] == ["\t\t"] * 300
    assert len(set(answers[0::3])) == len(set(answers[2::3])) == 1
    errors = done.stderr.splitlines()
    assert errors[0].startswith("anaphora: standard input, line 2 is not UTF-8")
    assert errors[-1] == "anaphora: 300 of 900 lines could not be read; all others were answered."


def test_the_tour_on_the_command_line(models: Path, tmp_path: Path, program: Run) -> None:
    texts, labels = sentences()
    write_jsonl(tmp_path / "train.jsonl", {"text": texts, "label": labels})
    done = program(tmp_path, "train", "classify", "train.jsonl", "-o", "m.anaphora", *TINY.split())
    assert done.returncode == 0, done.stderr
    assert "n-grams+LR" in done.stdout
    write_csv(tmp_path / "test.csv", {"text": texts[:20], "label": labels[:20]})
    scored = program(tmp_path, "eval", "m.anaphora", "test.csv", "--json")
    assert scored.returncode == 0, scored.stderr
    facts = json.loads(scored.stdout)
    assert facts["rows"] == 20
    answered = program(tmp_path, "run", "m.anaphora", "test.csv", "--json").stdout.splitlines()
    right = [json.loads(line)["label"] == label for line, label in zip(answered, labels, strict=False)]
    assert sum(right) / 20 == pytest.approx(facts["accuracy"])
    assert "accuracy" in program(tmp_path, "eval", "m.anaphora", "test.csv").stdout
    tabs = program(tmp_path, "run", "m.anaphora", "test.csv").stdout.splitlines()
    assert [row.split("\t")[2] for row in tabs] == texts[:20]


def test_a_base_install_answers_and_scores(models: Path, tmp_path: Path, bare_python: Path, program: Run) -> None:
    texts, labels = sentences()
    path = str(write_csv(tmp_path / "test.csv", {"text": texts, "label": labels}))
    for words in (["run", "text.anaphora", path, "--json"], ["eval", "text.anaphora", path, "--json"]):
        bare = program(models, *words, python=bare_python)
        assert (bare.returncode, bare.stderr) == (0, "")
        assert bare.stdout == program(models, *words).stdout
    assert "--batch-steps" in program(models, "train", "classify", "--help", python=bare_python).stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["run", "text.anaphora", "--prompt", "x"],
            2,
            "A model that was trained to classify has no option --prompt.",
        ),
        (
            ["eval", "text.anaphora", "x.csv", "--baseline-text", "y"],
            2,
            "A model that was trained to classify has no option --baseline-text.",
        ),
        (["eval", "text.anaphora", "x.csv"], 3, "x.csv' does not exist"),
        (["run", "text.anaphora", "x.txt"], 3, "x.txt' cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(models: Path, words: list[str], code: int, said: str, program: Run) -> None:
    done = program(models, *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
