"""Whole trainings of a language model, from text to file, and every way one can end."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from anaphora import bundle, runtime
from anaphora.config import from_values, resolve
from anaphora.data.text.build import restore
from anaphora.data.text.corpus import split_corpus
from anaphora.errors import Diverged, Interrupted, Terminated, UsageError
from anaphora.runs.report import Report
from anaphora.tasks.language import data, score, windows
from anaphora.tasks.language import training as language
from anaphora.tasks.language.baseline import fitted
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from anaphora.training import checkpoint, run
from anaphora.training.length import lengths
from anaphora.training.observer import Observer, Step

TEXT = "the cat sat on the mat. a dog sat on a log, and the cat saw the dog.\n" * 40
TINY = "--batch 4 --bptt 16 --hidden 12 --layers 1 --embedding 6 --evaluation-units 150 --max-steps 24 --evaluations 4"


def config(*options: str) -> LanguageConfig:
    return resolve(LanguageConfig, PRESETS, options=[*TINY.split(), *options])


def nats_of(output: Path, pieces: list[windows.Piece] | None = None) -> float:
    """Nats per unit of the held-out text, or of pieces of it, by the saved model."""
    model = runtime.load(output)
    ids = restore(model.config["units"]["kind"], model.tensors).encode(str(data.from_memory(config(), TEXT).held_out))
    return float(score.nats(model, ids, pieces).mean())


def sampled_nats_of(output: Path) -> float:
    """Nats per unit of the units that a validation looks at."""
    return nats_of(output, windows.sample(len(data.from_memory(config(), TEXT).held_out), 150))


class Kept(Observer):
    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.notes: list[str] = []
        self.losses: list[float] = []

    def step(self, step: Step) -> None:
        self.losses.append(step.loss)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def finish(self, report: object) -> None:
        assert isinstance(report, Report)
        self.reports.append(report)


def made() -> language.LanguageTraining:
    return language.TRAINING(config(), data.from_memory(config(), TEXT))


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--cell", "gru", "--units", "byte", "--average", "0.3"],
        ["--cell", "rnn", "--units", "word", "--tied", "--layers", "2"],
        ["--units", "subword", "--vocabulary", "40", "--tied", "--embedding", "12"],
    ],
    ids=["char lstm", "byte gru", "word rnn", "subword lstm"],
)
def test_a_training_leaves_a_file_that_scores_what_the_report_says(tmp_path: Path, options: list[str]) -> None:
    settings = config(*options)
    corpus = split_corpus(TEXT, settings.data.valid, "cat.txt")
    watch = Kept()
    report = run.train(language.TRAINING(settings, corpus), tmp_path / "cat.anaphora", observer=watch)

    assert watch.reports == [report]
    opened = bundle.read(tmp_path / "cat.anaphora")
    assert (tmp_path / "cat.anaphora").read_bytes() == (report.run_dir / "model.anaphora").read_bytes()
    vocabulary = restore(opened.config["units"]["kind"], opened.tensors)
    ids = vocabulary.encode(str(corpus.held_out))
    nats = score.nats(runtime.load(tmp_path / "cat.anaphora"), ids)
    assert len(nats) == report.score.units == len(ids) - 1
    assert report.score.nats == math.fsum(nats.tolist()) / len(nats)  # as `eval` sums
    assert report.score.bits == pytest.approx(report.score.nats / math.log(2))
    assert report.score.perplexity == pytest.approx(math.exp(report.score.nats))
    assert report.baseline.nats == fitted(settings, data.encode(settings, corpus)).each.mean()
    assert report.verdict == report.results[0].verdict
    assert (report.stopped, report.steps) == ("finished", 24)
    assert len(watch.losses) == 24

    card = opened.config["card"]
    assert (card["nats_per_unit"], card["data_sha256"], card["sources"]) == (
        report.score.nats,
        corpus.sha256,
        ["cat.txt"],
    )
    assert from_values(LanguageConfig, opened.config["training"]) == settings
    assert resolve(LanguageConfig, file=report.run_dir / "config.toml") == settings
    events = [json.loads(line) for line in (report.run_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["event"] for event in events[:1] + events[-1:]] == ["plan", "finish"]
    assert events[-1]["score"]["nats"] == report.score.nats
    assert [event["step"] for event in events if event["event"] == "evaluation"] == [6, 12, 18, 24]


def test_the_network_says_when_it_loses(tmp_path: Path) -> None:
    settings = config("--max-steps", "1")
    report = run.train(language.TRAINING(settings, data.from_memory(settings, TEXT)), tmp_path / "cat.anaphora")
    assert report.verdict == "worse"
    assert any("is worse than the n-gram model" in note for note in report.notes)


def test_the_same_seed_is_the_same_training_and_leaves_torchs_own_alone(tmp_path: Path) -> None:
    made = []
    for name, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        settings = config("--seed", seed, "--dropout", "0.2", "--output-dropout", "0.2", "--layers", "2")
        torch.manual_seed(0)
        before = torch.get_rng_state()
        run.train(language.TRAINING(settings, data.from_memory(settings, TEXT)), tmp_path / f"{name}.anaphora")
        assert torch.equal(torch.get_rng_state(), before)
        made.append(bundle.read(tmp_path / f"{name}.anaphora").tensors)
    one, again, other = made
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["output.weight"], other["output.weight"])


class Cuts(Observer):
    """Ends a run at a step as a person or a machine would."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.at, self.error = at, error

    def step(self, step: Step) -> None:
        if step.step == self.at:
            raise self.error


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [(KeyboardInterrupt(), Interrupted, 130), (Terminated("asked to stop"), Terminated, 143)],
)
def test_cut_off_the_best_model_is_saved_and_runs(
    tmp_path: Path, error: BaseException, expected: type[Exception], code: int
) -> None:
    settings = config()
    output = tmp_path / "cat.anaphora"
    with pytest.raises(expected, match=r"after step 15.*from step 12, is saved in .*cat\.anaphora") as caught:
        run.train(language.TRAINING(settings, data.from_memory(settings, TEXT)), output, observer=Cuts(15, error))
    assert caught.value.exit_code == code  # type: ignore[attr-defined]
    model = runtime.load(output)
    assert model.config["card"]["nats_per_unit"] is None
    assert model.config["card"]["best_step"] == 12
    assert model.config["card"]["stopped"] in ("interrupted", "terminated")


