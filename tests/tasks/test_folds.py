"""Cross-validation: every example is tested once, by a training that never used it; the final model is untouched."""

from __future__ import annotations

import json
import shutil
import statistics
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import anaphora
from anaphora.data.folds import dealt
from anaphora.errors import Interrupted, UsageError
from anaphora.report import page
from anaphora.runs import record
from anaphora.tasks import registry
from anaphora.training.observer import Observer, Step
from labelled import write_csv
from small_tasks import CASES, config
from translated import write_pairs

FOLDS = 3


class Both(NamedTuple):
    """One task trained without folds and with them, on the same files."""

    task: str
    data: list[str]
    without: Any
    folded: Any


@pytest.fixture(scope="module", params=CASES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    task, folder = request.param, tmp_path_factory.mktemp("folds")
    data = CASES[task].write(folder, 80, 1)
    read = [Path(name) for name in data]
    without = anaphora.train(task, read, config=config(task), output=folder / "without.anaphora")
    folded = anaphora.train(task, read, config=config(task, "--folds", str(FOLDS)), output=folder / "folded.anaphora")
    return Both(task, data, without, folded)


def test_the_final_model_is_that_without_folds(both: Both) -> None:
    for name, tensor in both.without.runtime.tensors.items():
        assert tensor.tobytes() == both.folded.runtime.tensors[name].tobytes(), name
    assert both.without.report.results == both.folded.report.results
    assert both.without.report.folds is None


@pytest.mark.parametrize("task", CASES)
@pytest.mark.parametrize("more", [[], ["--test", "0.2"], ["--valid", "FILE"]])
def test_every_example_is_in_one_fold_and_in_no_training_of_it(task: str, more: list[str], tmp_path: Path) -> None:
    case, chosen = CASES[task], registry.task(task)
    data = case.write(tmp_path, 80, 1)
    more = [",".join(case.write(tmp_path, 30, 2)) if word == "FILE" else word for word in more]
    settings = config(task, "--folds", str(FOLDS), *more)
    corpus = chosen.read(settings, data)
    folds = chosen.training(settings, corpus).folds  # type: ignore[attr-defined]
    parts = [folds.corpus_of(number) for number in range(FOLDS)]
    own = "--valid" in more
    pool = case.inside(corpus.train) + ([] if own else case.inside(corpus.held_out))
    tested = [row for part in parts for row in case.inside(part.test)]
    assert Counter(map(str, tested)) == Counter(map(str, pool))
    sizes = [len(part.test) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert len({part.sha256 for part in parts}) == FOLDS
    for part in parts:
        inside = [case.inside(each) for each in (part.train, part.test, *(() if own else (part.held_out,)))]
        assert Counter(str(row) for rows in inside for row in rows) == Counter(map(str, pool))
        assert not own or case.inside(part.held_out) == case.inside(corpus.held_out)


def test_a_fold_is_a_training_on_the_others(both: Both, tmp_path: Path) -> None:
    chosen, settings = registry.task(both.task), config(both.task, "--folds", str(FOLDS))
    work: Any = chosen.training(settings, chosen.read(settings, both.data))
    found = both.folded.report.folds
    number = FOLDS - 1
    from anaphora.training import run

    alone = run.train(work.fold(number, None), tmp_path / "alone.anaphora")
    assert alone.test.results == found.each[number].results
    assert alone.folds is None


def test_report_card_and_page_have_mean_and_deviation(both: Both) -> None:
    found, report = both.folded.report.folds, both.folded.report
    values = [fold.results[0].value for fold in found.each]
    name = found.each[0].results[0].called
    [line] = [line for line in report.lines() if line.startswith("3 folds: ")]
    assert f"{name} {np.mean(values):.4f} ± {np.std(values):.4f} (standard deviation over the folds)" in line
    baselines = [fold.results[0].baseline for fold in found.each]
    assert f"{np.mean(baselines):.4f} ± {np.std(baselines):.4f}" in line
    card = both.folded.card["folds"]
    assert card["count"] == FOLDS
    assert card[name]["each"] == values
    assert card[name]["mean"] == pytest.approx(statistics.fmean(values))
    assert "Cross-validation" in page.render(record.read(both.folded.run_dir), now=0.0)
    finish = record.read(both.folded.run_dir).finish
    assert [fold["results"][0]["value"] for fold in finish["folds"]["each"]] == values


class Cuts(Observer):
    """Presses Ctrl-C in a step of a part; `parts` are those that have begun."""

    def __init__(self, part: str, step: int) -> None:
        self.cut, self.parts = (part, step), list[str]()

    def part(self, text: str) -> None:
        self.parts.append(text)

    def step(self, step: Step) -> None:
        if (self.parts[-1], step.step) == self.cut:
            raise KeyboardInterrupt


@pytest.mark.parametrize("cut", [("fold 2 of 3", 4), ("fold 1 of 3", 2), ("", 4)])
def test_a_run_that_is_cut_off_in_a_fold_continues_there(cut: tuple[str, int], tmp_path: Path) -> None:
    data = [Path(name) for name in CASES["classify"].write(tmp_path, 80, 1)]
    settings = config("classify", "--folds", "3")
    whole = anaphora.train("classify", data, config=settings, output=tmp_path / "whole.anaphora")
    file, folder = tmp_path / "cut.anaphora", tmp_path / "cut.run"
    with pytest.raises(Interrupted) as stopped:
        anaphora.train("classify", data, config=settings, output=file, progress=Cuts(*cut))
    assert f"anaphora resume {folder}" in str(stopped.value)
    assert str(folder / "folds") not in str(stopped.value)
    assert (cut[0] or "after step") in str(stopped.value)
    kept = sorted(path.name for path in (folder / "folds").glob("*.json"))
    assert len(kept) == {"fold 1 of 3": 0, "fold 2 of 3": 1, "": 3}[cut[0]]
    seen = Cuts("never", 0)
    found = anaphora.resume(folder, progress=seen)
    assert [part for part in seen.parts if part] == [f"fold {number} of 3" for number in range(len(kept) + 1, 4)]
    for name, tensor in whole.runtime.tensors.items():
        assert tensor.tobytes() == found.runtime.tensors[name].tobytes(), name
    assert [fold.results for fold in found.report.folds.each] == [fold.results for fold in whole.report.folds.each]
    assert sorted(path.name for path in (folder / "folds").iterdir()) == ["1.json", "2.json", "3.json"]
    shutil.rmtree(folder)


def test_the_time_is_shared_out_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anaphora.training import folds as module
    from anaphora.training import run

    now, given = [100.0], list[float]()
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    class Work:
        training = config("classify", "--folds", "4", "--minutes", "10").training

        def fold(self, number: int, minutes: float) -> Work:
            given.append(minutes)
            return self

    def train(*_: Any, **__: Any) -> Any:
        now[0] += 60 * given[-1]
        return whole.report

    data = [Path(name) for name in CASES["classify"].write(tmp_path, 80, 1)]
    monkeypatch.undo()
    whole = anaphora.train("classify", data, config=config("classify", "--test", "0.2"))
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    module.cross_validated(Work(), tmp_path, Observer(), 100.0, train, run.resume, lambda _: None)  # type: ignore[arg-type]
    assert given == pytest.approx([2.0] * 4)  # of ten minutes, and two are left for the final training


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--folds", "1"], r"--folds takes a whole number, at least 2"),
        (["--folds", "0"], r"--folds takes a whole number, at least 2"),
        (["--folds", "2.5"], r"--folds takes a whole number, at least 2 .* given \"2.5\""),
        (["--folds", "ten"], r"--folds takes a whole number, at least 2"),
    ],
)
def test_wrong_numbers_of_folds_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        config("classify", *words)


