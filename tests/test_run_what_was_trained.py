"""The law of reading: what a model was trained on it can run, row for row, as Python's `predict` answers it."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import anaphora
from anaphora.errors import DataError
from anaphora.tasks import registry
from trained_layouts import LAYOUTS, Layout

FEW: dict[str, Any] = {"max_steps": 1, "hidden": 4, "valid": 0.2, "progress": False}


class Written:
    """The answers, errors and notes of a run."""

    def __init__(self) -> None:
        self.text, self.errors, self.notes = "", list[DataError](), list[str]()

    def write(self, text: str) -> None:
        self.text += text

    def complain(self, error: DataError) -> None:
        self.errors.append(error)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def flush(self) -> None:
        pass


def trained(layout: Layout, paths: list[Path]) -> Any:
    return anaphora.train(layout.task, paths if len(paths) > 1 else paths[0], **FEW, **layout.options)


def defaults(task: str) -> dict[str, Any]:
    return {option.name: option.default for option in registry.task(task).run_options}


def answers(model: Any, task: str, paths: list[Path]) -> tuple[list[dict[str, Any]], Written]:
    written = Written()
    model.run([str(path) for path in paths], written, True, **defaults(task))
    return [json.loads(line) for line in written.text.split("\n")[:-1]], written


def expected(model: Any, task: str, inputs: Any) -> list[Any]:
    if task == "translate":
        return list(model.translate(inputs))
    found = model.predict(inputs)
    return [list(tags) for tags in found] if task == "tag" else list(found)


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_was_trained_on_is_answered_row_for_row(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layout = LAYOUTS[name]
    paths = list(layout.write(tmp_path))
    trained(layout, paths).save("m.anaphora")
    model = anaphora.load("m.anaphora")
    found, written = answers(model, layout.task, paths)
    key = {"classify": "label", "translate": "translation", "tag": "tags"}[layout.task]
    assert [answer[key] for answer in found] == expected(model, layout.task, layout.inputs)
    assert written.errors == []
    assert not any("replaced" in note for note in written.notes)
    assert model.answer(paths) == found
    if layout.task == "classify" and model.columns.text:
        assert [answer[model.columns.text[0]] for answer in found] == list(layout.inputs)
    model.score_files([str(path) for path in paths], model.reading.encoding)
    if len(paths) == 1 and paths[0].is_file():
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(paths[0].read_bytes()))))  # type: ignore[type-var]
        assert answered_or_told(model, layout.task) in (found, FILE_IS_ASKED_FOR)


FILE_IS_ASKED_FOR = "a file is asked for"


def answered_or_told(model: Any, task: str) -> Any:
    """The answers to standard input, or the request for a file's name, as an error or as a note."""
    written = Written()
    try:
        model.run([], written, True, **defaults(task))
    except DataError as error:
        written.notes = [str(error)]
    if re.search(r"\bits name\b", " ".join(written.notes)):
        return FILE_IS_ASKED_FOR
    assert written.errors == []
    return [json.loads(line) for line in written.text.split("\n")[:-1]]


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model that was trained on a CSV in latin-1."""
    folder = tmp_path_factory.mktemp("reviews")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        layout = LAYOUTS["CSV in latin-1"]
        return trained(layout, list(layout.write(folder)))


def test_a_missing_column_is_one_error_with_the_nearest_name(reviews: Any, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("texts,label\n" + "one,a\n" * 300, encoding="latin-1")
    with pytest.raises(DataError, match=r"has no column 'text'.*Did you mean 'texts'.*rename the column"):
        answers(reviews, "classify", [table])
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"texts": "one"}\n' * 300, encoding="latin-1")
    with pytest.raises(DataError, match=r"has no column 'text'.*Did you mean 'texts'.*rename the column"):
        answers(reviews, "classify", [lines])


def test_a_missing_field_of_many_lines_in_a_pipe_is_told_once(reviews: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b'{"text": "one"}\n' + b'{"texts": "one"}\n' * 300
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    written = Written()
    with pytest.raises(DataError, match=r"^300 of 301 lines could not be read; all others were answered\.$"):
        reviews.run(["-"], written, True, **defaults("classify"))
    (error,) = written.errors
    assert str(error).endswith("line 2: the object has no field 'text'; it has: texts. Did you mean 'texts'?")
    assert written.text.endswith("{}\n" * 300)


def test_all_others_were_answered_is_said_only_if_they_were(reviews: Any, tmp_path: Path) -> None:
    table, written = tmp_path / "a.csv", Written()
    table.write_text("text,label\n" + "one,a\n" * 300 + "two\n" + "one,a\n" * 300, encoding="latin-1")
    with pytest.raises(
        DataError, match=r"line 302, has 1 field.*The 256 lines before it were answered, and no others\."
    ):
        reviews.run([str(table)], written, True, **defaults("classify"))
    assert written.text.count("\n") == 256


def test_an_answer_is_json_whatever_the_line_holds(reviews: Any, tmp_path: Path) -> None:
    lines, written = tmp_path / "a.jsonl", Written()
    lines.write_text(
        '{"text": "one", "n": NaN, "m": [Infinity]}\n{"text": "\\ud800"}\n{"text": "a", "text": "b"}\n',
        encoding="latin-1",
    )
    with pytest.raises(DataError, match="2 of 3 lines could not be read; all others were answered"):
        reviews.run([str(lines)], written, True, **defaults("classify"))
    first = json.loads(written.text.split("\n")[0], parse_constant=pytest.fail)
    assert (first["n"], first["m"]) == (None, [None])
    assert ["half a surrogate pair" in str(written.errors[0]), "the key 'text' twice" in str(written.errors[1])] == [
        True
    ] * 2


def test_an_input_without_lines_is_told(reviews: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    found, written = answers(reviews, "classify", [tmp_path / "a.txt"])
    assert (found, written.notes) == ([], ["The input has no lines: there is nothing to answer."])


def test_the_encoding_of_training_is_the_encoding_of_run_unless_another_is_named(reviews: Any, tmp_path: Path) -> None:
    for encoding in ("latin-1", "utf-8"):
        (tmp_path / "a.txt").write_text("naïve\n", encoding=encoding)
        reviews.reading = reviews.reading._replace(encoding=encoding)
        found, _ = answers(reviews, "classify", [tmp_path / "a.txt"])
        assert [answer["text"] for answer in found] == ["naïve"]


XY = [(f"so {label} {at}", label) for at in range(20) for label in "xy"]
LABELLED = {
    "a text, a tab and a label": ("a.txt", "".join(f"{text}\t{label}\n" for text, label in XY)),
    "a label, a tab and a text": ("a.txt", "".join(f"{label}\t{text}\n" for text, label in XY)),
    "fastText": ("a.txt", "".join(f"__label__{label} {text}\n" for text, label in XY)),
    "a CSV without names": ("a.csv", "".join(f"{text},{label}\n" for text, label in XY)),
}


@pytest.mark.parametrize("name", LABELLED)
def test_three_lines_of_the_training_data_are_read_as_in_training_from_a_file_and_a_pipe(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, content = LABELLED[name]
    (tmp_path / file).write_text(content, encoding="utf-8")
    bare = {"header": False, "text": "1", "label": "2"} if file.endswith(".csv") else {}
    anaphora.train("classify", tmp_path / file, **FEW, **bare).save(tmp_path / "m.anaphora")
    model = anaphora.load(tmp_path / "m.anaphora")
    head = "".join(content.splitlines(keepends=True)[:3])
    (tmp_path / f"b{file}").write_text(head, encoding="utf-8")
    from_file, _ = answers(model, "classify", [tmp_path / f"b{file}"])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(head.encode()))))  # type: ignore[type-var]
    piped = Written()
    model.run([], piped, True, **defaults("classify"))
    from_pipe = [json.loads(line) for line in piped.text.split("\n")[:-1]]
    text = model.columns.text[0]
    assert [answer[text] for answer in from_file] == ["so x 0", "so y 0", "so x 1"]
    assert [(answer[text], answer["label"]) for answer in from_pipe] == [
        (answer[text], answer["label"]) for answer in from_file
    ]
    assert model.score_files([str(tmp_path / f"b{file}")], "utf-8").rows == 3


def test_the_file_of_translations_beside_a_file_of_sources_is_not_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layout = LAYOUTS["parallel files in latin-1"]
    one, other = layout.write(tmp_path)
    model = trained(layout, [one, other])
    found, written = answers(model, "translate", [one, other])
    assert len(found) == len(layout.inputs)
    assert written.notes[0] == f"'{other}' is not translated: it holds the translations of '{one}'."
    for inputs in ([other], [one, one]):
        found, written = answers(model, "translate", inputs)
        assert len(found) == len(inputs) * len(layout.inputs)
    for names in (("src.txt", "tgt.txt"), ("new.source", "new.target"), (f"{one}.bak", f"{other}.bak")):
        for name, of in zip(names, (one, other), strict=True):
            shutil.copy(of, name)
        found, written = answers(model, "translate", list(names))
        assert len(found) == len(layout.inputs)
        assert f"'{names[1]}' is not translated" in written.notes[0]


def test_a_table_in_a_pipe_is_a_table(reviews: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for raw, texts in (
        (b'text,label\n"one, two\nthree",pos\nfour,neg\n', ["one, two\nthree", "four"]),
        (b"one, two\nfour\n", ["one, two", "four"]),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(raw))))  # type: ignore[type-var]
        written = Written()
        reviews.run([], written, True, **defaults("classify"))
        assert [json.loads(line)["text"] for line in written.text.split("\n")[:-1]] == texts
