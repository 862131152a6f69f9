"""Scoring a text with a trained language model, on the runtime alone; ``train`` reports the very numbers that
``eval`` prints.

    nats_t = −log p(x_t | x_0 … x_{t−1}),  t = 1 … N−1        the first unit has nothing before it and is only read

A text is cut into pieces that run as one batch (``windows.cut``); a piece re-reads some units before its first one,
so that it starts with the state after those units. One piece is the unbroken text. Of a very long text a sample is
scored, by the network and by the n-gram model alike.

The baseline of a score is an n-gram model of the same units. It needs the training text: the model's card holds the
baseline of the held-out text, and any other text needs the training text again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines.ngram import KneserNey, order_for
from anaphora.config.old_names import card_by_current_names
from anaphora.config.units import PLURAL
from anaphora.data.files.text import Text
from anaphora.data.text.id_files import Units
from anaphora.data.text.tokenized import units_of
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.decode import log_probabilities
from anaphora.errors import DataError
from anaphora.formatting import unit_name
from anaphora.metrics.language_model import bits_per_byte, surprise
from anaphora.runs import report as reports
from anaphora.runs.content import Result
from anaphora.runs.sample import Sample
from anaphora.runs.tested import part_of_text
from anaphora.runs.text_sample import means, restored
from anaphora.runtime import Model
from anaphora.tasks.language import windows
from anaphora.tasks.language.settings import SCORED
from anaphora.tasks.language.windows import Piece

NGRAM = "the n-gram model"
FIGURES = {"nats": None}  # and the highest possible mean
LOGITS_AT_ONCE = 2**22
"""Scores of so many units times symbols are held at once, 16 MiB in float32; it changes no bit of the result."""


@dataclass(frozen=True)
class Score(reports.Score):
    """The score of a text, per unit; `baseline_nats` is None with the reason in `baseline_note`."""

    unit: str
    units: int  # that were scored
    text_units: int  # that have one before them: as many, but for a sample
    unknown_units: int
    nats_per_unit: float
    bits_per_unit: float
    perplexity: float
    bits_per_byte: float
    baseline_nats: float | None
    baseline_note: str

    def results(self) -> tuple[Result, ...]:
        """Return nats beside those of the n-gram model, if they are known."""
        return (Result("nats", self.unit, self.nats_per_unit, self.baseline_nats, NGRAM),)

    def lines(self) -> list[str]:
        """Return the lines of a report: the network beside the n-gram model."""
        unknown = f", {self.unknown_units:,} of them unknown to the model" if self.unknown_units else ""
        part = "" if self.units == self.text_units else f" of {self.text_units:,}, evenly spaced,"
        lines = [
            f"{self.units:,}{part} {PLURAL[self.unit]} scored{unknown}; per {unit_name(self.unit)}:",
            f"  network  {self.nats_per_unit:.4f} nats  {self.bits_per_unit:.4f} bits"
            f"  perplexity {self.perplexity:,.2f}",
        ]
        if self.baseline_nats is None:
            return [*lines, *self.interval_line(), f"  n-gram   not computed: {self.baseline_note}"]
        lines.append(f"  n-gram   {self.baseline_nats:.4f} nats  ({self.baseline_note})")
        return [*lines, *self.interval_line()]


def evaluate(
    model: Model,
    vocabulary: Vocabulary,
    text: str | Text,
    training_text: str | Text | None = None,
    max_units: int = SCORED,
) -> Score:
    """Score a text beside n-grams of the training text, if given; raises DataError for fewer than two units."""
    text = Text.of(text) if isinstance(text, str) else text
    with units_of(vocabulary, text) as ids:
        if len(ids) < 2:
            raise DataError(f"Expected at least 2 {vocabulary.kind} units to score, got {len(ids)}: add text.")
        pieces = windows.cut(len(ids), units=max_units)
        each = nats(model, ids, pieces)
        result = surprise(each)
        sha256, size_bytes = hashlib.sha256(), 0
        for block in text.blocks():
            sha256.update(block.encode())
            size_bytes += len(block.encode())
        baseline_nats, rival, note = _baseline(model, vocabulary, sha256.hexdigest(), ids, pieces, training_text)
        unknown = 0
        if vocabulary.unknown is not None:
            unknown = sum(int((ids[piece.first : piece.stop] == vocabulary.unknown).sum()) for piece in pieces)
    return Score(
        unit=vocabulary.kind,
        units=result.units,
        text_units=len(ids) - 1,
        unknown_units=unknown,
        nats_per_unit=result.nats_per_unit,
        bits_per_unit=result.bits_per_unit,
        perplexity=result.perplexity,
        bits_per_byte=bits_per_byte(result.nats_per_unit, len(ids) - 1, size_bytes),
        baseline_nats=baseline_nats,
        baseline_note=note,
        sample=means(FIGURES, each),
        rival=rival,
    )


def _baseline(
    model: Model,
    vocabulary: Vocabulary,
    sha256: str,
    ids: Units,
    pieces: Sequence[Piece],
    training_text: str | Text | None,
) -> tuple[float | None, Sample | None, str]:
    """Return the n-gram model's nats per unit, its sample if known, and a note."""
    kind = vocabulary.kind
    if training_text is not None:
        training_text = Text.of(training_text) if isinstance(training_text, str) else training_text
        with units_of(vocabulary, training_text) as counted:
            if len(counted) < 2:
                raise DataError(f"Expected at least 2 {kind} units to count n-grams on, got {len(counted)}.")
            ngram = KneserNey(order_for(kind), vocabulary.size).fit(counted)
        each = ngram_nats(ngram, ids, pieces)
        mean = math.fsum(each.tolist()) / len(each)
        return mean, means(FIGURES, each), ngram.note or "counted on the text that was given"
    card = card_by_current_names(model.config.get("card", {}))
    kept = part_of_text(card, sha256)
    if kept is None:
        return None, None, "this is not the held-out text of the training: name the training text with --baseline-text"
    if list(pieces) != windows.cut(len(ids)):
        note = (
            "the n-gram score in the model's card covers other units of this text: leave --max-units out, or name the"
            " training text with --baseline-text"
        )
        return None, None, note
    name, stored = kept
    known, note = stored["baseline"], f"this is the {name} text of the training, and its n-gram score"
    return float(known["nats_per_unit"]), restored(known.get("blocks"), FIGURES), note


