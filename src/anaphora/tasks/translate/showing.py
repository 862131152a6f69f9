"""A score as results beside their baselines, and as sections of a run's page: texts as they come, those that came out
worst, and where the network looked as it wrote.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from anaphora.data.files.pairs import Pairs
from anaphora.report.attention import drawn
from anaphora.runs.content import Paragraph, Picture, Result, Section, Table
from anaphora.tasks.translate.floor import Floor
from anaphora.tasks.translate.scoring import Score, Worst, outputs_of, spread
from anaphora.tasks.translate.translator import GREEDY, Translator

_SAMPLES = 12  # texts that are shown while the run goes on
_DRAWN, _DRAWN_LONGEST = 3, 32  # pictures, and the most symbols of a source that is drawn
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


def samples(translator: Translator, held_out: Pairs) -> tuple[Section, ...]:
    """Some held-out texts as a model writes them, for a run that goes on still."""
    rows = spread(len(held_out), _SAMPLES).tolist()
    sources, targets = ([side[row] for row in rows] for side in (held_out.sources, held_out.targets))
    written = outputs_of(translator, sources, GREEDY)
    table = Table(("where", "source", "reference", "output"),
                  tuple(zip(map(held_out.at, rows), sources, targets, written, strict=True)))  # fmt: skip
    return (Section("Translations", (table,)), *looks(translator, sources))


def looks(translator: Translator, sources: Sequence[str]) -> tuple[Section, ...]:
    """Where the network looks as it writes the first few of these that are short enough to draw."""
    short = [text for text in sources if 1 < len(translator.reader.read(text)) <= _DRAWN_LONGEST][:_DRAWN]
    pictures = []
    for source, (found,) in zip(short, translator.translate(short), strict=True):
        shows = f"Attention from {found.text!r} to {source!r}"
        pictures.append(Picture(drawn(translator.attention(source, found.symbols)), shows))
    told = Paragraph("Down: what was written. Across: what was read. The darker a field, the more it was looked at.")
    return (Section("Where it looks", (told, *pictures)),) if pictures else ()


def _table(rows: tuple[Worst, ...]) -> Table:
    values = tuple((row.where, row.source, row.reference, row.output, row.chrf) for row in rows)
    return Table(("where", "source", "reference", "output", "chrF"), values)
