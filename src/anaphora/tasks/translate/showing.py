"""A score as results beside their baselines and as sections of a run's page."""

from __future__ import annotations

import math

from anaphora.sections import Paragraph, Result, Section, Table
from anaphora.tasks.translate.floor import Floor
from anaphora.tasks.translate.scoring import Score, Worst

_COPY = "a copy of the source"


def results(score: Score | None, floor: Floor, nats: float) -> tuple[Result, ...]:
    """BLEU, chrF and the exact share beside those of a copy; then nats per symbol of the best look."""
    bleu, chrf, exact = (None, None, None) if score is None else (score.bleu, score.chrf, score.exact)
    return (
        Result("BLEU", "", bleu, floor.bleu, _COPY, lower_is_better=False),
        Result("chrF", "", chrf, floor.chrf, _COPY, lower_is_better=False),
        Result("exact", "", exact, floor.exact, _COPY, lower_is_better=False),
        Result("nats", "symbol", nats if math.isfinite(nats) else None, None, ""),
    )


def sections(score: Score | None) -> tuple[Section, ...]:
    """The signatures, texts as they come, and those that came out worst."""
    if score is None:
        return ()
    told = f"{score.rows:,} texts, decoded: {score.decoding}. {score.bleu_signature}; {score.chrf_signature}."
    found = [Section("Translations", (Paragraph(told), _table(score.first)))]
    if score.worst:
        worst = Paragraph("By chrF of the text alone: mistakes of the network, or of the data. Look at them first.")
        found.append(Section("Worst translations", (worst, _table(score.worst))))
    return tuple(found)


def _table(rows: tuple[Worst, ...]) -> Table:
    values = tuple((row.where, row.source, row.reference, row.output, row.chrf) for row in rows)
    return Table(("where", "source", "reference", "output", "chrF"), values)
