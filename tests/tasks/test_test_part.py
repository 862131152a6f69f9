"""A law over all tasks: the test part changes neither the weights nor any other figure, and is in no other part."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import anaphora
from anaphora.config import resolve
from anaphora.data.parts import test_paths as paths_of_test
from anaphora.errors import DataError, UsageError
from anaphora.report import page
from anaphora.runs import record
from anaphora.tasks import registry
from gapped import text
from labelled import sentences, write_csv
from program import Run
from tagged import write_grammar
from translated import PAIRS, write_pairs


class Case(NamedTuple):
    """Options of a task, and functions that write its data files and return the texts of a part."""

    options: str
    write: Callable[[Path, int, int], list[str]]  # folder, number of examples, seed
    inside: Callable[[Any], list[Any]]
    score: Callable[[Any], float]  # the figure that decides, of the report's test score


def _rows(folder: Path, count: int, seed: int) -> list[str]:
    texts, labels = sentences(count, seed)
    return [str(write_csv(folder / f"{count}-{seed}.csv", {"text": texts, "label": labels}))]


def _pairs(folder: Path, count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    pairs = [PAIRS[number] for number in rng.integers(0, len(PAIRS), count)]
    return write_pairs(folder, [(f"{one} {at}", f"{other} {at}") for at, (one, other) in enumerate(pairs)], f"{seed}")


def _text(folder: Path, count: int, seed: int) -> list[str]:
    path = folder / f"{count}-{seed}.txt"
    path.write_text(text(count, seed), encoding="utf-8")
    return [str(path)]


def _line_by_line(part: Any) -> list[str]:
    return list(str(part))


CASES = {
    "classify": Case(
        "--embedding 6 --hidden 5 --batch 8 --max-steps 6 --evaluations 2 --valid 0.25",
        _rows,
        lambda rows: list(zip(rows.places[:, 1].tolist(), rows.inputs, strict=True)),
        lambda score: score["accuracy"],
    ),
    "tag": Case(
        "--embedding 6 --character-embedding 4 --character-hidden 3 --hidden 5 --batch 8 --max-steps 6 --evaluations 2"
        " --valid 0.2",
        lambda folder, count, seed: [write_grammar(folder / f"{count}-{seed}.txt", count, seed)],
        lambda part: list(zip(part.lines, part.tokens, strict=True)),
        lambda score: score["f1"],
    ),
    "translate": Case(
        "--embedding 6 --hidden 5 --batch-steps 200 --max-steps 6 --evaluations 2 --valid 0.2 --units char",
        _pairs,
        lambda pairs: list(zip(pairs.places[:, 1].tolist(), pairs.sources, strict=True)),
        lambda score: score["bleu"],
    ),
    "language": Case(
        "--embedding 6 --hidden 5 --batch 2 --bptt 12 --max-steps 6 --evaluations 2 --evaluation-units 200 --valid 0.2",
        _text,
        _line_by_line,
        lambda score: score.get("nats_per_unit", score.get("nats")),
    ),
    "fill": Case(
        "--embedding 6 --hidden 5 --batch 4 --bptt 12 --max-steps 6 --evaluations 2 --evaluation-units 200 --valid 0.2",
        _text,
        _line_by_line,
        lambda score: score["both"]["accuracy"],
    ),
}


def config(task: str, *options: str) -> Any:
    chosen = registry.task(task)
    words = [*CASES[task].options.split(), *options]
    return resolve(chosen.config, chosen.presets, preset="small", options=words)


class Both(NamedTuple):
    """One task trained without a test part and with one, on the same files."""

    task: str
    data: list[str]
    test: list[str]
    without: Any
    tested: Any
    file: Path


@pytest.fixture(scope="module", params=CASES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    task, folder = request.param, tmp_path_factory.mktemp("parts")
    case = CASES[task]
    data, test = case.write(folder, 80, 1), case.write(folder, 30, 2)
    read = [Path(name) for name in data]
    without = anaphora.train(task, read, config=config(task), output=folder / "without.anaphora")
    file = folder / "tested.anaphora"
    tested = anaphora.train(task, read, config=config(task, "--test", ",".join(test)), output=file)
    return Both(task, data, test, without, tested, file)


def test_weights_and_figures_are_those_without_a_test_part(both: Both) -> None:
    without, tested = both.without.runtime.tensors, both.tested.runtime.tensors
    assert without.keys() == tested.keys()
    for name, tensor in without.items():
        assert tensor.tobytes() == tested[name].tobytes(), name
    assert both.without.report.results == both.tested.report.results
    assert asdict(both.without.report.score) == asdict(both.tested.report.score)
    assert both.without.report.baseline == both.tested.report.baseline
    assert both.without.report.test is None
    assert both.without.card["data_sha256"] != both.tested.card["data_sha256"]  # the test part is part of the data


def test_the_test_score_is_what_eval_gives(both: Both, program: Run, tmp_path: Path) -> None:
    done = program(tmp_path, "eval", str(both.file), *both.test, "--json")
    found = both.tested.report.test
    deciding = CASES[both.task].score
    assert deciding(json.loads(done.stdout)) == deciding(asdict(found.score)) == found.results[0].value


def test_report_card_and_page_have_the_figures(both: Both) -> None:
    found = both.tested.report.test
    [line] = [line for line in both.tested.report.lines() if line.startswith("test: ")]
    assert line == found.line()
    assert f"{found.results[0].value:.4f}" in line
    assert f"{found.results[0].baseline:.4f}" in line
    assert both.tested.card["test"]["scored"] == found.count
    folder = both.tested.run_dir
    assert record.read(folder).test.results == found.results
    assert f"{found.results[0].value:.4f}" in page.render(record.read(folder), now=0.0)


@pytest.mark.parametrize("task", CASES)
@pytest.mark.parametrize("named", [False, True])
def test_no_row_is_in_two_parts(task: str, named: bool, tmp_path: Path) -> None:
    case = CASES[task]
    data = case.write(tmp_path, 80, 1)
    test = ",".join(case.write(tmp_path, 30, 2)) if named else "0.2"
    corpus = registry.task(task).read(config(task, "--test", test), data)
    parts = [case.inside(part) for part in (corpus.train, corpus.held_out, corpus.test)]
    assert all(parts)
    plain = registry.task(task).read(config(task), data)
    if named:
        assert [case.inside(part) for part in (plain.train, plain.held_out)] == parts[:2]
        alone = registry.task(task).read(config(task), case.write(tmp_path, 30, 2))
        assert sorted([*case.inside(alone.train), *case.inside(alone.held_out)]) == sorted(parts[2])
    else:
        whole = [*case.inside(plain.train), *case.inside(plain.held_out)]
        assert sorted(row for part in parts for row in part) == sorted(whole)
        assert len(parts[2]) == pytest.approx(0.2 * len(whole), rel=0.1)
    again = registry.task(task).read(config(task, "--test", test), data)
    assert again.sha256 == corpus.sha256 != plain.sha256
    assert [case.inside(part) for part in (again.train, again.held_out, again.test)] == parts


@pytest.mark.parametrize("task", CASES)
def test_a_test_part_of_known_files_is_refused(task: str, tmp_path: Path) -> None:
    case = CASES[task]
    data = case.write(tmp_path, 80, 1)
    (tmp_path / "sub").mkdir()
    copies = []
    for name in data:
        copies.append(str(tmp_path / "sub" / Path(name).name))
        Path(copies[-1]).write_bytes(Path(name).read_bytes())
    read = registry.task(task).read
    with pytest.raises(UsageError, match=r"\(--test\) is .* belongs to the training part"):
        read(config(task, "--test", ",".join(data)), data)
    with pytest.raises(UsageError, match=r"\(--test\) has the same bytes as .* belongs to the training part"):
        read(config(task, "--test", ",".join(copies)), data)
    valid = ",".join(case.write(tmp_path, 30, 2))
    with pytest.raises(UsageError, match=r"\(--valid\), which belongs to the held-out part"):
        read(config(task, "--valid", valid, "--test", valid), data)


@pytest.mark.parametrize("task", CASES)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--test", "0"], r"--test takes .* between 0 and 1; it was given 0"),
        (["--test", "1"], r"--test takes .* between 0 and 1; it was given 1"),
        (["--test", "1.5"], r"--test takes .* between 0 and 1; it was given 1.5"),
        (["--test", "-1"], r"--test takes .* between 0 and 1; it was given -1"),
        (["--test", "10%"], r"--test takes a share as a number: write 0.1, not '10%'"),
        (["--test", "0,2"], r"--test takes a share as a number: write 0.2, not '0,2'"),
        (["--test", "ten"], r"ten"),
        (["--valid", "0.4", "--test", "0.6"], r"--valid 0.4 and --test 0.6 leave nothing to train on"),
    ],
)
def test_a_wrong_share_is_refused(task: str, options: list[str], message: str, tmp_path: Path) -> None:
    data = CASES[task].write(tmp_path, 80, 1)
    with pytest.raises((UsageError, DataError), match=message):
        registry.task(task).read(config(task, *options), data)


def test_several_files_are_named_with_commas() -> None:
    assert paths_of_test("a.csv, b.csv") == ["a.csv", "b.csv"]
    assert paths_of_test("a.csv") == ["a.csv"]
