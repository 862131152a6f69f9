"""The verdict on a gap filler: accuracy with its interval over blocks of gaps, beside a method with planted ranks."""

from __future__ import annotations

import numpy as np
import pytest

from anaphora.baselines.cloze import GapScores
from anaphora.tasks.fill.predict import GapFiller
from anaphora.tasks.fill.score import Predicted, Score, judge, method, summed
from anaphora.tasks.fill.windows import gaps_of
from gapped import text


def found(filler: GapFiller, content: str) -> Predicted:
    words = filler.vocabulary.words
    ids = filler.vocabulary.encode(content)
    return judge(filler.network, words, gaps_of(ids, words), len(ids))


def beside(own: Predicted, ranks: GapScores) -> Score:
    return summed(own, [method("counts", ranks, own.gaps.target)], "planted")


def ranked(count: int, rank: int) -> GapScores:
    return GapScores(np.full(count, 1.5), np.full(count, rank))


def test_equal_ranks_are_level(filler: GapFiller) -> None:
    own = found(filler, text(100, 5))
    score = beside(own, own.ranks["both"])
    assert score.both.accuracy == score.baselines[0].accuracy
    [line] = score.verdict_line()
    assert line.startswith(f"The network is level with counts: accuracy {score.both.accuracy:.4f} against ")
    assert "  95 % intervals over 30 blocks: accuracy " in "\n".join(score.lines())


@pytest.mark.parametrize(("rank", "words"), [(9, "better than"), (0, "worse than")])
def test_clear_differences(filler: GapFiller, rank: int, words: str) -> None:
    own = found(filler, text(100, 5))
    [line] = beside(own, ranked(len(own.gaps), rank)).verdict_line()
    assert line.startswith(f"The network is {words} counts: accuracy ")


def test_one_block_has_no_interval(filler: GapFiller) -> None:
    own = found(filler, "We saw a red rose.\n")
    score = beside(own, ranked(len(own.gaps), 9))
    assert 0 < score.both.accuracy < 1
    assert score.as_json()["intervals"] == {}
    assert "  no 95 % interval: the score is of 1 block, and an interval needs several" in score.lines()
    [line] = score.verdict_line()
    assert line.startswith("The network is level with counts: accuracy ")
    assert line.endswith(" Only 1 block tells them apart: another verdict needs 6.")
