"""A law over all tasks: the test part changes neither the weights nor any other figure, and is in no other part."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import anaphora
from anaphora.data.parts import test_paths as paths_of_test
from anaphora.errors import DataError, UsageError
from anaphora.report import page
from anaphora.runs import record
from anaphora.runs.verdict import ends
from anaphora.tasks import registry
from labelled import sentences, write_csv
from program import Run
from small_tasks import CASES, config


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
    assert both.without.report.score == both.tested.report.score
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
    drawn = page.render(record.read(folder), now=0.0)
    assert f"{found.results[0].value:.4f}" in drawn
    tile = drawn.partition("test part<")[2].partition("</div>")[0]
    interval = found.results[0].interval
    assert ("95 % interval" in tile) == (interval is not None)
    assert interval is None or ends(interval) in tile


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
    other = ",".join(case.write(tmp_path, 30, 3))
    with pytest.raises(UsageError, match=r"\(--test\) is named twice, so its rows would count twice"):
        read(config(task, "--test", f"{other},{other}"), data)
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
        (["--test", ""], r"--test names no file: it was given ''. Name a file, or give a share: --test 0.1"),
        (["--test", " , "], r"--test names no file: it was given ' , '"),
        (["--valid", "0.4", "--test", "0.6"], r"--valid 0.4 and --test 0.6 leave nothing to train on"),
    ],
)
def test_a_wrong_share_is_refused(task: str, options: list[str], message: str, tmp_path: Path) -> None:
    data = CASES[task].write(tmp_path, 80, 1)
    with pytest.raises((UsageError, DataError), match=message):
        registry.task(task).read(config(task, *options), data)


def test_files_unlike_the_training_data_are_told_with_the_remedy(tmp_path: Path) -> None:
    data = CASES["classify"].write(tmp_path, 80, 1)
    other = write_csv(tmp_path / "cols.csv", {"review": ["so so"], "mood": ["good"]})
    like = "--test takes files like those of the training part: the same layout, and columns of the same names"
    with pytest.raises(DataError, match=rf"cols\.csv' has no column 'label'\. It has: review, mood\. {like}"):
        registry.task("classify").read(config("classify", "--test", str(other)), data)
    one, _ = CASES["translate"].write(tmp_path, 30, 2)
    pairs = CASES["translate"].write(tmp_path, 80, 1)
    with pytest.raises(UsageError, match=rf"was named alone, .* or a table with two columns\. {like}"):
        registry.task("translate").read(config("translate", "--test", one), pairs)


def test_several_files_are_named_with_commas() -> None:
    assert paths_of_test("a.csv, b.csv") == ["a.csv", "b.csv"]
    assert paths_of_test("a.csv") == ["a.csv"]


def test_a_config_file_and_init_hold_the_test_part(program: Run, tmp_path: Path) -> None:
    CASES["classify"].write(tmp_path, 80, 1)
    done = program(tmp_path, "init", "classify", "80-1.csv", "--test", "0.25", "-o", "c.toml")
    assert done.returncode == 0, done.stderr
    assert "\ntest = 0.25\n" in (tmp_path / "c.toml").read_text(encoding="utf-8")
    short = CASES["classify"].options.replace(" --valid 0.25", "").split()
    done = program(tmp_path, "train", "classify", "80-1.csv", "--config", "c.toml", *short)
    assert done.returncode == 0, done.stderr
    assert "on 20 rows that training never used" in done.stdout
    assert "few-held-out, the test part" in done.stderr
    assert "Scoring the test part." in done.stderr
    done = program(
        tmp_path, "tune", "classify", "80-1.csv", "--config", "c.toml", *short, "--minutes", "9", "--trials", "1"
    )
    assert done.returncode == 0, done.stderr
    assert "test = 0.25\n" in (tmp_path / "tune.run" / "best.toml").read_text(encoding="utf-8")
    done = program(tmp_path, "train", "classify", "80-1.csv", "--test", "/dev/stdin", stdin="text,label\n")
    assert done.returncode == 2
    assert "'/dev/stdin' (--test) is a pipe, which can be read once" in done.stderr


def test_a_share_of_values_in_memory(tmp_path: Path) -> None:
    texts, labels = sentences(80, 1)
    model = anaphora.train("classify", (texts, labels), config=config("classify"), test=0.25)
    assert model.report.test.count == 20
    with pytest.raises(UsageError, match=r"test takes a share .* in memory; it was given 't\.csv'"):
        anaphora.train("classify", (texts, labels), config=config("classify"), test="t.csv")


def unseen(path: Path, rows: list[tuple[str, str]]) -> str:
    write_csv(path, {"text": [text for text, _ in rows], "label": [label for _, label in rows]})
    return str(path)


@pytest.mark.parametrize("task", ["classify", "tag", "translate"])
def test_rows_that_training_has_seen_are_told(task: str, tmp_path: Path) -> None:
    """The line counts test rows that are also in the training part; a test part of nothing else is refused."""
    case = CASES[task]
    data, test = case.write(tmp_path, 80, 1), case.write(tmp_path, 30, 2)
    chosen = registry.task(task)
    plain = chosen.read(config(task, "--test", ",".join(test)), data)
    known, new = plain.train.take(range(12)), plain.test.take(range(5))
    trained = chosen.training
    first = trained(config(task), replace(plain, test=new))
    keys = set(first.keys(known)) - {None}
    assert first.known_rows.tolist() == [key in keys for key in first.keys(new)]
    again = trained(config(task), replace(plain, test=known))
    expected = [key is not None for key in again.keys(known)]
    assert again.known_rows.tolist() == expected
    assert any(expected)
    if all(expected):
        with pytest.raises(DataError, match=r"Every row of the test part \(--test .* is also in the training part"):
            trained(config(task, "--test", ",".join(test)), replace(plain, test=known))


def test_the_test_line_counts_known_rows(tmp_path: Path) -> None:
    data = CASES["classify"].write(tmp_path, 80, 1)
    texts, labels = sentences(80, 1)
    train = set(registry.task("classify").read(config("classify"), data).train.inputs)
    seen = [row for row in zip(texts, labels, strict=True) if row[0] in train][:3]
    fresh = [(f"{text} indeed", label) for text, label in zip(texts[:7], labels[:7], strict=True)]
    test = unseen(tmp_path / "t.csv", [*seen, *fresh])
    model = anaphora.train("classify", [Path(data[0])], config=config("classify", "--test", test))
    assert model.report.test.line().endswith(", on 10 rows, of which 3 are also in the training part")
    assert model.card["test"]["also_in_training"] == 3
    reordered = unseen(tmp_path / "r.csv", list(zip(texts, labels, strict=True))[::-1])
    with pytest.raises(DataError, match=r"Every row of the test part \(.*r\.csv'\) is also in the training part or in"):
        anaphora.train("classify", [Path(data[0])], config=config("classify", "--test", reordered))


def test_labels_without_a_training_row_are_wrong_and_told(tmp_path: Path) -> None:
    data = CASES["classify"].write(tmp_path, 80, 1)
    texts, labels = sentences(20, 4)
    rows = [*zip(texts, labels, strict=True), ("so so", "maybe"), ("well", "maybe"), ("hm", "perhaps")]
    test = unseen(tmp_path / "t.csv", rows)
    model = anaphora.train("classify", [Path(data[0])], config=config("classify", "--test", test))
    found = model.report.test
    right = sum(guess == label for guess, (_, label) in zip(model.predict([t for t, _ in rows]), rows, strict=True))
    assert found.results[0].value == right / 23
    assert found.score.unknown_rows == 3
    assert found.notes == (
        "3 rows of the test part have labels without a training row, always predicted wrong: 'maybe', 'perhaps'.",
    )


def test_a_test_part_of_other_labels_only_is_refused_before_training(tmp_path: Path) -> None:
    data = CASES["classify"].write(tmp_path, 80, 1)
    test = unseen(tmp_path / "t.csv", [("so so", "maybe"), ("hm", "perhaps")])
    with pytest.raises(DataError, match="No label of the 2 rows of the test part occurs in the training part"):
        anaphora.train(
            "classify", [Path(data[0])], config=config("classify", "--test", test), output=tmp_path / "m.anaphora"
        )
    assert not (tmp_path / "m.run").exists()


@pytest.mark.parametrize("task", ["classify", "tag", "translate"])
def test_an_empty_share_is_refused_with_the_remedy(task: str, tmp_path: Path) -> None:
    data = CASES[task].write(tmp_path, 40, 1)
    options = ["--test", "0.001"]
    chosen = registry.task(task)
    if task == "classify":
        with pytest.raises(
            DataError, match=r"The test part has no row; the data have 40. Raise --test, or name a file"
        ):
            chosen.read(config(task, *options), data)
    else:  # a share of at least one example
        assert len(chosen.read(config(task, *options), data).test) == 1


def test_eval_prints_the_stored_baseline(both: Both, program: Run, tmp_path: Path) -> None:
    """The figures are those of the report, and the line says of which rows they are."""
    done = program(tmp_path, "eval", str(both.file), *both.test)
    assert done.returncode == 0, done.stderr
    kept = both.tested.stored_baseline
    assert done.stdout.splitlines()[-1] == kept.line()
    assert kept.line().startswith("on the held-out part of the training, ")
    results = {result.called: result.baseline for result in both.tested.report.results if result.baseline is not None}
    assert kept.figures
    assert {name: results[name] for name in kept.figures} == dict(kept.figures)
    found = json.loads(program(tmp_path, "eval", str(both.file), *both.test, "--json").stdout)
    settings = {"settings": kept.settings} if both.task == "translate" else {}
    shown = {"part": "the held-out part of the training", "name": kept.name, **kept.figures, **settings}
    assert found["stored_baseline"] == shown
    if both.task == "translate":  # a figure of another tokenizer cannot be compared with this one
        done = program(tmp_path, "eval", str(both.file), *both.test, "--bleu-tokenize", "intl")
        assert f"BLEU (tok:{both.tested.deciding.tokenize}) " in done.stdout.splitlines()[-1]


def test_the_verdict_is_of_the_test_part(both: Both) -> None:
    report, found = both.tested.report, both.tested.report.test
    assert report.verdict == found.results[0].verdict
    about = [note for note in report.notes if re.search(" (network|classifier) is ", note)]
    assert [re.split(" (?:network|classifier) is ", note)[0] for note in about] == ["On the test part, the"]
    assert f"{found.results[0].value:.4f}" in about[0]
    assert f"against {found.results[0].baseline:.4f}" in about[0]
    assert all("On the test part" not in note for note in both.without.report.notes)
