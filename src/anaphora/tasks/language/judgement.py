"""A score beside its baseline: results, lines, sections of the run's page, notes, and facts for the model's card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from anaphora.config.units import PLURAL
from anaphora.data.text.id_files import Units
from anaphora.formatting import unit_name
from anaphora.metrics import language_model
from anaphora.runs.content import Paragraph, Preformatted, ReportSection, Result, tabled
from anaphora.runs.report import Judgement, figures
from anaphora.runs.sample import Sample
from anaphora.runs.tested import Tested
from anaphora.runs.verdict import intervals_line, with_intervals
from anaphora.runs.verdict import notes as verdict_notes
from anaphora.tasks.language import score, windows
from anaphora.tasks.language.baseline import Baseline
from anaphora.tasks.language.predict import LanguageModel, Prompt
from anaphora.tasks.language.score import NGRAM

_PROMPT, _WRITTEN, _TEMPERATURE, _SEED = 60, 400, 0.8, 0
_EXAMINED = 16_384  # units of the held-out part
_PASSAGE, _PASSAGES = 64, 8  # units of one, and how many are shown


@dataclass(frozen=True)
class HeldOutScore:
    """Nats per unit of held-out text, over `units` units."""

    unit: str
    nats: float
    units: int
    sample: Sample | None = field(default=None, repr=False, compare=False)

    @property
    def bits(self) -> float:
        """Bits per unit."""
        return language_model.bits(self.nats)

    @property
    def perplexity(self) -> float:
        """Perplexity per unit."""
        return language_model.perplexity(self.nats)


def judgement(
    score: HeldOutScore | None,
    baseline: Baseline,
    unit: str,
    scored: int,
    every: int,
    short_of_time: bool,
    known: dict[str, Any],
    validation_loss: float | None,
    sections: Sequence[ReportSection] = (),
) -> Judgement:
    """Return the report of a score, or of no score yet; `scored` and `every` count units: scored, and all."""
    nats, bits, perplexity = figures(score, "nats", "bits", "perplexity")
    own = None if score is None else score.sample
    judged = with_intervals((Result("nats", unit, nats, baseline.nats, NGRAM),), own, baseline.sample)
    notes = [baseline.note] if baseline.note else []
    if scored < every:
        note = f"Both scores are computed on an evenly spaced sample of {scored:,} of the held-out part's"
        notes.append(f"{note} {every:,} units{': --minutes left no time for more.' if short_of_time else '.'}")
    notes += verdict_notes(judged, "Train longer (--minutes), or on more text.")
    facts = {
        **known,
        "scored_units": scored,
        "nats_per_unit": nats,
        "bits_per_unit": bits,
        "perplexity": perplexity,
        "sampled_nats_per_unit": validation_loss,
        "baseline": _stored(baseline),
    }
    lines = [] if nats is None else _headline(nats, baseline.nats, unit, scored)
    lines += intervals_line(own)
    return Judgement(judged, lines, notes, facts, sections)


def _stored(baseline: Baseline) -> dict[str, Any]:
    """Return a baseline for the model card."""
    return {
        "model": f"interpolated Kneser-Ney, order {baseline.order}",
        "nats_per_unit": baseline.whole_nats,
        "scored_nats_per_unit": baseline.nats,
        "note": baseline.note,
        "blocks": None if baseline.whole is None else baseline.whole.statistics.tolist(),
    }


def tested(score: HeldOutScore, baseline: Baseline, sha256: str, every: int) -> Tested:
    """Return the report of a score on the test part, a text with this digest and `every` units to score."""
    result = Result("nats", score.unit, score.nats, baseline.nats, NGRAM)
    judged = with_intervals((result,), score.sample, baseline.sample)
    facts = {
        "sha256": sha256,
        "nats_per_unit": score.nats,
        "bits_per_unit": score.bits,
        "perplexity": score.perplexity,
        "baseline": _stored(baseline),
    }
    few = f"The test score covers an evenly spaced sample: {score.units:,} of the test part's {every:,} units."
    return Tested(judged, score.units, unit_name(score.unit), score, baseline, facts, (few,) * (score.units < every))


def sections(model: LanguageModel, held_out: Units, most: int = _EXAMINED) -> tuple[ReportSection, ...]:
    """Return sections with generated text after the beginning of held-out units `held_out` (N,), and with the passages
    of highest loss among at most `most` units.
    """
    return (_written(model, held_out), _surprising(model, held_out, min(most, _EXAMINED)))


def is_finite(score: HeldOutScore | None) -> bool:
    """Return whether there is a finite score."""
    return score is not None and math.isfinite(score.nats)


def _headline(network: float, ngram: float, unit: str, scored: int) -> list[str]:
    lines = [f"held-out text, {scored:,} {PLURAL[unit]}, per {unit_name(unit)}:"]
    for name, nats in (("network", network), ("n-gram ", ngram)):
        bits, perplexity = language_model.bits(nats), language_model.perplexity(nats)
        lines.append(f"  {name}  {nats:.4f} nats  {bits:.4f} bits  perplexity {perplexity:,.2f}")
    return lines


def _written(model: LanguageModel, held_out: Units) -> ReportSection:
    read = held_out[: min(_PROMPT, len(held_out) - 1)]
    _, state = model.runtime.feed(model.runtime.initial(), read[:-1])
    prompt = Prompt(model.vocabulary.decode_whole(read), state, int(read[-1]))
    written = model.write(prompt, _WRITTEN, np.random.default_rng(_SEED), temperature=_TEMPERATURE)
    about = f"The prompt is the first {len(read)} {PLURAL[model.vocabulary.kind]} of the held-out part:"
    goes_on = f"The model continues, at temperature {_TEMPERATURE}:"
    return ReportSection(
        "Generated text",
        (Paragraph(about), Preformatted(prompt.text), Paragraph(goes_on), Preformatted("".join(written))),
    )


def _surprising(model: LanguageModel, held_out: Units, most: int) -> ReportSection:
    pieces = windows.sample(len(held_out), most)
    nats = score.nats(model.runtime, held_out, pieces)
    found: list[tuple[float, int, int]] = []
    at = 0
    for piece in pieces:
        for first in range(piece.first, piece.stop, _PASSAGE):
            stop = min(first + _PASSAGE, piece.stop)
            here = nats[at : at + stop - first]
            at += stop - first
            if stop - first == _PASSAGE or len(pieces) == 1:
                found.append((float(here.mean()), first, stop))
    kind = model.vocabulary.kind
    rows = (
        (first + 1, mean, model.vocabulary.decode_whole(held_out[first:stop]).replace("\n", "⏎"))
        for mean, first, stop in sorted(found, reverse=True)[:_PASSAGES]
    )
    about = (
        f"Passages of {_PASSAGE} {PLURAL[kind]} with the highest loss, among {len(nats):,} {PLURAL[kind]}"
        " spread over the held-out part. The network has not learned such passages, or they do not belong"
        " in the text."
    )
    return tabled("Passages with the highest loss", ("position", f"nats per {unit_name(kind)}", "passage"), rows, about)