@pytest.mark.parametrize("task", ["classify", "tag", "translate"])
def test_more_folds_than_examples_are_refused_before_training(task: str, tmp_path: Path) -> None:
    data = [Path(name) for name in CASES[task].write(tmp_path, 40, 1)]
    with pytest.raises(UsageError, match=r"folds.* the data have 40 examples .* Use at most .*40"):
        anaphora.train(task, data, config=config(task, "--folds", "41"), output=tmp_path / "m.anaphora")
    assert not (tmp_path / "m.run").exists()


def test_labels_are_dealt_out_evenly() -> None:
    labels = np.random.default_rng(3).choice(["a", "b", "c"], 101, p=[0.7, 0.25, 0.05]).tolist()
    folds = dealt(labels, 4, seed=5)
    for label in "abc":
        counts = np.bincount(folds[np.array(labels) == label], minlength=4)
        assert counts.max() - counts.min() <= 1, label
    assert json.dumps(folds.tolist()) == json.dumps(dealt(labels, 4, seed=5).tolist())
    assert folds.tolist() != dealt(labels, 4, seed=6).tolist()


def test_several_processes_refuse_folds(tmp_path: Path) -> None:
    from anaphora.training import run
    from anaphora.training.distributed.workers import Alone

    class Two(Alone):
        ranks = 2

    chosen, settings = registry.task("classify"), config("classify", "--folds", "3")
    work = chosen.training(settings, chosen.read(settings, CASES["classify"].write(tmp_path, 80, 1)))
    with pytest.raises(UsageError, match=r"--folds 3 trains in one process, and there are 2"):
        run.train(work, tmp_path / "m.anaphora", workers=Two())
    assert not (tmp_path / "m.run").exists()


