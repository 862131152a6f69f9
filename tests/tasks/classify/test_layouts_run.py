"""What a classifier was trained on, it can be run on: every layout gives the same rows, in order, in both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars
import pytest

from anaphora.data.files.reading import Reading
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify import data
from anaphora.tasks.classify.answers import Answers, SeriesAnswers
from anaphora.tasks.classify.encoding import encode
from labelled import config, sentences, waves, write_csv, write_jsonl

TEXTS, NAMES = sentences(12)
WAVES, PACES = waves(12)
HEAD = "@relation r\n@attribute {}\n@attribute label {{slow,fast}}\n@data\n"
DRAWN = [[round(float(value), 3) for value in row] for row in np.random.default_rng(5).normal(size=(12, 4))]


def text(folder: Path, name: str, lines: list[str], encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding)
    return path


def both(between: str) -> list[str]:
    return [f"{sentence}{between}{name}" for sentence, name in zip(TEXTS, NAMES, strict=True)]


def folder_per_label(folder: Path) -> Path:
    for at, (sentence, name) in enumerate(zip(TEXTS, NAMES, strict=True)):
        text(folder, "data/x", [])
        (folder / "data" / name).mkdir(parents=True, exist_ok=True)
        (folder / "data" / name / f"{at:02}.txt").write_text(sentence, encoding="utf-8")
    (folder / "data" / "x").unlink()
    return folder / "data"


def file_per_label(folder: Path) -> Path:
    for name in set(NAMES):
        text(folder, f"data/{name}.txt", [line for line, other in zip(TEXTS, NAMES, strict=True) if other == name])
    return folder / "data"


def parquet(folder: Path) -> Path:
    frame = {"u": [row[0] for row in WAVES], "v": [row[1] for row in WAVES], "label": PACES}
    polars.DataFrame(frame).write_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def long(folder: Path) -> Path:
    lines = [(f"s{at}", f"{hour}:30", value) for at, row in enumerate(DRAWN) for hour, value in enumerate(row, 9)]
    table = [f"{key};{time};{str(value).replace('.', ',')};{PACES[int(key[1:])]}" for key, time, value in lines]
    return text(folder, "a.csv", ["id;time;x;label", *sorted(table)])


def arff(folder: Path, names: str, rows: list[str]) -> Path:
    return text(folder, "a.arff", [HEAD.format(names), *rows])


def numbers(between: str) -> list[str]:
    return [between.join(map(str, row)) for row in DRAWN]


def series(between: str = ",") -> list[list[str]]:
    return [[between.join(map(str, channel)) for channel in row] for row in WAVES]


COLUMNS = "\n@attribute ".join(f"att{at} numeric" for at in range(4))
BAG = "bag relational\n" + "".join(f"@attribute t{at} numeric\n" for at in range(14)) + "@end bag"
LAYOUTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "CSV": (lambda folder: write_csv(folder / "a.csv", {"label": NAMES, "text": TEXTS}), ""),
    "CSV without names": (lambda folder: text(folder, "a.csv", both(";")), "--no-header --text 1 --label 2"),
    "Latin-1": (lambda folder: text(folder, "a.csv", ["text;label", *both("é;")], "latin-1"), "--encoding latin-1"),
    "two columns": (
        lambda folder: write_csv(folder / "a.csv", {"a": TEXTS, "b": TEXTS[::-1], "label": NAMES}), "--text a,b"),
    "JSON Lines": (lambda folder: write_jsonl(folder / "a.jsonl", {"label": NAMES, "text": TEXTS}), ""),
    "text, tab, label": (lambda folder: text(folder, "a.txt", both("\t")), ""),
    "fastText": (lambda folder: text(folder, "a.txt", [
        f"__label__{name} {sentence}" for sentence, name in zip(TEXTS, NAMES, strict=True)]), ""),
    "a folder per label": (folder_per_label, ""),
    "a text file per label": (file_per_label, ""),
    "lists": (lambda folder: write_jsonl(folder / "a.jsonl", {"s": DRAWN, "label": PACES}), ""),
    "Parquet": (parquet, ""),
    "a step per line": (long, "--id id --time time"),
    "wide": (lambda folder: text(folder, "a.csv", ["a,b,c,d,label", *(
        f"{row},{pace}" for row, pace in zip(numbers(","), PACES, strict=True))]), "--wide"),
    ".ts": (lambda folder: text(folder, "a.ts", ["@data", *(
        f"{':'.join(row)}:{pace}" for row, pace in zip(series(), PACES, strict=True))]), ""),
    "UCR": (lambda folder: text(folder, "a.tsv", [
        f"{len(pace)}\t{row}" for row, pace in zip(numbers("\t"), [*PACES[1:], "fast!"], strict=True)]), ""),
    ".arff": (lambda folder: arff(folder, COLUMNS, [
        f"{row},{pace}" for row, pace in zip(numbers(","), PACES, strict=True)]), ""),
    ".arff of the UEA archive": (lambda folder: arff(folder, BAG, [
        "'" + "\\n".join(row) + f"',{pace}" for row, pace in zip(series(), PACES, strict=True)]), ""),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_run_reads_the_rows_of_training(layout: str, tmp_path: Path) -> None:
    write, options = LAYOUTS[layout]
    path = write(tmp_path)
    settings = config("--valid", "0.5", *options.split())
    corpus = data.read(settings, [path])
    encoded = encode(settings, corpus)
    trained = sorted(
        (part.place(row), encoded_part.rows.row(row).tolist())
        for part, encoded_part in ((corpus.train, encoded.train), (corpus.held_out, encoded.held_out))
        for row in range(len(part))
    )
    stub: Any = SimpleNamespace(
        columns=corpus.columns,
        reader=encoded.reader,
        reading=Reading.of(settings.data),
        labels=(),
        multi=False,
        separator=None,
    )
    answers = (Answers if corpus.columns.id is None else SeriesAnswers)(stub, False)
    lines = [line for batch in answers.batches([str(path)]) for line in batch]
    assert [answers.parse(line).encoded.tolist() for line in lines] == [row for _, row in trained]
    assert len(lines) == 12


@pytest.mark.parametrize("layout", ["JSON Lines", ".ts", "a folder per label", "text, tab, label", "Parquet", "lists"])
def test_no_header_is_refused_where_it_has_no_effect(layout: str, tmp_path: Path) -> None:
    path = LAYOUTS[layout][0](tmp_path)
    with pytest.raises(UsageError, match="--no-header has no effect on"):
        data.read(config("--no-header"), [path])


def test_an_encoding_is_refused_where_it_has_no_effect(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--encoding has no effect on Parquet, which is no text"):
        data.read(config("--encoding", "latin-1"), [parquet(tmp_path)])


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_missing_column_is_one_error_of_the_input(name: str, tmp_path: Path) -> None:
    frame = {"txt": TEXTS, "label": NAMES}
    write = {"a.csv": write_csv, "a.jsonl": write_jsonl}.get(name)
    if write:
        write(tmp_path / name, frame)
    else:
        polars.DataFrame(frame).write_parquet(tmp_path / name)
    stub: Any = SimpleNamespace(columns=data.Columns("label", ("text",)), reading=Reading(), labels=())
    with pytest.raises(DataError, match=rf"{name}' has no column 'text'. It has: txt, label. Did you mean 'txt'\?"):
        list(Answers(stub, False).batches([str(tmp_path / name)]))


def test_a_text_for_a_model_of_series_is_one_error(tmp_path: Path) -> None:
    stub: Any = SimpleNamespace(columns=data.Columns("label", channels=("u", "v")), reading=Reading(), labels=())
    with pytest.raises(DataError, match=r"line 1: the classifier reads u, v: give a JSON object"):
        list(Answers(stub, False).batches([str(text(tmp_path, "a.txt", ["plain text", "and more"]))]))


def test_lines_of_a_pipe_may_have_different_fields(tmp_path: Path) -> None:
    path = text(tmp_path, "a.jsonl", [json.dumps({"label": "a"}), json.dumps({"text": "x"})])
    stub: Any = SimpleNamespace(columns=data.Columns("label", ("text",)), reading=Reading(), labels=())
    assert sum(map(len, Answers(stub, False).batches([str(path)]))) == 2
