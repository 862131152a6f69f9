"""The verdict on a language model: nats with their interval over blocks of the text, beside planted n-gram nats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anaphora.runs.report import Judgement
from anaphora.runs.text_sample import means
from anaphora.tasks.language import judgement
from anaphora.tasks.language.baseline import Baseline
from anaphora.tasks.language.judgement import HeldOutScore
from anaphora.tasks.language.score import FIGURES

NGRAM = np.random.default_rng(6).gamma(2.0, size=4000)


def judged(own: Any, rival: Any) -> Judgement:
    n = len(own)
    score = HeldOutScore("char", float(np.mean(own)), n, means(FIGURES, own))
    nats = float(np.mean(rival))
    baseline = Baseline(nats, nats, 7, None, means(FIGURES, rival), means(FIGURES, rival))
    return judgement.judgement(score, baseline, "char", n, n, short_of_time=False, known={}, validation_loss=None)


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_equal_nats_and_those_that_differ_by_chance_are_level(spread: float) -> None:
    own = NGRAM + spread * np.random.default_rng(7).normal(size=4000)
    found = judged(own, NGRAM)
    [note] = found.notes
    assert note.startswith(
        f"On the held-out part, the network is level with the n-gram model: nats per character {own.mean():.4f} against"
    )
    assert found.headline[-1].startswith("  95 % intervals over 30 blocks: nats ")


@pytest.mark.parametrize(("shift", "words"), [(-0.1, "better than"), (0.1, "worse than")])
def test_clear_differences(shift: float, words: str) -> None:
    """The pairs decide: the interval of the network's nats includes the n-gram model's."""
    [result] = judged(NGRAM + shift * np.linspace(0.5, 1.5, 4000), NGRAM).results
    assert result.interval is not None
    assert result.interval.low < NGRAM.mean() < result.interval.high or abs(shift) > 0.05
    [note] = judged(NGRAM + shift * np.linspace(0.5, 1.5, 4000), NGRAM).notes
    assert note.startswith(f"On the held-out part, the network is {words} the n-gram model: nats per character ")


def test_one_block_has_no_interval() -> None:
    found = judged(NGRAM[:15] - 0.5, NGRAM[:15])
    assert found.headline[-1] == "  no 95 % interval: the score is of 1 block, and an interval needs several"
    [note] = found.notes
    assert note.startswith("On the held-out part, the network is level with the n-gram model: nats per character ")
    assert note.endswith(" Only 1 block tells them apart: another verdict needs 6.")
    assert found.results[0].interval is None


def test_the_card_has_the_blocks_of_the_n_gram_model() -> None:
    blocks = np.array(judged(NGRAM, NGRAM).facts["baseline"]["blocks"])
    assert blocks.shape == (30, 2)
    assert blocks.sum(axis=0) == pytest.approx([4000, NGRAM.sum()], rel=1e-12)
