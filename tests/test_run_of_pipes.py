"""Tables in pipes, and in files whose names do not tell their format: read as in a file of the format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import anaphora
from anaphora.errors import DataError
from test_run_what_was_trained import FEW, Written, defaults
from translated import PAIRS, write_pairs

REVIEWS = [(f"so {label}, {at}", label) for at in range(20) for label in "xy"]
GERMAN, ENGLISH = (list(side) for side in zip(*PAIRS, strict=True))


def answered(model: Any, task: str, paths: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    written = Written()
    model.run(paths, written, True, **defaults(task))
    assert written.errors == []
    return [json.loads(line) for line in written.text.split("\n")[:-1]], written.notes


def piped(text: str, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))  # type: ignore[type-var]


def json_of(names: str, rows: list[tuple[str, str]], nested: bool = False) -> str:
    found: list[Any] = [dict(zip(names.split(), row, strict=True)) for row in rows]
    if nested:
        return "".join(json.dumps({"translation": each}) + "\n" for each in found)
    return json.dumps(found)


@pytest.fixture(scope="module")
def classifier() -> Any:
    columns = {"review": [text for text, _ in REVIEWS], "sentiment": [label for _, label in REVIEWS]}
    return anaphora.train("classify", columns, text="review", label="sentiment", **FEW)


@pytest.fixture(scope="module")
def translator() -> Any:
    return anaphora.train("translate", {"de": GERMAN, "en": ENGLISH}, units="char", **FEW)


TABLES = {
    "commas": 'id,review\n1,"good, film"\n2,bad\n',
    "semicolons": 'review;id\r\n"good, film";1\r\nbad;2\r\n',
    "tabs": "id\treview\n1\tgood, film\n2\tbad",
    "a name over two lines": '"id\nof the row",review\n1,"good, film"\n2,bad\n',
    "blank lines first": '\n\nid,review\n1,"good, film"\n2,bad\n',
    "JSON": '[{"review": "good, film"},\n {"review": "bad"}]',
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_labels_is_a_table_wherever_it_comes_from(
    name: str, classifier: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(tmp_path / "rows"), str(tmp_path / "rows.txt")]
    for file in files:
        Path(file).write_text(TABLES[name], encoding="utf-8")
    for paths in ([], ["-"], files[:1], files[1:]):
        piped(TABLES[name], monkeypatch)
        found, _ = answered(classifier, "classify", paths)
        assert [each["review"] for each in found] == ["good, film", "bad"]


def test_a_column_alone_is_answered_with_a_note(classifier: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    piped("review\ngood\n", monkeypatch)
    found, (note,) = answered(classifier, "classify", [])
    assert [each["review"] for each in found] == ["review", "good"]
    assert note.startswith("standard input, line 1 is the name of the column 'review'")
    piped("my review, good\nbad\n", monkeypatch)
    assert len(answered(classifier, "classify", [])[0]) == 2


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_in_a_pipe_without_the_column_of_the_model_is_refused_or_told(
    mark: str, classifier: Any, translator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task, model, near, known, column in (
        ("classify", classifier, "reviews", "sentiment", "review"),
        ("translate", translator, "dee", "en", "de"),
    ):
        for name in (near, known):
            piped(f"id{mark}{name}\n1{mark}good, film; yes\n2{mark}bad\n", monkeypatch)
            with pytest.raises(DataError, match=f"standard input has no column '{column}'. It has: id, {name}"):
                answered(model, task, [])
    piped(f"foo{mark}bar\n1{mark}good\n", monkeypatch)
    found, notes = answered(classifier, "classify", [])
    told = "standard input is read as a text per line, but it looks like a table with the columns foo, bar"
    assert (len(found), notes[0]) == (2, f"{told}, and the model reads the column 'review'.")
    piped("Well, yes\nso, reviews\n", monkeypatch)  # prose
    assert answered(classifier, "classify", [])[1] == []


def test_a_table_of_gaps_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    model = anaphora.train("fill", "the dog sees the cat and the cat sees the dog\n" * 400, **FEW)
    for text in ('id,text\n1,"the ___ sees"\n', '[{"id": "1", "text": "the ___ sees"}]'):
        piped(text, monkeypatch)
        ((found,), _) = answered(model, "fill", [])
        assert (found["id"], found["text"]) == ("1", "the ___ sees")


def test_pairs_in_a_pipe_are_read_as_in_a_file(
    translator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = translator.translate(GERMAN)
    swapped = [(english, german) for german, english in PAIRS]
    for text in (
        "en,de\n" + "".join(f"{english},{german}\n" for german, english in PAIRS),
        json_of("en de", swapped),
        json_of("en de", swapped, nested=True),
        "".join(f"{german}\n" for german in GERMAN),
    ):
        piped(text, monkeypatch)
        assert [each["translation"] for each in answered(translator, "translate", [])[0]] == wanted
    (tmp_path / "a.jsonl").write_text(json_of("en de", swapped, nested=True), encoding="utf-8")
    found, notes = answered(translator, "translate", [str(tmp_path / "a.jsonl")])
    assert [each["translation"] for each in found] == wanted
    assert notes[0] == f"read '{tmp_path / 'a.jsonl'}': JSON Lines; source: 'translation.de'."


def test_a_model_of_lists_finds_the_source_of_json_lines(tmp_path: Path) -> None:
    model = anaphora.train("translate", (GERMAN, ENGLISH), units="char", **FEW)
    (tmp_path / "a.jsonl").write_text(json_of("de en", PAIRS, nested=True), encoding="utf-8")
    found, _ = answered(model, "translate", [str(tmp_path / "a.jsonl")])
    assert [each["translation"] for each in found] == model.translate(GERMAN)


def test_the_columns_of_training_tell_the_direction_of_later_tables(translator: Any, tmp_path: Path) -> None:
    wanted = translator.evaluate({"de": GERMAN, "en": ENGLISH})
    assert translator.evaluate({"en": ENGLISH, "de": GERMAN}) == wanted
    (tmp_path / "a.json").write_text(json_of("de en", PAIRS), encoding="utf-8")
    (tmp_path / "b.json").write_text(json_of("en de", [(two, one) for one, two in PAIRS]), encoding="utf-8")
    (tmp_path / "c.csv").write_text("en,de\n" + "".join(f"{two},{one}\n" for one, two in PAIRS), encoding="utf-8")
    for name in ("b.json", "c.csv"):
        scored = translator.score_files([str(tmp_path / name)], "utf-8")
        assert (scored.bleu, scored.chrf) == (wanted.bleu, wanted.chrf)
        assert [pair.source for pair in scored.first] == GERMAN
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    model = anaphora.train("translate", files, units="char", **FEW)
    assert model.card["taken"]["roles"] == {"source": ["de"], "target": ["en"]}


def test_the_endings_of_parallel_files_are_names_of_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [Path(file) for file in write_pairs(tmp_path, PAIRS)]
    model = anaphora.train("translate", files, units="char", **FEW)
    piped("en,de\n" + "".join(f"{two},{one}\n" for one, two in PAIRS), monkeypatch)
    found, notes = answered(model, "translate", [])
    assert [each["translation"] for each in found] == model.translate(GERMAN)
    assert notes[0] == "read standard input: CSV with commas; source: 'de'."
    assert [pair.source for pair in model.evaluate({"en": ENGLISH, "de": GERMAN}).first] == GERMAN


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("<tmx version='1.4'>", ".tmx"),
        ("<?xml version='1.0'?>\n<tmx version='1.4'>", ".tmx"),
        ("<?xml version='1.0'?><!DOCTYPE tmx SYSTEM 'tmx14.dtd'>\n\n<tmx version='1.4'>", ".tmx"),
        ("<?xml version='1.0'?><xliff version='1.2'>", ".xlf"),
        ("<srcset setid='a'>", ".sgm"),
        ('# Translators\n\nmsgid ""\nmsgstr ""', ".po"),
    ],
)
def test_a_file_of_a_translator_in_a_pipe_is_asked_for_by_its_name(
    text: str, ending: str, translator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(f"{text}\nHaus\n", monkeypatch)
    with pytest.raises(DataError, match=rf"the beginning of a \{ending} file.* by its name: anaphora run MODEL"):
        answered(translator, "translate", [])


def test_a_field_that_is_missing_is_told_with_a_few_of_the_others(
    classifier: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(json.dumps({"data": [{"review": "good"}] * 30}), monkeypatch)
    written = Written()
    with pytest.raises(DataError, match="1 of 1 lines"):
        classifier.run([], written, True, **defaults("classify"))
    assert "data.10.review and 19 more. " in str(written.errors[0])
