"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from anaphora.runs.content import ReportSection, Result
from anaphora.runs.report import Judgement, figures, headline, lost
from anaphora.tasks.fill.baseline import Baseline
from anaphora.tasks.fill.score import Score
from anaphora.tasks.fill.settings import SCORED
from anaphora.tasks.fill.windows import pieces

_FIGURES = ("gaps", "unknown_gaps", "both", "past", "ratio")


def judgement(
    score: Score | None, baseline: Baseline, known: dict[str, Any], held_out: int, sections: Sequence[ReportSection]
) -> Judgement:
    """Return the report of a score, or of no score yet; `known` are facts of the data, `held_out` counts units, and
    `sections` show gaps of the held-out part.
    """
    counts = baseline.counts
    names = ("both.accuracy", "both.top_5", "both.nats", "past.accuracy", "ratio")
    accuracy, top_5, nats, past, ratio = figures(score, *names)
    results = (
        Result("accuracy", "", accuracy, counts.accuracy, counts.name, lower_is_better=False),
        Result("accuracy of the past alone", "", past, None, "", lower_is_better=False),
        Result("times as often right as the past alone", "", ratio, None, "", lower_is_better=False),
        Result("top 5", "", top_5, counts.top_5, counts.name, lower_is_better=False),
        Result("nats", "gap", nats, counts.nats, counts.name),
    )
    notes = [baseline.note] if baseline.note else []
    if baseline.units < held_out:
        scored = sum(piece.stop - piece.first for piece in pieces(held_out, baseline.units))
        note = (
            f"All scores are computed on an evenly spaced sample of {scored:,} of {held_out:,} words"
            " and punctuation marks"
        )
        notes.append(f"{note}{'.' if baseline.units == SCORED else ': --minutes left no time for more.'}")
    notes += lost(results[0], counts.name, "Train longer (--minutes), or on more text.")
    if score is not None and (ratio or 1) < 1:
        notes.append("Both sides are right less often than the past alone: train longer (--minutes), or on more text.")
    own = {} if score is None else score.as_json()
    methods = [asdict(each) for each in baseline.methods]
    facts = {**known, **{name: own.get(name) for name in _FIGURES}, "baselines": methods}
    return Judgement(results, headline(score), notes, facts, sections)