def test_small_folds_are_told_with_numbers(tmp_path: Path) -> None:
    rows = [("good one", "a"), ("bad one", "b")] * 8 + [("so so", "c"), ("well", "c"), ("hm", "d")]
    path = write_csv(
        tmp_path / "a.csv",
        {"text": [f"{text} {n}" for n, (text, _) in enumerate(rows)], "label": [label for _, label in rows]},
    )
    found = {each.code: each for each in anaphora.check("classify", path, config=config("classify", "--folds", "6"))}
    assert found["small-fold"].message == (
        "The smallest fold has 3 rows, and the data have 4 labels. 2 labels have fewer rows than the 6 folds, so some"
        " folds lack them: 'd' (1), 'c' (2). 1 label has one row, which is predicted wrong when its fold is the test."
    )


def test_check_shares_the_time_out_among_the_trainings(tmp_path: Path) -> None:
    data = CASES["classify"].write(tmp_path, 80, 1)

    def epochs(*options: str) -> tuple[float, str]:
        settings = config("classify", "--minutes", "8", *options)
        [found] = [each for each in anaphora.check("classify", data, config=settings) if each.code == "time"]
        seconds = found.figures["seconds_per_pass"]
        told = float(found.message.split("up to ")[1].split()[0].replace(",", ""))
        return told * seconds, found.message

    alone, folded = epochs(), epochs("--folds", "3")
    assert alone[0] == pytest.approx(480, rel=0.01)
    assert folded[0] == pytest.approx(120, rel=0.01)
    assert "There are 4 trainings: one for each fold, and the final one." in folded[1]


def test_all_folds_of_a_translator_are_judged_by_the_metric_of_the_whole_corpus(tmp_path: Path) -> None:
    short = [(f"eins {at}", "one" if at % 2 else "one of them") for at in range(40)]
    data = write_pairs(tmp_path, short, "half")
    for seed in range(3):
        settings = config("translate", "--folds", "3", "--seed", str(seed))
        chosen = registry.task("translate")
        work: Any = chosen.training(settings, chosen.read(settings, data))
        assert {work.fold(number, None).deciding for number in range(3)} == {work.deciding}


@pytest.mark.parametrize("task", ["classify", "tag", "translate"])
def test_rows_that_are_in_several_folds_are_told(task: str, tmp_path: Path) -> None:
    data = CASES[task].write(tmp_path, 30, 1)
    twice = []
    for number, name in enumerate(data):
        text = Path(name).read_text(encoding="utf-8")
        twice.append(tmp_path / f"twice{number}{Path(name).suffix}")
        body = text.split("\n", 1)[1] if task == "classify" else text
        twice[-1].write_text(f"{text.rstrip()}\n{chr(10) * (task == 'tag')}{body}", encoding="utf-8")
    told = anaphora.check(task, twice, config=config(task, "--folds", "3"))
    [finding] = [each for each in told if (each.where, each.code) == ("the folds", "duplicate-across")]
    assert " of 60 " in finding.message
    assert "equal a row of another fold" in finding.message
    alone = anaphora.check(task, twice, config=config(task))
    assert not [each for each in alone if each.where == "the folds"]


def test_a_share_of_the_time_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anaphora.training import run

    monkeypatch.setattr(run, "_LATE", 0.0)

    class Notes(Observer):
        def __init__(self) -> None:
            self.told = list[str]()

        def note(self, text: str) -> None:
            self.told.append(text)

    data, seen = [Path(name) for name in CASES["classify"].write(tmp_path, 80, 1)], Notes()
    settings = config("classify", "--folds", "2", "--minutes", "0.001")
    anaphora.train("classify", data, config=settings, output=tmp_path / "m.anaphora", progress=seen)
    assert seen.told[0].startswith("--minutes 0.001 gives each of the 3 trainings (one for each fold, and the final")
    late = [text for text in seen.told if text.startswith("fold 1 of 2: Reading and preparing")]
    assert len(late) == 1
    assert "of this training's share of --minutes (3 trainings): little time is left" in late[0]
