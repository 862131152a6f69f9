"""A score beside its baseline: results, lines, sections of the run's page, notes, and facts for the model's card."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from anaphora.data.text.id_files import Units
from anaphora.formatting import unit_name
from anaphora.metrics import language_model
from anaphora.runs.content import Paragraph, Preformatted, ReportSection, ReportTable, Result
from anaphora.tasks.language import score, windows
from anaphora.tasks.language.baseline import Baseline
from anaphora.tasks.language.predict import LanguageModel, Prompt
from anaphora.tasks.language.settings import PLURAL

NGRAM = "the n-gram model"
_PROMPT, _WRITTEN, _TEMPERATURE, _SEED = 60, 400, 0.8, 0
_EXAMINED = 16_384  # units of the held-out part
_PASSAGE, _PASSAGES = 64, 8  # units of one, and how many are shown


@dataclass(frozen=True)
class HeldOutScore:
    """Nats per unit of held-out text, over `units` units."""

    unit: str
    nats: float
    units: int

    @property
    def bits(self) -> float:
        """Bits per unit."""
        return language_model.bits(self.nats)

    @property
    def perplexity(self) -> float:
        """Perplexity per unit."""
        return language_model.perplexity(self.nats)


@dataclass(frozen=True)
class Judgement:
    """The report of a score, or of no score yet (None); `scored` counts its units, `every` the held-out part's."""

    score: HeldOutScore | None
    baseline: Baseline
    unit: str
    scored: int
    every: int
    short_of_time: bool
    known: dict[str, Any]
    validation_loss: float | None
    sections: tuple[ReportSection, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """The score and the n-gram model's score."""
        return (Result("nats", self.unit, None if self.score is None else self.score.nats, self.baseline.nats, NGRAM),)

    @property
    def headline(self) -> list[str]:
        """The lines of the score."""
        if self.score is None:
            return []
        lines = [f"held-out text, {self.scored:,} {PLURAL[self.unit]}, per {unit_name(self.unit)}:"]
        for name, nats in (("network", self.score.nats), ("n-gram ", self.baseline.nats)):
            bits, perplexity = language_model.bits(nats), language_model.perplexity(nats)
            lines.append(f"  {name}  {nats:.4f} nats  {bits:.4f} bits  perplexity {perplexity:,.2f}")
        return lines

    @property
    def notes(self) -> list[str]:
        """Notes: the baseline's own note, a score of a sample, and a network that is worse than its baseline."""
        notes = [self.baseline.note] if self.baseline.note else []
        if self.scored < self.every:
            note = f"Both scores are computed on an evenly spaced sample of {self.scored:,} of the held-out part's"
            notes.append(
                f"{note} {self.every:,} units{': --minutes left no time for more.' if self.short_of_time else '.'}"
            )
        if self.score is not None and self.results[0].loses:
            notes.append(
                f"The network is worse than the n-gram model: {self.score.nats:.4f} against"
                f" {self.baseline.nats:.4f} nats per {unit_name(self.unit)}. Train longer (--minutes), or on more text."
            )
        return notes

    @property
    def facts(self) -> dict[str, Any]:
        """For the model's card."""
        score, baseline = self.score, self.baseline
        return {
            **self.known,
            "scored_units": self.scored,
            "nats_per_unit": None if score is None else score.nats,
            "bits_per_unit": None if score is None else score.bits,
            "perplexity": None if score is None else score.perplexity,
            "sampled_nats_per_unit": self.validation_loss,
            "baseline": {
                "model": f"interpolated Kneser-Ney, order {baseline.order}",
                "nats_per_unit": baseline.whole_nats,
                "scored_nats_per_unit": baseline.nats,
                "note": baseline.note,
            },
        }


def sections(model: LanguageModel, held_out: Units, most: int = _EXAMINED) -> tuple[ReportSection, ...]:
    """Return sections with generated text after the beginning of held-out units `held_out` (N,), and with the passages
    of highest loss among at most `most` units.
    """
    return (_written(model, held_out), _surprising(model, held_out, min(most, _EXAMINED)))


def is_finite(score: HeldOutScore | None) -> bool:
    """Return whether there is a finite score."""
    return score is not None and math.isfinite(score.nats)


def _written(model: LanguageModel, held_out: Units) -> ReportSection:
    read = held_out[: min(_PROMPT, len(held_out) - 1)]
    _, state = model.runtime.feed(model.runtime.initial(), read[:-1])
    prompt = Prompt(model.vocabulary.decode(read), state, int(read[-1]))
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
    rows = tuple(
        (first + 1, mean, model.vocabulary.decode(held_out[first:stop]).replace("\n", "⏎"))
        for mean, first, stop in sorted(found, reverse=True)[:_PASSAGES]
    )
    unit = unit_name(kind)
    about = (
        f"Passages of {_PASSAGE} {PLURAL[kind]} with the highest loss, among {len(nats):,} {PLURAL[kind]}"
        " spread over the held-out part. The network has not learned such passages, or they do not belong"
        " in the text."
    )
    return ReportSection(
        "Passages with the highest loss", (Paragraph(about), ReportTable((unit, f"nats per {unit}", "passage"), rows))
    )