def ngram_nats(ngram: KneserNey, ids: Units, pieces: Sequence[Piece]) -> NDArray[np.float64]:
    """Return −log p (n,) of every unit of ids (N,) that pieces score, by an n-gram model with the same context."""
    return np.concatenate(
        [ngram.nats(ids[piece.start : piece.stop])[piece.first - piece.start :] for piece in pieces] or [np.zeros(0)]
    )


def nats(model: Model, ids: Units, pieces: Sequence[Piece] | None = None) -> NDArray[np.float64]:
    """Return −log p (n,), in nats, of the units of ids (N,) that pieces score, by default those of a score."""
    pieces = windows.cut(len(ids)) if pieces is None else pieces
    found = np.zeros(windows.scored_in(pieces), dtype=np.float64)
    if not pieces:
        return found
    sizes = np.array([piece.stop - piece.first for piece in pieces])
    warm = np.array([piece.first - 1 - piece.start for piece in pieces])  # steps that are read and not scored
    places = np.cumsum(sizes) - sizes - warm  # of a row's first step among the nats
    state = model.initial(len(pieces))
    chunk = max(1, LOGITS_AT_ONCE // (len(pieces) * model.width))
    for begin in range(0, int((sizes + warm).max()), chunk):
        rows = windows.rows(ids, pieces, begin, chunk)
        logits, state = model.forward(rows.inputs, rows.lengths, state)
        t, b = np.nonzero(rows.scored)
        targets = rows.targets[t, b]
        found[places[b] + begin + t] = -log_probabilities(logits[t, b])[np.arange(t.size), targets]
    return found
