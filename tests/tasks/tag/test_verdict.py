"""The verdict on a tagger: span F1 with its interval over sentences, beside a baseline with planted tags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anaphora.data.files.conll import read_sentences
from anaphora.tasks.tag.predict import Tagger
from anaphora.tasks.tag.sample import sample
from anaphora.tasks.tag.score import Score


@pytest.fixture
def judged(folder: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Score]:
    """Every second sentence of the data loses its spans, so that the network is not always right."""
    read = read_sentences(str(folder / "valid.conll"), tagger.config.data)
    held_out = replace(read, tags=tuple(("O",) * len(tags) if at % 2 else tags for at, tags in enumerate(read.tags)))
    truth = dict(zip(held_out.tokens, held_out.tags, strict=True))
    planted: dict[str, Callable[[Any], tuple[str, ...]]] = {
        "network": lambda tokens: tuple(tagger.predict([list(tokens)])[0]),
        "outside": lambda tokens: ("O",) * len(tokens),
        "truth": lambda tokens: truth[tokens],
    }

    def called(name: str, count: int = 200) -> Score:
        class Planted:
            predict = staticmethod(planted[name])

        monkeypatch.setattr(tagger, "baseline", Planted)
        return tagger.judged(held_out.take(np.arange(count)))

    return called


def said(score: Score) -> str:
    [line] = score.verdict_line()
    return line


def test_equal_tags_are_level(judged: Callable[..., Score]) -> None:
    score = judged("network")
    assert score.f1 == score.baseline_f1
    assert 0.3 < score.baseline_f1 < 0.9
    assert said(score).startswith("The network is level with each word's most frequent tag: span F1 ")
    assert score.as_json()["verdict"] == "level"


def test_clear_differences(judged: Callable[..., Score]) -> None:
    assert said(judged("outside")).startswith("The network is better than each word's most frequent tag: span F1 ")
    assert said(judged("truth")).startswith("The network is worse than each word's most frequent tag: span F1 ")


def test_one_sentence_has_no_verdict_but_level(judged: Callable[..., Score]) -> None:
    score = judged("outside", 1)
    assert said(score).startswith("The network is level with ")
    assert said(score).endswith(" Only 1 sentence tells them apart: another verdict needs 6.")


def test_one_sentence_has_no_interval() -> None:
    one = sample([("B-PER", "O", "O")], [("B-PER", "B-PER", "O")], of_spans=True)
    assert (one.value("span F1"), one.value("accuracy"), one.intervals) == (2 / 3, 2 / 3, {})


def test_counts_of_sentences_add_up_to_those_of_all(judged: Callable[..., Score]) -> None:
    score: Any = judged("outside")
    words, right, both, found, there = score.sample.statistics.sum(axis=0)
    assert (words, there, right / words) == (score.words, score.spans, score.accuracy)
    assert (both / found, both / there) == (score.precision, score.recall)
