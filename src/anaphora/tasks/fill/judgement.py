"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anaphora.runs.content import ReportSection, Result
from anaphora.runs.report import headline, lost
from anaphora.tasks.fill.baseline import Baseline
from anaphora.tasks.fill.score import Score
from anaphora.tasks.fill.settings import SCORED
from anaphora.tasks.fill.windows import pieces

_FIGURES = ("gaps", "unknown_gaps", "both", "past", "ratio")


@dataclass(frozen=True)
class Judgement:
    """The report of a score, or of no score yet (None); `known` are facts of the data."""

    score: Score | None
    baseline: Baseline
    known: dict[str, Any]
    held_out: int  # units
    sections: tuple[ReportSection, ...]  # gaps of the held-out part and how the network fills them

    @property
    def results(self) -> tuple[Result, ...]:
        """Both sides beside the counts, and the left side alone."""
        score, counts = self.score, self.baseline.counts
        accuracy, top_5, nats, past, ratio = (
            (None,) * 5
            if score is None
            else (score.both.accuracy, score.both.top_5, score.both.nats, score.past.accuracy, score.ratio)
        )
        return (
            Result("accuracy", "", accuracy, counts.accuracy, counts.name, lower_is_better=False),
            Result("accuracy of the past alone", "", past, None, "", lower_is_better=False),
            Result("times as often right as the past alone", "", ratio, None, "", lower_is_better=False),
            Result("top 5", "", top_5, counts.top_5, counts.name, lower_is_better=False),
            Result("nats", "gap", nats, counts.nats, counts.name),
        )

    @property
    def headline(self) -> list[str]:
        """The lines of the score."""
        return headline(self.score)

    @property
    def notes(self) -> list[str]:
        """Notes: the baseline's own note, units that were not scored, and a network that is worse than its baseline."""
        baseline = self.baseline
        notes = [baseline.note] if baseline.note else []
        if baseline.units < self.held_out:
            scored = sum(piece.stop - piece.first for piece in pieces(self.held_out, baseline.units))
            note = (
                f"All scores are computed on an evenly spaced sample of {scored:,} of {self.held_out:,} words"
                " and punctuation marks"
            )
            notes.append(f"{note}{'.' if baseline.units == SCORED else ': --minutes left no time for more.'}")
        notes += lost(self.results[0], baseline.counts.name, "Train longer (--minutes), or on more text.")
        if self.score is not None and (self.score.ratio or 1) < 1:
            notes.append("Both sides are right less often than the past alone: train longer (--minutes), or on more"
                         " text.")  # fmt: skip
        return notes

    @property
    def facts(self) -> dict[str, Any]:
        """For the model's card."""
        figures = {} if self.score is None else self.score.as_json()
        return {**self.known, **{name: figures.get(name) for name in _FIGURES}, "baselines": self.baseline.facts()}
