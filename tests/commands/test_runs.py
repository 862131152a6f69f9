"""`anaphora runs`: the list, one run, several; all read from folders alone, and without torch."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import run_folders
from program import Run, failed
from warm import Warm


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    run_folders.write(tmp_path / "a.run", [*run_folders.events(), run_folders.finish()])
    config = run_folders.CONFIG.replace("0.003", "0.01")
    facts = {"started": "2026-03-02T09:30:00+00:00"}
    run_folders.write(tmp_path / "deep" / "b.run", run_folders.events()[:30], config, facts)
    return tmp_path


def test_the_list(run: Run, folders: Path, python: Path | str) -> None:
    done = run("runs", python=python)
    assert done.returncode == 0, done.stderr
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "run task status started time steps best validation loss held out baseline metric",
        "a.run language finished 2026-03-01 10:00 0:23 40 1.0250 1.0252 1.5000 nats",
        f"deep/b.run language running? 2026-03-02 09:30 0:14 27/40 {3.1 / 20**0.3:.4f} – –",
    ]
    lines = done.stdout.splitlines()
    assert lines[1].index("1.5000") + 6 == lines[0].index("baseline") + 8  # flush right under its head
    narrowed = run("runs", "deep", python=python)
    assert [line.split()[0] for line in narrowed.stdout.splitlines()] == ["run", "deep/b.run"]


def test_eighty_columns_are_enough(run: Run, folders: Path, warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = run("runs").stdout
    monkeypatch.setitem(warm.environment, "COLUMNS", "80")
    narrow = run("runs").stdout
    beside = run("runs", "compare", *["a.run", "deep/b.run"] * 5).stdout
    assert max(map(len, listed.splitlines())) > 80
    assert [" ".join(line.split()) for line in narrow.splitlines()] == [
        "run task status best loss held out baseline metric",
        "a.run language finished 1.0250 1.0252 1.5000 nats",
        f"deep/b.run language running? {3.1 / 20**0.3:.4f} – –",
        "",
        "Not shown, for want of width: time, steps, started. A wider terminal shows them,",
        "and --json.",
    ]
    assert max(map(len, [*narrow.splitlines(), *beside.splitlines()])) <= 80
    monkeypatch.setitem(warm.environment, "COLUMNS", "40")
    curve = [line for line in run("runs", "show", "a.run").stdout.splitlines() if "┤" in line]
    assert set(map(len, curve)) == {40}
    assert beside.count("language") == 10


def test_the_list_as_json(run: Run, folders: Path) -> None:
    first, second = map(json.loads, run("runs", "--json").stdout.splitlines())
    unknown = {"interval": None, "difference": None, "units": None, "unit": "", "own": "network"}
    assert first["results"] == [{**run_folders.NATS, "lower_is_better": True, **unknown, "verdict": "better"}]
    assert (first["run"], first["status"], first["best_step"]) == ("a.run", "finished", 40)
    assert (second["steps"], second["total_steps"], second["seconds"]) == (27, 40, 13.5)
    assert second["best_validation_loss"] == 3.1 / 20**0.3


def test_test_part_and_folds_are_shown_and_compared(run: Run, folders: Path) -> None:
    values, own = [1.1, 1.3, 1.8], {**run_folders.NATS, "value": 1.25}
    counts = {"count": 9, "unit": "line", "steps": 4, "seconds": 1.0}
    each = [{"results": [{**own, "value": value, "baseline": value + 0.5}], **counts} for value in values]
    test = {"results": [own], "count": 70, "unit": "word", "score": {}, "baseline": {}, "facts": {"nats": 1.25}}
    told = run_folders.finish(test={**test, "notes": []}, folds={"each": each})
    run_folders.write(folders / "c.run", [*run_folders.events(), told])
    shown = run("runs", "show", "c.run").stdout.splitlines()
    assert "test: nats per word 1.2500, the n-gram model 1.5000, on 70 words that training never used" in shown
    spread = f"{np.mean(values):.4f} ± {np.std(values):.4f}"
    beside = f"the n-gram model {np.mean(values) + 0.5:.4f} ± {np.std(values):.4f}"
    assert f"3 folds: nats per word {spread} (standard deviation over the folds), {beside}" in shown
    facts = json.loads(run("runs", "show", "c.run", "--json").stdout)
    assert (facts["test"]["scored"], facts["test"]["nats"]) == (70, 1.25)
    assert facts["folds"]["nats per word"]["each"] == values
    assert facts["folds"]["nats per word"]["mean"] == pytest.approx(np.mean(values))
    rows = [" ".join(line.split()) for line in run("runs", "compare", "a.run", "c.run").stdout.splitlines()]
    assert "test: nats per word – 1.2500" in rows
    assert f"folds: nats per word – {spread}" in rows
    both = json.loads(run("runs", "compare", "a.run", "c.run", "--json").stdout)["runs"]
    assert [one["test"] is None for one in both] == [one["folds"] is None for one in both] == [True, False]


def test_nothing_there(run: Run, folders: Path) -> None:
    (folders / "empty").mkdir()
    assert "No run under empty" in run("runs", "empty").stdout
    failed(run("runs", "nowhere"), 2, "There is no folder 'nowhere'")
    failed(run("runs", "compaer", "a.run"), 2, "Did you mean `anaphora runs compare`?")
    failed(run("runs", "show", "empty"), 2, "'empty' is not the folder of a run: there is no file")
    (folders / "novel.txt").write_text("text", encoding="utf-8")
    (folders / "a.anaphora").write_text("model", encoding="utf-8")
    for words in (["show", "novel.txt"], ["compare", "a.run", "novel.txt"]):
        failed(run("runs", *words), 2, "'novel.txt' is not the folder of a run: it is a file. Name the folder")
    failed(run("runs", "show", "a.anaphora"), 2, "it is a file. Did you mean 'a.run'?")
    failed(run("runs", "novel.txt"), 2, "'novel.txt' is a file. Expected a run")
    failed(run("runs", "compare", "a.run"), 2, "at least two runs")
    (folders / "a.run" / "metrics.jsonl").write_text("what?\n", encoding="utf-8")
    done = run("runs")
    assert "deep/b.run" in done.stdout
    assert "a.run/metrics.jsonl, line 1" in done.stderr


def test_one_run(run: Run, folders: Path) -> None:
    done = run("runs", "show", "a.run", "--html")
    assert "a.run: language, finished after 40 steps, 0:23" in done.stdout
    assert "held out  1.0252 nats per word; the n-gram model 1.5000" in done.stdout
    assert done.stdout.splitlines()[-1] == "page      a.run/report.html"
    assert "<h1>a.run</h1>" in (folders / "a.run" / "report.html").read_text(encoding="utf-8")
    shown = run("runs", "show", "a.run", "--json")
    assert json.loads(shown.stdout) == json.loads(run("runs", "a.run", "--json").stdout)


def test_runs_beside_each_other(run: Run, folders: Path) -> None:
    done = run("runs", "compare", "a.run", "deep/b.run", "--html", "c.html", "--svg", "c.svg")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["a.run", "b.run"]
    assert ["steps", "40", "27"] in rows
    assert ["training.learning_rate", "0.003", "0.01"] in rows
    assert rows[-2:] == [["c.html"], ["c.svg"]]
    assert "training.learning_rate" in (folders / "c.html").read_text(encoding="utf-8")
    assert ElementTree.parse(folders / "c.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    facts = json.loads(run("runs", "compare", "a.run", "deep/b.run", "--json").stdout)
    assert facts["settings"] == {"training.learning_rate": [0.003, 0.01]}
    assert [each["run"] for each in facts["runs"]] == ["a.run", "deep/b.run"]
