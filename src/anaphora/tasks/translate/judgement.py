"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from anaphora.data.files.pairs import Pairs
from anaphora.data.sampling import evenly_spaced
from anaphora.report.attention import drawn
from anaphora.runs.content import Paragraph, Picture, ReportSection, ReportTable, Result
from anaphora.runs.report import headline
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import Figures, Score, ScoredPair

_SAMPLES = 12  # texts that are shown while the run goes on
_DRAWN, _DRAWN_LONGEST = 3, 32  # pictures, and the most symbols of a source that is drawn
_COPY = "a copy of the source"
_FIGURES = ("rows", "bleu", "chrf", "exact", "decoding", "bleu_signature", "chrf_signature")


@dataclass(frozen=True)
class Judgement:
    """The report of a score, or of no score yet (None); `known` are facts of the data."""

    score: Score | None
    baseline: Figures
    nats: float | None  # per symbol, of the best validation
    known: dict[str, Any]
    held_out: int  # pairs
    left_out: int  # pairs of the training part
    translator: Translator | None  # of the weights that were scored

    @property
    def results(self) -> tuple[Result, ...]:
        """BLEU, chrF and the exact share, beside those of a copy; then nats per symbol."""
        score = self.score
        bleu, chrf, exact = (None, None, None) if score is None else (score.bleu, score.chrf, score.exact)
        return (
            Result("BLEU", "", bleu, self.baseline.bleu, _COPY, lower_is_better=False),
            Result("chrF", "", chrf, self.baseline.chrf, _COPY, lower_is_better=False),
            Result("exact", "", exact, self.baseline.exact, _COPY, lower_is_better=False),
            Result("nats", "symbol", self.nats, None, ""),
        )

    @property
    def headline(self) -> list[str]:
        """The lines of the score."""
        if self.score is None:
            return []
        lines = [*headline(self.score), "", "on the same texts       BLEU    chrF    exact"]
        for name, found in (("network", self.score), ("copy of the source", self.baseline)):
            lines.append(f"  {name:<18}  {found.bleu:6.2f}  {found.chrf:6.2f}  {found.exact:6.2%}")
        return lines

    @property
    def notes(self) -> list[str]:
        """Notes: pairs that were left out of training or scoring, and a network that is worse than its baseline."""
        notes = []
        if self.left_out:
            notes.append(
                f"{self.left_out:,} pairs were left out of training: they are empty on one side, or too"
                " long (--max-length)."
            )
        if self.score is not None and self.score.rows < self.held_out:
            notes.append(f"The score covers {self.score.rows:,} of {self.held_out:,} held-out pairs, evenly spaced.")
        if self.results[0].loses:
            notes.append(
                f"The network is worse than a copy of the source: BLEU {self.baseline.bleu:.2f}. Train longer"
                " (--minutes), or on more pairs."
            )
        return notes

    @property
    def facts(self) -> dict[str, Any]:
        """For the model's card."""
        return {
            **self.known,
            **{name: None if self.score is None else getattr(self.score, name) for name in _FIGURES},
            "nats_per_unit": self.nats,
            "baseline": asdict(self.baseline),
        }

    @property
    def sections(self) -> tuple[ReportSection, ...]:
        """Return sections with the signatures, examples, the worst outputs, and the attention of some."""
        score = self.score
        if score is None or self.translator is None:
            return ()
        told = f"{score.rows:,} texts, decoded: {score.decoding}. {score.bleu_signature}; {score.chrf_signature}."
        found = [ReportSection("Translations", (Paragraph(told), _table(score.first)))]
        if score.worst:
            worst = Paragraph(
                "Ordered by the chrF of each text: mistakes of the network or of the data. Check these pairs first."
            )
            found.append(ReportSection("Worst translations", (worst, _table(score.worst))))
        return (*found, *_attention(self.translator, [pair.source for pair in score.first]))


def samples(translator: Translator, held_out: Pairs) -> tuple[ReportSection, ...]:
    """Return some held-out texts with the model's translations, for a run that continues."""
    pairs = held_out.take(evenly_spaced(len(held_out), _SAMPLES))
    where, outputs = map(pairs.at, range(len(pairs))), translator.outputs(pairs.sources)
    rows = tuple(zip(where, pairs.sources, pairs.targets, outputs, strict=True))
    table = ReportTable(("where", "source", "reference", "output"), rows)
    return (ReportSection("Translations", (table,)), *_attention(translator, pairs.sources))


def _attention(translator: Translator, sources: Sequence[str]) -> tuple[ReportSection, ...]:
    """Return the attention for the first few texts that are short enough to draw."""
    short = [text for text in sources if 1 < len(translator.reader.read(text)) <= _DRAWN_LONGEST][:_DRAWN]
    pictures = [
        Picture(drawn(translator.attention(source, found)), f"Attention from {found.text!r} to {source!r}")
        for source, (found,) in zip(short, translator.decoded(short), strict=True)
    ]
    told = Paragraph(
        "Rows: symbols of the target. Columns: symbols of the source. The darker a cell, the larger its"
        " attention weight."
    )
    return (ReportSection("Attention", (told, *pictures)),) if pictures else ()


def _table(pairs: tuple[ScoredPair, ...]) -> ReportTable:
    rows = tuple((pair.where, pair.source, pair.reference, pair.output, pair.chrf) for pair in pairs)
    return ReportTable(("where", "source", "reference", "output", "chrF"), rows)
