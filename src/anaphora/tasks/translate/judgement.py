"""A score beside its baseline: results, lines, notes, facts for the model's card, and sections of the run's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any

from anaphora.data.files.pairs import Pairs
from anaphora.data.sampling import evenly_spaced
from anaphora.formatting import counted
from anaphora.report.attention import drawn
from anaphora.runs.content import Paragraph, Picture, ReportSection, Result, tabled
from anaphora.runs.report import Judgement, figures, headline, named_figures
from anaphora.runs.sample import plain
from anaphora.runs.tested import Tested
from anaphora.runs.verdict import notes as verdict_notes
from anaphora.runs.verdict import with_intervals
from anaphora.tasks.translate.deciding import Deciding
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import Figures, Score

_SAMPLES = 12  # texts that are shown while the run goes on
_DRAWN, _DRAWN_LONGEST = 3, 32  # pictures, and the most symbols of either side that is drawn
_COPY = "a copy of the source"
_FIGURES = ("rows", "bleu", "chrf", "exact", "decoding", "bleu_signature", "chrf_signature")
_HEAD = ("where", "source", "reference", "output", "chrF")


def judgement(
    score: Score | None,
    baseline: Figures,
    by: Deciding,
    nats: float | None,
    known: dict[str, Any],
    held_out: int,
    left_out: int,
    held_out_cut: int,
    translator: Translator | None,
) -> Judgement:
    """Return the report of a score, or of no score yet; `known` are facts of the data, `nats` those per symbol of the
    best validation, `left_out` counts training pairs, `held_out_cut` counts texts, and the translator has the weights
    that were scored.
    """
    bleu, chrf, exact = figures(score, "bleu", "chrf", "exact")
    measured = {
        "bleu": Result("BLEU", "", bleu, baseline.bleu, _COPY, lower_is_better=False),
        "chrf": Result("chrF", "", chrf, baseline.chrf, _COPY, lower_is_better=False),
        "exact": Result("exact", "", exact, baseline.exact, _COPY, lower_is_better=False),
    }
    own = None if score is None else score.sample
    judged = with_intervals((measured.pop(by.metric), *measured.values()), own, baseline.sample)
    results = (*judged, Result("nats", "symbol", nats, None, ""))
    notes = [by.reason()] if by.reason() else []
    if left_out:
        notes.append(
            f"{counted(left_out, 'pair')} {'was' if left_out == 1 else 'were'} left out of training, with an empty side"
            " or a side that is too long (--max-length)."
        )
    if score is not None and score.rows < held_out:
        notes.append(f"The score covers {score.rows:,} of {held_out:,} held-out pairs, evenly spaced.")
    if held_out_cut:
        notes.append(
            f"{counted(held_out_cut, 'held-out text')} {'is' if held_out_cut == 1 else 'are'} longer than --max-length:"
            " only the beginning was read."
        )
    if score is not None:
        notes += replace(score, cut=0).losses()  # what was cut is told above
    notes += verdict_notes(judged, "Train longer (--minutes), or on more pairs.")
    facts = {
        **known,
        **named_figures(score, _FIGURES),
        "deciding": by.metric,
        "nats_per_unit": nats,
        "baseline": plain(baseline),
    }
    lines = [] if score is None else _headline(score, baseline)
    shown = () if score is None or translator is None else _sections(score, translator)
    return Judgement(results, lines, notes, facts, shown)


def tested(score: Score, baseline: Figures, by: Deciding, count: int) -> Tested:
    """Return the report of a score on the test part of `count` pairs."""
    few = f"The test score covers {score.rows:,} of {count:,} pairs of the test part, evenly spaced."
    facts = {**named_figures(score, _FIGURES), "deciding": by.metric, "baseline": plain(baseline)}
    results = judgement(score, baseline, by, None, {}, score.rows, 0, 0, None).results
    notes = (few,) if score.rows < count else ()
    return Tested(tuple(results), score.rows, "pair", score, baseline, facts, notes)


def samples(translator: Translator, held_out: Pairs) -> tuple[ReportSection, ...]:
    """Return some held-out texts with the model's translations, for a run that continues."""
    pairs = held_out.take(evenly_spaced(len(held_out), _SAMPLES))
    where, outputs = map(pairs.at, range(len(pairs))), translator.outputs(pairs.sources)
    rows = zip(where, pairs.sources, pairs.targets, outputs, strict=True)
    return tabled("Translations", _HEAD[:4], rows), *_attention(translator, pairs.sources)


def _headline(score: Score, baseline: Figures) -> list[str]:
    told = replace(score, reason="", cut=0, unended=0, tokenized=0)  # losses are notes of the report
    lines = [*headline(told), "", "on the same texts       BLEU    chrF    exact"]
    for name, found in (("network", score), ("copy of the source", baseline)):
        lines.append(f"  {name:<18}  {found.bleu:6.2f}  {found.chrf:6.2f}  {found.exact:6.2%}")
    return lines


def _sections(score: Score, translator: Translator) -> tuple[ReportSection, ...]:
    """Return sections with the signatures, examples, the worst outputs, and the attention of some."""
    about = f"{counted(score.rows, 'text')}, decoded: {score.decoding}. {score.bleu_signature}; {score.chrf_signature}."
    found = [tabled("Translations", _HEAD, map(astuple, score.first), about)]
    if score.worst:
        about = "Ordered by the chrF of each text: mistakes of the network or of the data. Check these pairs first."
        found.append(tabled("Worst translations", _HEAD, map(astuple, score.worst), about))
    return (*found, *_attention(translator, [pair.source for pair in score.first]))


def _attention(translator: Translator, sources: Sequence[str]) -> tuple[ReportSection, ...]:
    """Return the attention for the first few texts that are short enough to draw, as are their translations."""
    short = [text for text in sources if 1 < len(translator.reader.read(text)) <= _DRAWN_LONGEST]
    decoded = zip(short, translator.decoded(short), strict=True)
    both = [(source, found) for source, (found,) in decoded if len(found.symbols) <= _DRAWN_LONGEST]
    pictures = [
        Picture(drawn(translator.attention(source, found)), f"Attention from {found.text!r} to {source!r}")
        for source, found in both[:_DRAWN]
    ]
    about = Paragraph(
        "Rows: symbols of the translation. Columns: symbols of the source. A cell has the shade of its attention"
        " weight, and a row adds up to 1."
    )
    return (ReportSection("Attention", (about, *pictures)),) if pictures else ()
