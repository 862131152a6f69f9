"""How good gaps are filled, from both sides and from the past alone; ``train`` reports the numbers of ``eval``.

    accuracy    share of the gaps whose word is the likeliest one        top 5    share whose word is among the five
    nats        mean of −ln p(the word)                                  perplexity = exp(nats)

Every word of the text is a gap. A word that the model does not know is never guessed, so such a gap is always wrong;
its nats are those of "some word that is not known". Marks and line ends are read and not scored.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.cloze import GapCounts, Judged
from anaphora.data.files.text import Text
from anaphora.data.text.tokenized import units_of
from anaphora.decode import log_probabilities
from anaphora.errors import DataError
from anaphora.formatting import columns
from anaphora.metrics.language_model import perplexity
from anaphora.tasks.fill.filler import SIDES, Filler, Network
from anaphora.tasks.fill.settings import SCORED
from anaphora.tasks.fill.windows import Gaps, cut, laid

FIRST = 5
BOTH, PAST = "both sides", "the past alone"
COUNTS, FREQUENT = "counts of both neighbours", "the most frequent word"


@dataclass(frozen=True)
class Side:
    """How good one way of filling gaps is."""

    name: str
    accuracy: float
    top_5: float
    nats: float

    @property
    def perplexity(self) -> float:
        """As hard as a fair choice between so many words."""
        return perplexity(self.nats)


@dataclass(frozen=True)
class Score:
    """How good gaps are filled; `floors` are the simple methods, () where `floor_note` says why."""

    gaps: int
    text_units: int  # words and marks of the whole text
    unknown_gaps: int
    both: Side
    past: Side
    floors: tuple[Side, ...]
    floor_note: str

    @property
    def ratio(self) -> float | None:
        """How many times as often both sides are right; None where the past alone never is."""
        return self.both.accuracy / self.past.accuracy if self.past.accuracy else None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        sides = {name: {**asdict(side), "perplexity": side.perplexity} for name, side in self._named()}
        floors = [{**asdict(side), "perplexity": side.perplexity} for side in self.floors]
        return {**asdict(self), **sides, "floors": floors, "ratio": self.ratio}

    def lines(self) -> list[str]:
        """What a person reads."""
        return [
            f"{self.gaps:,} gaps; {self.unknown_gaps / max(1, self.gaps):.1%} are of words that are not known, and"
            " always wrong",
            *columns(
                ["", "accuracy", "top 5", "perplexity"],
                [
                    [f"  {side.name}", f"{side.accuracy:.4f}", f"{side.top_5:.4f}", f"{side.perplexity:,.1f}"]
                    for side in (self.both, self.past, *self.floors)
                ],
                right=(1, 2, 3),
            ),
            "  the past alone is never right"
            if self.ratio is None
            else f"  both sides are right {self.ratio:.2f} times as often as the past alone",
            *([] if self.floors else [f"  counts of neighbours: not known: {self.floor_note}"]),
        ]

    def _named(self) -> tuple[tuple[str, Side], ...]:
        return ("both", self.both), ("past", self.past)


class Found(NamedTuple):
    """The gaps of a text, and what a network makes of each, by side."""

    gaps: Gaps
    judged: dict[str, Judged]
    text_units: int


def evaluate(filler: Filler, text: str | Text, counted: str | Text | None = None, most_units: int = SCORED) -> Score:
    """Judge a filler by a text, beside counts of the training text where it is given, or where the text is the very
    one that was held out.

    Raises DataError for a text without a word.
    """
    text = Text.of(text) if isinstance(text, str) else text
    with units_of(filler.lexicon, text) as ids:
        words = filler.lexicon.words
        found = judge(filler.network, words, laid(ids, words, cut(len(ids), most_units)), len(ids))
    if counted is not None:
        counted = Text.of(counted) if isinstance(counted, str) else counted
        with units_of(filler.lexicon, counted) as ids:
            counts = GapCounts(filler.lexicon.words).fit(ids)
        return summed(found, floors(counts, found.gaps), counts.note or "counted on the text that was given")
    card = filler.model.config.get("card", {})
    if card.get("held_out_sha256") == _sha256(text) and card.get("gaps") == len(found.gaps):
        kept = tuple(Side(**{name: each[name] for name in Side.__annotations__}) for each in card["floors"])
        return summed(found, kept, "this is the held-out text of the training")
    return summed(found, (), "not the training's held-out text, or not all of it: name the training text, --floor-from")


def judge(network: Network, words: NDArray[np.bool_], gaps: Gaps, text_units: int) -> Found:
    """What a network makes of gaps; raises DataError if there is none."""
    if not len(gaps):
        raise DataError("Expected a text with at least one word to score, got none: bring more text.")
    sides: dict[str, list[Judged]] = {side: [] for side in SIDES}
    beside = network.read(gaps.rows, gaps.places)
    H = beside.shape[1] // 2
    for chunk in network.chunks(len(gaps)):
        for side, states in (("both", beside[chunk]), ("past", np.ascontiguousarray(beside[chunk, :H]))):
            sides[side].append(ranked(log_probabilities(network.logits(states, side)), gaps.target[chunk], words))
    return Found(gaps, {side: Judged(*map(np.concatenate, zip(*parts, strict=True))) for side, parts in sides.items()},
                 text_units)  # fmt: skip


def ranked(logs: NDArray[np.float64], target: NDArray[np.int64], words: NDArray[np.bool_]) -> Judged:
    """The nats of targets (n,), and how many known words are likelier, of log p (n, V)."""
    own = logs[np.arange(len(target)), target]
    better = logs > own[:, None]
    better |= (logs == own[:, None]) & (np.arange(logs.shape[1]) < target[:, None])
    better &= words
    better[:, 0] = False  # the unknown word is never guessed
    return Judged(-own, better.sum(axis=1))


def floors(counts: GapCounts, gaps: Gaps) -> tuple[Side, ...]:
    """What the simple methods are worth on the same gaps."""
    judged = (COUNTS, counts.judge(gaps.left, gaps.target, gaps.right)), (FREQUENT, counts.most_frequent(gaps.target))
    return tuple(side(name, each, gaps.target) for name, each in judged)


def side(name: str, judged: Judged, target: NDArray[np.int64]) -> Side:
    """Sum up what was made of gaps; one of an unknown word is wrong."""
    known = target > 0
    first, among = (float(np.mean(known & (judged.rank < most))) for most in (1, FIRST))
    return Side(name, first, among, math.fsum(judged.nats.tolist()) / len(target))


def summed(found: Found, simple: Sequence[Side], note: str) -> Score:
    """The score of what was found."""
    target = found.gaps.target
    return Score(
        gaps=len(target),
        text_units=found.text_units,
        unknown_gaps=int((target == 0).sum()),
        both=side(BOTH, found.judged["both"], target),
        past=side(PAST, found.judged["past"], target),
        floors=tuple(simple),
        floor_note=note,
    )


def _sha256(text: Text) -> str:
    seen = hashlib.sha256()
    for block in text.blocks():
        seen.update(block.encode())
    return seen.hexdigest()
