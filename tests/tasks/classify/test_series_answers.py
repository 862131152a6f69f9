"""A model of series with a step per line runs on the table it was trained on: one answer per series, by its id."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora.tasks.classify import data
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.training import TRAINING
from anaphora.training import run
from labelled import config
from program import Run

Line = tuple[str, str, str, str, str]


def lines_of(series: int = 16) -> list[Line]:
    """Series of two channels with 3 to 6 steps, the times out of the order of text, the numbers with decimal commas."""
    rng = np.random.default_rng(2)
    found = []
    for number in range(series):
        for step in range(3 + number % 4):
            values = rng.normal(3 * (number % 2), 1, 2)
            texts = [f"{value:.2f}".replace(".", ",") for value in values]
            found.append((f"s{number}", f"{9 + step}:00", *texts, "ab"[number % 2]))
    return found  # type: ignore[return-value]


def written(path: Path, lines: list[Line], labelled: bool = True) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerows([("id", "time", "u", "v", "label")[: 4 + labelled], *(line[: 4 + labelled] for line in lines)])
    return path


def by_hand(lines: list[Line]) -> dict[str, Any]:
    """The steps (T, 2) of each series by its id, in the order of first lines."""
    found: dict[str, list[tuple[int, list[float]]]] = {}
    for name, time, *values, _ in lines:
        numbers = [float(value.replace(",", ".")) for value in values]
        found.setdefault(name, []).append((int(time.partition(":")[0]), numbers))
    return {name: np.array([values for _, values in sorted(steps)]) for name, steps in found.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, the table that it was trained on, and one of its lines in another order."""
    folder = tmp_path_factory.mktemp("series")
    lines = lines_of()
    settings = config("--id", "id", "--time", "time")
    run.train(TRAINING(settings, data.read(settings, [written(folder / "a.csv", lines)])), folder / "m.anaphora")
    mixed = [lines[at] for at in np.random.default_rng(0).permutation(len(lines))]
    written(folder / "mixed.csv", mixed)
    written(folder / "bare.csv", mixed, labelled=False)
    return folder


@pytest.mark.parametrize("name", ["a.csv", "mixed.csv", "bare.csv"])
def test_each_series_is_answered_once_with_its_id(folder: Path, name: str, program: Run) -> None:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        rows = [(*row, "")[:5] for row in list(csv.reader(file, delimiter=";"))[1:]]
    series = by_hand(rows)  # type: ignore[arg-type]
    model = Classifier.open(folder / "m.anaphora")
    expected = dict(zip(series, model.predictions(list(series.values())), strict=True))
    done = program(folder, "run", "m.anaphora", name)
    assert done.returncode == 0
    assert ("is read by time, not in the order of the file" in done.stderr) == (name != "a.csv")
    answers = [line.split("\t") for line in done.stdout.splitlines()]
    assert answers == [[each.labels[0], f"{each.probabilities[0]:.4f}", key] for key, each in expected.items()]
    piped = program(folder, "run", "m.anaphora", "--json", stdin=(folder / name).read_bytes())
    assert [json.loads(line) for line in piped.stdout.splitlines()] == [
        {"id": key, "label": each.labels[0], "probability": each.probabilities[0]} for key, each in expected.items()
    ]
    frame = dict(zip(("id", "time", "u", "v"), map(list, zip(*(row[:4] for row in rows), strict=True)), strict=True))
    with contextlib.nullcontext() if name == "a.csv" else pytest.warns(UserWarning, match="they were sorted"):
        assert model.predict(frame) == [each.labels[0] for each in expected.values()]


def test_a_wrong_line_spoils_its_own_series_alone(folder: Path, program: Run) -> None:
    right = program(folder, "run", "m.anaphora", "a.csv").stdout.splitlines()
    lines = lines_of()
    at = next(number for number, line in enumerate(lines) if line[0] == "s4")
    lines[at + 1] = (*lines[at + 1][:2], "wet", *lines[at + 1][3:])  # type: ignore[assignment]
    lines[at + 5] = (*lines[at + 5][:2], "", *lines[at + 5][3:])  # type: ignore[assignment]
    lines.insert(1, ("", "9:00", "1,5", "2,5", "a"))
    written(folder / "wrong.csv", lines)
    done = program(folder, "run", "m.anaphora", "wrong.csv")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [*right[:4], "\t\t", "\t\t", *right[6:], "\t\t"]
    assert "'wrong.csv', line 3: column 'id' is empty, so the line belongs to no series" in done.stderr
    assert f"'wrong.csv', line {at + 4}: column 'u' holds \"wet\", which is not a number" in done.stderr
    assert f"'wrong.csv', line {at + 6}, series \"s5\": number 1 of step 3 is nan" in done.stderr
    assert "3 of 17 series could not be read; all others were answered." in done.stderr


def test_a_missing_column_is_one_error(folder: Path, program: Run) -> None:
    (folder / "other.csv").write_text("id;time;uu;v\ns1;9:00;1,5;2,5\ns2;9:00;1,5;2,5\n", encoding="utf-8")
    done = program(folder, "run", "m.anaphora", "other.csv")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert "has no column 'u'. It has: id, time, uu, v. Did you mean 'uu'?" in done.stderr


def test_the_score_of_the_table_is_that_of_its_series(folder: Path, program: Run) -> None:
    done = program(folder, "eval", "m.anaphora", "mixed.csv", "--json")
    facts = json.loads(done.stdout)
    assert facts["rows"] == 16
    assert "were not in the order of their times: they were sorted." in facts["notes"][0]
    model = Classifier.open(folder / "m.anaphora")
    labels = {line[0]: line[4] for line in lines_of()}
    series = by_hand(lines_of())
    right = [guess == labels[name] for guess, name in zip(model.predict(list(series.values())), series, strict=True)]
    assert facts["accuracy"] == pytest.approx(np.mean(right))


def test_ids_that_differ_in_outer_blanks_or_in_a_zero_fraction_are_one_series(folder: Path, program: Run) -> None:
    lines = lines_of(4)
    spaced = [(f" {name} " if at % 2 else name, *rest) for at, (name, *rest) in enumerate(lines)]
    written(folder / "spaced.csv", spaced)  # type: ignore[arg-type]
    written(folder / "four.csv", lines)
    answers = [program(folder, "run", "m.anaphora", f"{name}.csv").stdout for name in ("spaced", "four")]
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) == 4
    rows = data.read(config("--id", "id", "--time", "time"), [written(folder / "spaced.csv", lines_of())]).train
    again = [(f" {name} " if at % 2 else name, *rest) for at, (name, *rest) in enumerate(lines_of())]
    same = data.read(config("--id", "id", "--time", "time"), [written(folder / "spaced.csv", again)]).train  # type: ignore[arg-type]
    assert np.array_equal(same.inputs.steps, rows.inputs.steps)  # type: ignore[union-attr]
    assert np.array_equal(same.inputs.ends, rows.inputs.ends)  # type: ignore[union-attr]
    numbered = {"id": ["1", "1.0", "2", "2.0", "3", "3", "4", "4"], "x": range(8), "label": list("aabbaabb")}
    frame = data.from_memory(config("--id", "id", "--columns", "x", "--valid", "0.5"), numbered)
    assert len(frame.train) + len(frame.held_out) == 4
