"""What a run's folder tells: its numbers, how it ended, and what is said of a folder that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import run_folders
from anaphora.errors import DataError, UsageError
from anaphora.runs import record
from anaphora.runs.content import Result


def test_the_numbers_are_the_logs(tmp_path: Path) -> None:
    run = record.read(run_folders.write(tmp_path, [*run_folders.events(), run_folders.finish()]))
    assert (run.task, run.steps, run.total_steps, run.seconds) == ("language", 40, 40, 23.4)
    assert run.best is not None
    assert (run.best["step"], run.best["loss"]) == (40, 3.1 / 40**0.3)
    assert run.results == [Result("nats", "word", 1.0252, 1.5, "the n-gram model")]
    assert run.in_nats.called == "nats per word"
    assert run.config["model"]["hidden"] == 128
    assert run.started == 1772359200.0  # 2026-03-01 10:00 UTC


def test_a_run_that_goes_on(tmp_path: Path) -> None:
    floor = {"results": [{**run_folders.NATS, "value": None}]}
    folder = run_folders.write(tmp_path, run_folders.events()[:20], facts=floor)
    log = folder / "metrics.jsonl"
    with log.open("a", encoding="utf-8") as file:
        file.write('{"event": "step", "step": 4')  # as it looks while it is written, or after a power cut
    run = record.read(folder)
    assert (run.steps, run.total_steps, run.seconds) == (18, 40, 9.0)
    assert (run.in_nats.value, run.in_nats.baseline, run.in_nats.verdict) == (None, 1.5, None)
    assert run.status(run.written + 50) == "running?"
    assert run.status(run.written + 70) == "stopped"


@pytest.mark.parametrize("seconds", [500, 700])
def test_a_slow_run_may_be_silent_for_longer(tmp_path: Path, seconds: float) -> None:
    told = run_folders.events()[:4]
    for number, event in enumerate(told):
        event["seconds"] = number * 150.0
    run = record.read(run_folders.write(tmp_path, told))
    assert run.status(run.written + seconds) == ("running?" if seconds < 4 * 150 else "stopped")


@pytest.mark.parametrize("stopped", ["finished", "early", "interrupted", "diverged"])
def test_an_end_is_told_by_the_report(tmp_path: Path, stopped: str) -> None:
    run = record.read(run_folders.write(tmp_path, [*run_folders.events(), run_folders.finish(stopped=stopped)]))
    assert run.status(run.written) == stopped


def test_a_record_of_an_earlier_version_without_intervals_is_judged_by_its_figures() -> None:
    shares = [Result("accuracy", "", value, 0.8, "x", lower_is_better=False).verdict for value in (0.9, 0.8, 0.7)]
    assert [Result("nats", "row", 1.2, 1.1, "x").verdict, *shares] == ["worse", "better", "level", "worse"]


def test_runs_are_found_oldest_first_and_a_damaged_one_hides_none(tmp_path: Path) -> None:
    for name, day in (("b/late", 3), ("a", 2), ("c/x/early", 1), (".hidden/y", 1)):
        run_folders.write(tmp_path / name, run_folders.events(), facts={"started": f"2026-03-0{day}T00:00:00+00:00"})
    damaged = run_folders.write(tmp_path / "damaged", run_folders.events())
    with (damaged / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write("no JSON\n")
    found, troubles = record.find([tmp_path, tmp_path / "b"])
    assert [run.folder.relative_to(tmp_path).as_posix() for run in found] == ["c/x/early", "a", "b/late"]
    assert [str(trouble) for trouble in troubles] == [
        f"{damaged / 'metrics.jsonl'}, line 46: expected a JSON object with an event, as a run writes."
    ]


def test_fields_that_differ(tmp_path: Path) -> None:
    other = run_folders.CONFIG.replace("128", "256") + "minutes = 2.0\n"
    pair = [
        record.read(run_folders.write(tmp_path / name, run_folders.events(), config))
        for name, config in (("a", run_folders.CONFIG), ("b", other))
    ]
    assert record.differences(pair) == [("model.hidden", [128, 256]), ("training.minutes", [None, 2.0])]
    assert record.differences([pair[0], pair[0]]) == []


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not the folder of a run: there is no file .*metrics\.jsonl"):
        record.read(tmp_path)
    with pytest.raises(UsageError, match="There is no folder"):
        record.find([tmp_path / "nowhere"])
    folder = run_folders.write(tmp_path / "r", run_folders.events())
    (folder / "config.toml").write_text("[model\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"config\.toml that is not TOML"):
        record.read(folder)


def test_a_folder_without_facts_is_still_a_run(tmp_path: Path) -> None:
    folder = run_folders.write(tmp_path, [*run_folders.events(), run_folders.finish(results=[])])
    (folder / "run.json").unlink()
    (folder / "config.toml").unlink()
    run = record.read(folder)
    assert (run.task, run.config, run.in_nats.baseline) == ("–", {}, None)
    assert json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])["event"] == "plan"