class CutsAtAStage(Observer):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def stage(self, text: str) -> None:
        if text == "scoring the held-out part":
            raise self.error


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [(KeyboardInterrupt(), Interrupted, 130), (Terminated("asked to stop"), Terminated, 143)],
)
def test_cut_off_while_scoring_the_model_is_saved_already(
    tmp_path: Path, error: BaseException, expected: type[Exception], code: int
) -> None:
    output = tmp_path / "cat.anaphora"
    with pytest.raises(expected, match=r"best model.*from step \d+, is saved in .*cat\.anaphora") as caught:
        run.train(made(), output, observer=CutsAtAStage(error))
    assert caught.value.exit_code == code  # type: ignore[attr-defined]
    model = runtime.load(output)
    assert model.config["card"]["nats_per_unit"] is None
    assert model.config["card"]["sampled_nats_per_unit"] == pytest.approx(sampled_nats_of(output), rel=1e-5)


class CutsWhileCounting(Observer):
    def stage(self, text: str) -> None:
        raise KeyboardInterrupt


def test_cut_off_before_training_nothing_is_said_to_be_saved(tmp_path: Path) -> None:
    settings = config()
    with pytest.raises(Interrupted, match="outside of the training loop"):
        run.train(
            language.TRAINING(settings, data.from_memory(settings, TEXT)),
            tmp_path / "cat.anaphora",
            observer=CutsWhileCounting(),
        )
    assert not (tmp_path / "cat.anaphora").exists()


