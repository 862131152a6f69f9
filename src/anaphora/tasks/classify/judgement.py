"""A score beside its baseline: results, lines, sections of the run's page, notes, and facts for the model's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anaphora.runs.content import Cell, Paragraph, ReportSection, ReportTable, Result
from anaphora.runs.report import headline, lost, partly_scored
from anaphora.tasks.classify.baseline import Baseline
from anaphora.tasks.classify.score import Score

_MATRIX = 20  # labels whose whole confusion matrix is shown
_CONFUSED = 20
_FIGURES = ("accuracy", "macro_f1", "micro_f1", "nats_per_row", "calibration_error", "uncalibrated_error")


@dataclass(frozen=True)
class Judgement:
    """The report of a score, or of no score yet (None); `known` are facts of the data."""

    score: Score | None
    baseline: Baseline
    by_f1: bool  # whether macro F1 decides
    known: dict[str, Any]
    held_out: int  # rows

    @property
    def results(self) -> tuple[Result, ...]:
        """Accuracy and macro F1 beside those of the logistic regression, the deciding figure first; then nats
        per row.
        """
        score, baseline = self.score, self.baseline
        name = f"the logistic regression ({baseline.linear})"
        accuracy, f1, nats = (
            (None, None, None) if score is None else (score.accuracy, score.macro_f1, score.nats_per_row)
        )
        shares = [
            Result("accuracy", "", accuracy, baseline.linear_accuracy, name, lower_is_better=False),
            Result("macro F1", "", f1, baseline.linear_macro_f1, name, lower_is_better=False),
        ]
        return (*(shares[::-1] if self.by_f1 else shares), Result("nats", "row", nats, None, ""))

    @property
    def headline(self) -> list[str]:
        """The lines of the score."""
        if self.score is None:
            return []
        lines = headline(self.score)
        lines += ["", "on the same rows  accuracy  macro F1"]
        named = (("network", self.score.accuracy, self.score.macro_f1), *self.baseline.rows())
        return lines + [f"  {name:<14}  {accuracy:8.4f}  {f1:8.4f}" for name, accuracy, f1 in named]

    @property
    def notes(self) -> list[str]:
        """Notes: the baseline's own note, rows that were not scored, and a network that is worse than its baseline."""
        baseline = [self.baseline.note] if self.baseline.note else []
        scored = self.held_out if self.score is None else self.score.rows
        remedy = "Train longer (--minutes), with more dropout, or on more rows."
        partly = partly_scored(scored, self.held_out, "rows")
        return [*baseline, *partly, *lost(self.results[0], "the logistic regression", remedy)]

    @property
    def facts(self) -> dict[str, Any]:
        """For the model's card."""
        score = self.score
        return {
            **self.known,
            "scored_rows": None if score is None else score.rows,
            **{name: None if score is None else getattr(score, name) for name in _FIGURES},
            "baseline": self.baseline.facts(),
        }

    @property
    def sections(self) -> tuple[ReportSection, ...]:
        """Return sections with figures per label, confused labels, and the rows with the highest loss."""
        score = self.score
        if score is None:
            return ()
        each = zip(score.labels, score.support, score.precision, score.recall, score.f1, strict=True)
        found = [ReportSection("Labels", (ReportTable(("label", "rows", "precision", "recall", "F1"), tuple(each)),))]
        if score.confusion:
            found.append(_confused(score))
        if score.worst:
            rows = tuple(
                (row.where, row.text, ", ".join(row.labels), ", ".join(row.guess), row.nats) for row in score.worst
            )
            told = Paragraph(
                "Wrong predictions with a high probability: mistakes of the network or of the labels. Check"
                " these rows first."
            )
            table = ReportTable(("where", "row", "label", "predicted", "nats"), rows)
            found.append(ReportSection("Wrong rows with the highest loss", (told, table)))
        return tuple(found)


def _confused(score: Score) -> ReportSection:
    if len(score.labels) <= _MATRIX:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (name, *row) for name, row in zip(score.labels, score.confusion, strict=True)
        )
        told = Paragraph("Rows: label in the data. Columns: predicted label.")
        return ReportSection("Confusion", (told, ReportTable(("", *score.labels), rows)))
    pairs = tuple((truth, predicted, count) for count, truth, predicted in score.confused()[:_CONFUSED])
    return ReportSection("Most often confused", (ReportTable(("label", "predicted", "rows"), pairs),))
