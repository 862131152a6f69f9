"""The score of a gap filler, from both sides and left to right; ``train`` reports the numbers of ``eval``.

    accuracy    share of the gaps whose word is the likeliest one        top 5    share whose word is among the five
    nats        mean of −ln p(the word)                                  perplexity = exp(nats)

Every word of the text is a gap. A word that the model does not know is never predicted, so such a gap is always wrong;
its nats are those of "some word that is not known". Punctuation and line ends are read and not scored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.cloze import GapCounts, GapScores
from anaphora.errors import DataError
from anaphora.formatting import columns, counted
from anaphora.metrics.language_model import perplexity
from anaphora.runs import report as reports
from anaphora.runs.content import Result
from anaphora.runs.sample import Sample, plain
from anaphora.runs.text_sample import means
from anaphora.tasks.fill.joined import JoinedNetwork
from anaphora.tasks.fill.network import SIDES
from anaphora.tasks.fill.settings import SCORED
from anaphora.tasks.fill.windows import Gaps

FIRST = 5
BOTH, LEFT_TO_RIGHT = "both sides", "left to right"
FIGURES = {"accuracy": 1.0, "top 5": 1.0, "nats": None}  # and the highest possible mean
COUNTS, FREQUENT = "counts of both neighbours", "the most frequent word"


@dataclass(frozen=True)
class MethodScore:
    """The score of one method of filling gaps."""

    name: str
    accuracy: float
    top_5: float
    nats: float
    sample: Sample | None = field(default=None, repr=False, compare=False)

    @property
    def perplexity(self) -> float:
        """The perplexity exp(nats)."""
        return perplexity(self.nats)

    def card(self) -> dict[str, Any]:
        """Plain values for the model card, with the blocks of the sample."""
        return {**plain(self), "blocks": None if self.sample is None else self.sample.statistics.tolist()}

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**plain(self), "perplexity": self.perplexity}


@dataclass(frozen=True)
class Score(reports.Score):
    """The score of a gap filler; `baselines` are the simple methods, or () with the reason in `baseline_note`."""

    gaps: int
    text_units: int  # words and punctuation of the whole text
    unknown_gaps: int
    both: MethodScore
    past: MethodScore
    baselines: tuple[MethodScore, ...]
    baseline_note: str

    @property
    def ratio(self) -> float | None:
        """The accuracy from both sides divided by the accuracy left to right; None if the latter is 0."""
        return self.both.accuracy / self.past.accuracy if self.past.accuracy else None

    def results(self) -> tuple[Result, ...]:
        """Return the figures from both sides beside the better simple method, if it is known; accuracy decides."""
        return beside(self.both, self.baselines[0]) if self.baselines else ()

    def as_json(self) -> dict[str, Any]:
        sides = {"both": self.both.as_json(), "past": self.past.as_json()}
        baselines = [each.as_json() for each in self.baselines]
        return {**super().as_json(), **sides, "baselines": baselines, "ratio": self.ratio}

    def lines(self) -> list[str]:
        """Return the lines of a report."""
        sample = ""
        if self.text_units > SCORED:
            sample = f" in an evenly spaced sample of {SCORED:,} of {self.text_units:,} words and punctuation marks"
        unknown = self.unknown_gaps / max(1, self.gaps)
        return [
            f"{counted(self.gaps, 'gap')}{sample}; {unknown:.1%} of them are unknown words,"
            " which are always filled wrong",
            *columns(
                ["", "accuracy", "top 5", "perplexity"],
                [
                    [f"  {each.name}", f"{each.accuracy:.4f}", f"{each.top_5:.4f}", f"{each.perplexity:,.1f}"]
                    for each in (self.both, self.past, *self.baselines)
                ],
                right=(1, 2, 3),
            ),
            "  the left-to-right prediction is never right"
            if self.ratio is None
            else f"  both sides are right {self.ratio:.2f} times as often as the left-to-right prediction",
            *self.interval_line(),
            *([] if self.baselines else [f"  counts of neighbours: not computed: {self.baseline_note}"]),
        ]


class Predicted(NamedTuple):
    """The gaps of a text, and how a network ranks their words, by side."""

    gaps: Gaps
    ranks: dict[str, GapScores]
    text_units: int


def judge(network: JoinedNetwork, words: NDArray[np.bool_], gaps: Gaps, text_units: int) -> Predicted:
    """Rank the words of gaps; `words` (V,) is true for symbols that are words. Raises DataError without a gap."""
    if not len(gaps):
        raise DataError("Expected a text with at least one word to score: add text.")
    found: dict[str, list[GapScores]] = {side: [] for side in SIDES}
    beside = network.read(gaps.rows, gaps.places)
    H = beside.shape[1] // 2
    for chunk in network.chunks(len(gaps)):
        for side, states in zip(SIDES, (beside[chunk], np.ascontiguousarray(beside[chunk, :H])), strict=True):
            found[side].append(ranked(network.log_probabilities(states, side), gaps.target[chunk], words))
    ranks = {side: GapScores(*map(np.concatenate, zip(*parts, strict=True))) for side, parts in found.items()}
    return Predicted(gaps, ranks, text_units)


def ranked(logs: NDArray[np.float64], target: NDArray[np.int64], words: NDArray[np.bool_]) -> GapScores:
    """The nats of targets (n,), and how many known words are likelier, of log p (n, V)."""
    own = logs[np.arange(len(target)), target]
    better = logs > own[:, None]
    better |= (logs == own[:, None]) & (np.arange(logs.shape[1]) < target[:, None])
    better &= words
    better[:, 0] = False  # the unknown word is never predicted
    return GapScores(-own, better.sum(axis=1))


def baselines(counts: GapCounts, gaps: Gaps) -> tuple[MethodScore, ...]:
    """Return the scores of the simple methods on the same gaps, the better one first."""
    beside, frequent = counts.judge(gaps.left, gaps.target, gaps.right), counts.most_frequent(gaps.target)
    return method(COUNTS, beside, gaps.target), method(FREQUENT, frequent, gaps.target)


def method(name: str, judged: GapScores, target: NDArray[np.int64]) -> MethodScore:
    """The score of a method that ranks the words (n,) of gaps; a gap of an unknown word is wrong."""
    known = target > 0
    right, among = (known & (judged.rank < most) for most in (1, FIRST))
    nats = math.fsum(judged.nats.tolist()) / len(target)
    units = means(FIGURES, right, among, judged.nats)
    return MethodScore(name, float(right.mean()), float(among.mean()), nats, units)


def summed(found: Predicted, simple: Sequence[MethodScore], note: str) -> Score:
    """The score of a network beside the simple methods."""
    target = found.gaps.target
    names = zip((BOTH, LEFT_TO_RIGHT), SIDES, strict=True)
    both, past = (method(name, found.ranks[side], target) for name, side in names)
    unknown, rival = int((target == 0).sum()), simple[0].sample if simple else None
    return Score(
        len(target), found.text_units, unknown, both, past, tuple(simple), note, sample=both.sample, rival=rival
    )


def beside(both: MethodScore | None, counts: MethodScore) -> tuple[Result, ...]:
    """Return the figures from both sides, or of no score yet, beside those of a simple method; the first decides."""
    own = (None, None, None) if both is None else (both.accuracy, both.top_5, both.nats)
    return (
        Result("accuracy", "", own[0], counts.accuracy, counts.name, lower_is_better=False),
        Result("top 5", "", own[1], counts.top_5, counts.name, lower_is_better=False),
        Result("nats", "gap", own[2], counts.nats, counts.name),
    )