def test_a_diverged_training_keeps_its_last_good_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = language.loss
    calls = []

    def breaks(model: nn.Module, window: windows.Window, carry: Any) -> Any:
        calls.append(window)
        loss, carry = real(model, window, carry)
        return loss * (math.nan if len(calls) == 15 else 1.0), carry

    monkeypatch.setattr(language, "loss", breaks)
    output = tmp_path / "cat.anaphora"
    with pytest.raises(
        Diverged,
        match=r"loss was nan at step 15 of 24\. A second computation of the same batch gave finite numbers: the cause"
        r" was the random dropout mask\. The best model so far, from step 12, is saved in",
    ):
        run.train(made(), output)
    assert runtime.load(output).config["card"]["nats_per_unit"] == nats_of(output)


def test_diverged_at_once_there_is_no_model_and_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = language.loss
    monkeypatch.setattr(language, "loss", lambda *given: (real(*given)[0] * math.inf, None))
    with pytest.raises(Diverged, match=r"was inf at step 1 of 24\. .*inite.* No model was saved"):
        run.train(made(), tmp_path / "cat.anaphora")
    assert not (tmp_path / "cat.anaphora").exists()


@pytest.mark.parametrize("look", [1.0, math.nan])
def test_diverged_before_the_first_look_the_last_good_weights_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: float
) -> None:
    real, judged = language.loss, language.mean_nats
    calls = []

    def breaks(model: nn.Module, window: windows.Window, carry: Any) -> Any:
        calls.append(window)
        loss, carry = real(model, window, carry)
        return loss * (math.nan if len(calls) == 4 else 1.0), carry

    monkeypatch.setattr(language, "loss", breaks)
    monkeypatch.setattr(language, "mean_nats", lambda *given: judged(*given) * look)
    output = tmp_path / "cat.anaphora"
    with pytest.raises(Diverged, match=r"loss was nan at step 4 of 24\. A second computation.* from step 3, is saved"):
        run.train(made(), output)
    card = runtime.load(output).config["card"]
    assert card["nats_per_unit"] == nats_of(output)
    sampled = None if math.isnan(look) else pytest.approx(sampled_nats_of(output), rel=1e-5)
    assert card["sampled_nats_per_unit"] == sampled


@pytest.mark.parametrize("nats", [math.nan, math.inf, 1000.0])
def test_a_score_beyond_numbers_does_not_lose_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nats: float
) -> None:
    monkeypatch.setattr(score, "nats", lambda model, ids, pieces=None: np.full(windows.scored_in(pieces), nats))
    output = tmp_path / "cat.anaphora"
    report = run.train(made(), output)
    assert report.verdict == "worse"
    assert report.score.perplexity is not None
    assert not math.isfinite(report.score.perplexity)
    card = runtime.load(output).config["card"]
    assert card["perplexity"] is None
    assert card["nats_per_unit"] == (1000.0 if nats == 1000.0 else None)


def test_the_records_of_another_run_are_never_mixed_with(tmp_path: Path) -> None:
    settings = config("--max-steps", "1")
    corpus = data.from_memory(settings, TEXT)
    run.train(language.TRAINING(settings, corpus), tmp_path / "cat.anaphora", run_dir=tmp_path / "run")
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    with pytest.raises(UsageError, match="records of another run"):
        run.train(language.TRAINING(settings, corpus), tmp_path / "cat.anaphora", run_dir=tmp_path / "run")
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before


def test_an_output_that_cannot_be_written_is_found_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    watch = Kept()
    for output, run_dir in ((tmp_path / "file" / "cat.anaphora", None), (tmp_path / "cat.anaphora", tmp_path / "file")):
        with pytest.raises(UsageError, match="ame another"):
            run.train(made(), output, run_dir=run_dir, observer=watch)
    assert watch.losses == []


