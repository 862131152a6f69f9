"""Where time is short: shares of a look and of a score, the same units by network and n-grams, resumed or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from anaphora import bundle, runtime
from anaphora.baselines.ngram import KneserNey
from anaphora.config import resolve
from anaphora.data.text.build import restore
from anaphora.errors import Interrupted
from anaphora.nn.build import Stack, build
from anaphora.tasks.language import data, score, windows
from anaphora.tasks.language import training as language
from anaphora.tasks.language.baseline import fitted
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from anaphora.training import run
from anaphora.training.observer import Observer
from anaphora.training.plan import Plan

TEXT = "the cat sat on the mat. a dog sat on a log, and the cat saw the dog.\n" * 200
TINY = "--batch 4 --bptt 16 --hidden 12 --layers 1 --embedding 6 --evaluation-units 600 --evaluations 4 --valid 0.5"


def config(*options: str) -> LanguageConfig:
    return resolve(LanguageConfig, PRESETS, options=[*TINY.split(), *options])


def work(*options: str) -> language.LanguageTraining:
    settings = config(*options)
    return language.TRAINING(settings, data.from_memory(settings, TEXT))


@pytest.mark.parametrize("share", [0.001, 0.3, 0.77])
def test_a_share_of_a_score_is_the_first_part_of_every_piece(share: float) -> None:
    settings = config()
    made = language.TRAINING(settings, data.from_memory(settings, 3 * TEXT))
    encoded, N = made.encoded, len(made.encoded.held_out)
    made.fit_baseline(Observer())
    made.limit(1.0, share)
    ngrams = KneserNey(made.baseline.order, encoded.vocabulary.size).fit(encoded.train)
    found = []
    for piece in windows.cut(N):
        count = max(1, round(share * (piece.stop - piece.first)))
        nats = ngrams.nats(encoded.held_out[piece.start : piece.stop])
        found += nats[piece.first - piece.start :][:count].tolist()
    assert len(windows.cut(N)) > 1
    judged = made.judge(None, None)
    assert judged.facts["scored_units"] == len(found)
    assert made.baseline.nats == pytest.approx(np.mean(found), rel=1e-12)
    assert judged.notes[-1] == (
        f"Both scores are computed on an evenly spaced sample of {len(found):,} of the held-out part's {N - 1:,} units:"
        " --minutes left no time for more."
    )


def test_a_share_of_a_look_is_a_look_at_fewer_units() -> None:
    torch.manual_seed(3)
    made, other = work(), work("--evaluation-units", "300")
    model = build(made.tree)
    assert isinstance(model, Stack)
    model.eval()
    with torch.no_grad():
        whole = made.validation_loss(model)
        made.limit(0.5, 1.0)
        assert made.validation_loss(model) == other.validation_loss(model) != whole
        made.limit(1.0, 1.0)
        assert made.validation_loss(model) == whole


class Plans(Observer):
    """Keeps the plans, and is cut off where the score begins."""

    def __init__(self, *, cut: bool = False) -> None:
        self.cut = cut
        self.plans: list[Plan] = []

    def plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    def stage(self, text: str) -> None:
        if self.cut and text == "scoring the held-out part":
            raise KeyboardInterrupt


class Slow(language.LanguageTraining):
    validations_per_score = 1e5


def slow(**more: Any) -> language.LanguageTraining:
    """A training whose score would take for ever, by its own account."""
    settings = config("--minutes", "0.05", "--max-steps", "40")
    return Slow(settings, data.from_memory(settings, TEXT))


def test_a_run_scores_what_there_is_time_for_and_says_so(tmp_path: Path) -> None:
    watch = Plans()
    report = run.train(slow(), tmp_path / "cat.anaphora", observer=watch)
    share = watch.plans[-1].score_share
    assert 0.001 <= share < 1
    opened = bundle.read(tmp_path / "cat.anaphora")
    ids = restore("char", opened.tensors).encode(str(data.from_memory(config(), TEXT).held_out))
    pieces = windows.shortened(windows.cut(len(ids)), share)
    assert report.score.units == windows.scored_in(pieces) < len(ids) - 1
    nats = score.nats(runtime.load(tmp_path / "cat.anaphora"), ids, pieces)
    assert report.score.nats == pytest.approx(float(nats.mean()), rel=1e-12)
    assert any("--minutes left no time for more" in note for note in report.notes)
    card = opened.config["card"]
    assert card["scored_units"] == report.score.units
    assert card["baseline"]["scored_nats_per_unit"] == report.baseline.nats
    encoded = data.encode(config(), data.from_memory(config(), TEXT))
    assert card["baseline"]["nats_per_unit"] == fitted(config("--minutes", "0.05"), encoded).each.mean()


def test_a_run_that_goes_on_scores_what_it_would_have(tmp_path: Path) -> None:
    watch = Plans(cut=True)
    with pytest.raises(Interrupted):
        run.train(slow(), tmp_path / "cat.anaphora", run_dir=tmp_path / "cat.run", observer=watch)
    report = run.resume(slow(), tmp_path / "cat.run")
    assert report.stopped == "finished"
    pieces = windows.cut(len(TEXT) // 2)
    assert report.score.units == windows.scored_in(windows.shortened(pieces, watch.plans[-1].score_share))
