"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.cloze import GapScores
from anaphora.data.text.id_files import Units
from anaphora.runs.content import Cell, Paragraph, ReportSection, ReportTable, Result, tabled
from anaphora.runs.report import Judgement, figures, headline
from anaphora.runs.tested import Tested
from anaphora.runs.verdict import notes as verdict_notes
from anaphora.tasks.fill.baseline import Baseline
from anaphora.tasks.fill.network import SIDES
from anaphora.tasks.fill.predict import GapFiller
from anaphora.tasks.fill.score import BOTH, LEFT_TO_RIGHT, Predicted, Score, beside, judge, method
from anaphora.tasks.fill.settings import GAP, SCORED
from anaphora.tasks.fill.vocabulary import WordVocabulary, spaced
from anaphora.tasks.fill.windows import Gaps, gaps_of, pieces

_FIGURES = ("gaps", "unknown_gaps", "both", "past", "ratio")
_READ = 4_096  # units of the held-out part
_AROUND = 10  # units on each side of a gap that is shown
_SHOWN, _MOST = 12, 8  # gaps as they come, and of those that tell most
_JOINED = "\N{NO-BREAK SPACE}"  # a word and its probability stay on one line
_WORDS = 3  # of each prediction
_BANDS = ((1, 100), (101, 1_000), (1_001, None))  # the how-many-th most frequent word


def judgement(
    score: Score | None, baseline: Baseline, known: dict[str, Any], held_out: int, shown: Sequence[ReportSection]
) -> Judgement:
    """Return the report of a score, or of no score yet; `known` are facts of the data, `held_out` counts units."""
    counts = baseline.counts
    past, ratio = figures(score, "past.accuracy", "ratio")
    first, *others = beside(None, counts) if score is None else score.judged()
    results = (
        first,
        Result("accuracy left to right", "", past, None, "", lower_is_better=False),
        Result("times as often right as left to right", "", ratio, None, "", lower_is_better=False),
        *others,
    )
    notes = [baseline.note] if baseline.note else []
    if baseline.units < held_out:
        scored = sum(piece.stop - piece.first for piece in pieces(held_out, baseline.units))
        note = (
            f"All scores are computed on an evenly spaced sample of {scored:,} of {held_out:,} words"
            " and punctuation marks"
        )
        notes.append(f"{note}{'.' if baseline.units == SCORED else ': --minutes left no time for more.'}")
    notes += verdict_notes(results, "Train longer (--minutes), or on more text.")
    if ratio is not None and ratio < 1:
        notes.append(
            "Both sides are right less often than the left-to-right prediction: train longer (--minutes), or on more"
            " text."
        )
    own = {} if score is None else score.as_json()
    methods = [each.card() for each in baseline.methods]
    facts = {**known, **{name: own.get(name) for name in _FIGURES}, "baselines": methods}
    return Judgement(results, headline(score), notes, facts, shown)


def tested(score: Score, baseline: Baseline, sha256: str | None, every: int) -> Tested:
    """Return the report of a score on the test part, a text with this digest and `every` units."""
    found = judgement(score, baseline, {"sha256": sha256}, baseline.units, ())
    few = f"The test score covers an evenly spaced sample: {baseline.units:,} of the test part's {every:,} units."
    return Tested(
        tuple(found.results), score.gaps, "gap", score, baseline, found.facts, (few,) * (baseline.units < every)
    )


def sections(filler: GapFiller, held_out: Units) -> tuple[ReportSection, ...]:
    """Return the sections about gaps of the held-out part, whose units are `held_out` (N,)."""
    words = filler.vocabulary.words
    found = judge(filler.network, words, gaps_of(held_out, words, _READ), len(held_out))
    return _as_they_come(filler, found.gaps), _apart(filler, found), _by_frequency(words, found)


def _as_they_come(filler: GapFiller, gaps: Gaps) -> ReportSection:
    chosen = np.unique(np.linspace(0, len(gaps) - 1, _SHOWN).astype(np.int64))
    about = Paragraph("Evenly spaced words of the held-out part, each replaced by a gap, and the most probable words"
                      " for each gap with their probabilities.")  # fmt: skip
    return ReportSection("Gaps", (about, _table(filler, gaps, chosen)))


def _apart(filler: GapFiller, found: Predicted) -> ReportSection:
    gain = found.ranks["past"].nats - found.ranks["both"].nats
    known = np.flatnonzero(found.gaps.target > 0)
    order = known[np.argsort(-gain[known], kind="stable")]
    parts = {"helps": order, "misleads": order[::-1]}
    shown = [
        part
        for verb, chosen in parts.items()
        for part in (
            Paragraph(f"The gaps, of {len(found.gaps):,}, that the right context {verb} most:"),
            _table(filler, found.gaps, chosen[:_MOST]),
        )
    ]
    return ReportSection("Gain from the right context", tuple(shown))


def _by_frequency(words: NDArray[np.bool_], found: Predicted) -> ReportSection:
    """Return a section on the accuracy for words of each band of frequency."""
    place = np.cumsum(words) - 1  # symbols are sorted by frequency; 0 is the unknown word
    rank = place[found.gaps.target]
    rows: list[tuple[Cell, ...]] = []
    for first, last in _BANDS:
        inside = (rank >= first) & (rank <= (last or rank.max(initial=0)))
        if inside.any():
            name = f"{first:,} to {last:,}" if last else f"{first:,} and more"
            rows.append((name, int(inside.sum()), *(_accuracy(found, side, inside) for side in SIDES)))
    unknown = int((rank == 0).sum())
    if unknown:
        rows.append(("unknown", unknown, 0.0, 0.0))
    about = "Share of gaps whose most probable word is right, by the frequency rank of the word in the training part."
    head = ("frequency rank", "gaps", BOTH, LEFT_TO_RIGHT)
    return tabled("Accuracy by word frequency", head, rows, about)


def _accuracy(found: Predicted, side: str, inside: NDArray[np.bool_]) -> float:
    ranks = found.ranks[side]
    return method(side, GapScores(ranks.nats[inside], ranks.rank[inside]), found.gaps.target[inside]).accuracy


def _table(filler: GapFiller, gaps: Gaps, chosen: NDArray[np.int64]) -> ReportTable:
    predicted = [filler.likeliest(gaps.rows, gaps.places[chosen], side, _WORDS) for side in SIDES]
    rows = []
    for gap, *sides in zip(chosen.tolist(), *predicted, strict=True):
        words = [", ".join(f"{each.word}{_JOINED}{each.probability:.2f}" for each in side.words) for side in sides]
        target = int(gaps.target[gap])
        rows.append((_around(filler.vocabulary, gaps, gap), filler.vocabulary.shown(target), *words))
    return ReportTable(("text", "word", BOTH, LEFT_TO_RIGHT), tuple(rows))


def _around(vocabulary: WordVocabulary, gaps: Gaps, gap: int) -> str:
    (row,), (at,) = (found.tolist() for found in gaps.rows.locate(gaps.places[[gap]]))
    around = gaps.rows.row(row)[max(0, at - _AROUND) : at + _AROUND + 1].tolist()
    units = list(map(vocabulary.shown, around))
    units[min(at, _AROUND)] = GAP
    return spaced(units).replace("\n", " ⏎ ").strip()
