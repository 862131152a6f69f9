"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from anaphora.data.text.ngrams import shown
from anaphora.formatting import counted
from anaphora.runs.content import ConfusionMatrix, ReportSection, Result, tabled
from anaphora.runs.report import Judgement, figures, headline, named_figures, partly_scored
from anaphora.runs.sample import plain
from anaphora.runs.tested import Tested
from anaphora.runs.verdict import notes as verdict_notes
from anaphora.runs.verdict import with_intervals
from anaphora.runtime.sparse_linear import SparseLinear
from anaphora.tasks.classify.baseline import Baseline
from anaphora.tasks.classify.linear_part import LinearPart
from anaphora.tasks.classify.score import Score

_MATRIX = 20  # labels whose whole confusion matrix is shown
_CONFUSED = 20
_TELLING = 12  # n-grams of a label
_NAMED = 5  # labels in a note
_FIGURES = ("accuracy", "macro_f1", "micro_f1", "nats_per_row", "calibration_error", "uncalibrated_error")


def judgement(score: Score | None, baseline: Baseline, by_f1: bool, known: dict[str, Any], held_out: int) -> Judgement:
    """Return the report of a score, or of no score yet; `known` are facts of the data; `by_f1`: macro F1 decides."""
    rival = f"the logistic regression ({baseline.linear})"
    accuracy, f1, nats, rows = figures(score, "accuracy", "macro_f1", "nats_per_row", "rows")
    own = "classifier" if score is not None and score.alone else "network"
    shares = [
        Result("accuracy", "", accuracy, baseline.linear_accuracy, rival, lower_is_better=False, own=own),
        Result("macro F1", "", f1, baseline.linear_macro_f1, rival, lower_is_better=False, own=own),
    ]
    judged = with_intervals(shares[::-1] if by_f1 else shares, None if score is None else score.sample, baseline.sample)
    remedy = "Train longer (--minutes), with more dropout, or on more rows."
    notes = [baseline.note] if baseline.note else []
    notes += partly_scored(held_out if rows is None else rows, held_out, "rows")
    return Judgement(
        results=(*judged, Result("nats", "row", nats, None, "")),
        headline=[] if score is None else _headline(score, baseline),
        notes=[*notes, *verdict_notes(judged, remedy)],
        facts={
            **known,
            "scored_rows": rows,
            **named_figures(score, _FIGURES),
            "baseline": plain(baseline),
        },
        sections=() if score is None else tuple(_sections(score, baseline)),
    )


def telling(linear: LinearPart, labels: Sequence[str], multi: bool) -> list[ReportSection]:
    """Return a section with the n-grams that speak most for each label; none for a linear part without n-grams."""
    if not isinstance(linear, SparseLinear):
        return []
    each = ((label, linear.telling(number, _TELLING, multi)) for number, label in enumerate(labels))
    rows = ((label, " · ".join(shown(gram) for gram, _ in grams)) for label, grams in each if grams)
    about = (
        "The n-grams with the highest weights of the linear part, compared with the mean of all labels. A white space"
        " is shown as _ in n-grams of characters."
    )
    if multi:
        about = about.replace(", compared with the mean of all labels", "")
    return [tabled("Most telling n-grams", ("label", "n-grams"), rows, about)]


def tested(score: Score, baseline: Baseline, by_f1: bool, count: int) -> Tested:
    """Return the report of a score on the test part of `count` rows; `by_f1`: macro F1 decides."""
    facts = {**named_figures(score, _FIGURES), "baseline": plain(baseline)}
    results = judgement(score, baseline, by_f1, {}, score.rows).results
    return Tested(tuple(results), score.rows, "row", score, baseline, facts, tuple(_notes_on_test(score, count)))


def _notes_on_test(score: Score, count: int) -> list[str]:
    """Return notes on the score of a test part of `count` rows: on labels without a training row."""
    notes = partly_scored(score.rows, count, "rows", "test")
    if score.unseen:
        names = ", ".join(map(repr, score.unseen[:_NAMED])) + (" and more" if len(score.unseen) > _NAMED else "")
        have = f"{counted(score.unknown_rows, 'row')} of the test part {'has' if score.unknown_rows == 1 else 'have'}"
        notes.append(f"{have} labels without a training row, always predicted wrong: {names}.")
    return notes


def _methods(score: Score, baseline: Baseline) -> list[tuple[str, float, float]]:
    """Return name, accuracy and macro F1 of the classifier, of each part alone, and of the most frequent label."""
    own = [("network", score.accuracy, score.macro_f1)]
    if score.alone:
        own = [("network + linear", score.accuracy, score.macro_f1)]
        own.append(("network alone", score.alone[0].accuracy, score.alone[0].macro_f1))
    return [*own, *baseline.rows()]


def _headline(score: Score, baseline: Baseline) -> list[str]:
    table = [f"  {name:<16}  {accuracy:8.4f}  {f1:8.4f}" for name, accuracy, f1 in _methods(score, baseline)]
    return [*headline(score), "", "on the same rows    accuracy  macro F1", *table]


def _sections(score: Score, baseline: Baseline) -> Iterator[ReportSection]:
    """Yield sections with the figures of each method and label, confused labels, and the rows with the highest loss."""
    yield tabled("On the same rows", ("method", "accuracy", "macro F1"), _methods(score, baseline))
    each = zip(score.labels, score.support, score.precision, score.recall, score.f1, strict=True)
    yield tabled("Labels", ("label", "support", "precision", "recall", "F1"), each)
    if score.confusion and len(score.labels) <= _MATRIX:
        yield ReportSection("Confusion", (ConfusionMatrix(score.labels, score.confusion),))
    elif score.confusion:
        pairs = ((truth, predicted, count) for count, truth, predicted in score.confused()[:_CONFUSED])
        yield tabled("Most often confused", ("label", "predicted", "rows"), pairs)
    if score.worst:
        about = (
            "Wrong predictions with a high probability: mistakes of the network or of the labels. Check"
            " these rows first."
        )
        worst = ((row.where, row.text, ", ".join(row.labels), ", ".join(row.guess), row.nats) for row in score.worst)
        yield tabled("Wrong rows with the highest loss", ("where", "row", "label", "predicted", "nats"), worst, about)
