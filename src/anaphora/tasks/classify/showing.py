"""A score as results beside their baselines and as sections of a run's page."""

from __future__ import annotations

from anaphora.runs.content import Cell, Paragraph, Result, Section, Table
from anaphora.tasks.classify.floor import Floor
from anaphora.tasks.classify.scoring import Score

_MATRIX = 20  # labels whose whole confusion matrix is shown
_CONFUSED = 20


def results(score: Score | None, floor: Floor, by_f1: bool) -> tuple[Result, ...]:
    """Accuracy and macro F1 beside the logistic regression's, the one that decides first; then nats per row."""
    beat = f"the logistic regression ({floor.linear})"
    accuracy, f1, nats = (None, None, None) if score is None else (score.accuracy, score.macro_f1, score.nats_per_row)
    shares = [
        Result("accuracy", "", accuracy, floor.linear_accuracy, beat, lower_is_better=False),
        Result("macro F1", "", f1, floor.linear_macro_f1, beat, lower_is_better=False),
    ]
    return (*(shares[::-1] if by_f1 else shares), Result("nats", "row", nats, None, ""))


def sections(score: Score | None) -> tuple[Section, ...]:
    """What is known of each label, which are confused, and the rows that it is most wrong about."""
    if score is None:
        return ()
    each = zip(score.labels, score.support, score.precision, score.recall, score.f1, strict=True)
    found = [Section("Labels", (Table(("label", "rows", "precision", "recall", "F1"), tuple(each)),))]
    if score.confusion:
        found.append(_confused(score))
    if score.worst:
        rows = tuple(
            (row.where, row.text, ", ".join(row.labels), ", ".join(row.guess), row.nats) for row in score.worst
        )
        told = Paragraph("Wrong, and sure of it: mistakes of the network, or of the data. Look at them first.")
        found.append(Section("Worst rows", (told, Table(("where", "row", "label", "guess", "nats"), rows))))
    return tuple(found)


def _confused(score: Score) -> Section:
    if len(score.labels) <= _MATRIX:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (name, *row) for name, row in zip(score.labels, score.confusion, strict=True)
        )
        told = Paragraph("Down: the label of the data. Across: the guess.")
        return Section("Confusion", (told, Table(("", *score.labels), rows)))
    pairs = tuple((truth, guess, count) for count, truth, guess in score.confused()[:_CONFUSED])
    return Section("Most often confused", (Table(("label", "guess", "rows"), pairs),))