def test_a_disk_that_fills_up_while_saving_keeps_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise UsageError("no space.")

    run.train(made(), tmp_path / "whole.anaphora")
    monkeypatch.setattr(bundle, "write", full)
    with pytest.raises(UsageError, match=r"no space\. The best model .* is saved in .*best\.safetensors"):
        run.train(
            made(),
            tmp_path / "cat.anaphora",
            run_dir=tmp_path / "run",
        )
    kept, _ = checkpoint.read(tmp_path / "run" / "checkpoints" / checkpoint.BEST)
    whole = runtime.load(tmp_path / "whole.anaphora").tensors
    assert kept.keys() == {name for name in whole if not name.startswith("vocabulary.")}
    for name, tensor in kept.items():
        np.testing.assert_array_equal(tensor, whole[name])


@pytest.mark.parametrize("full", ["cat.anaphora", "model.anaphora"])
def test_of_two_places_the_one_with_room_gets_the_model_and_its_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    real = bundle.write

    def write(path: Path, *given: Any, **named: Any) -> None:
        if path.name == full:
            raise UsageError("no space.")
        real(path, *given, **named)

    monkeypatch.setattr(bundle, "write", write)
    with pytest.raises(UsageError, match=r"no space\. The best model .* is saved in") as caught:
        run.train(
            made(),
            tmp_path / "cat.anaphora",
            run_dir=tmp_path / "run",
        )
    other = tmp_path / "run" / "model.anaphora" if full == "cat.anaphora" else tmp_path / "cat.anaphora"
    assert str(other) in str(caught.value)
    assert runtime.load(other).config["card"]["nats_per_unit"] == nats_of(other)


@pytest.mark.parametrize(("at", "best"), [(3, 3), (15, 12)])
def test_records_that_cannot_be_written_in_mid_run_do_not_lose_the_model(tmp_path: Path, at: int, best: int) -> None:
    output = tmp_path / "cat.anaphora"
    watch = Cuts(at, UsageError("metrics.jsonl could not be written: no space."))
    with pytest.raises(UsageError, match=rf"no space\. The best model so far, from step {best}, is saved in .*cat\."):
        run.train(made(), output, observer=watch)
    card = runtime.load(output).config["card"]
    assert (card["best_step"], card["stopped"], card["nats_per_unit"]) == (best, "unwritable", None)


def test_a_checkpoint_that_cannot_be_written_does_not_lose_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise UsageError("no space.")

    monkeypatch.setattr(checkpoint, "write", full)
    output = tmp_path / "cat.anaphora"
    with pytest.raises(UsageError, match=r"no space\. The best model so far, from step 6, is saved in .*cat\."):
        run.train(made(), output)
    assert runtime.load(output).config["card"]["best_step"] == 6


def test_a_disk_without_room_is_found_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    watch = Kept()
    with pytest.raises(UsageError, match=r"about \d+ kB of free space.*only 1 kB is free"):
        run.train(made(), tmp_path / "cat.anaphora", observer=watch)
    assert watch.losses == []


def test_minutes_become_a_plan_on_the_clock_that_started_with_the_command() -> None:
    settings = config("--minutes", "0.05", "--max-steps", "60")
    started = time.monotonic() - 1.0
    schedule, budget = lengths(language.TRAINING(settings, data.from_memory(settings, TEXT)), started)
    assert budget is not None
    assert budget.deadline == started + 3.0
    assert budget.most_steps == 60
    assert schedule.plans == []


@pytest.mark.parametrize(
    ("options", "total", "reason"),
    [
        (["--max-steps", "7"], 7, "steps"),
        (["--epochs", "0.5", "--max-steps", "none"], 20, "epochs"),
        (["--epochs", "0.5", "--max-steps", "7"], 7, "steps"),
        (["--max-steps", "none"], 390, "epochs"),
    ],
)
def test_without_minutes_steps_or_epochs_say_how_long(options: list[str], total: int, reason: str) -> None:
    settings = config(*options)
    schedule, budget = lengths(language.TRAINING(settings, data.from_memory(settings, TEXT)), 0.0)
    assert budget is None
    assert [(plan.total_steps, plan.reason) for plan in schedule.plans] == [(total, reason)]
