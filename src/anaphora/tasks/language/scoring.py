"""Scoring a text with a trained language model, on the runtime alone; ``train`` reports the very numbers that
``eval`` prints.

    nats_t = −log p(x_t | x_0 … x_{t−1}),  t = 1 … N−1        the first unit has nothing before it and is only read

A text is cut into pieces that run as one batch (``streams.cut``); a piece re-reads some units before its first one,
so that it starts with a warm memory. One piece is the unbroken text.

The floor beside a score is an n-gram model of the same units. It can only stand beside a text whose training text is
known: the held-out text itself, whose floor the model's card holds, or any text once the training text is given again.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anaphora.baselines import KneserNey, order_for
from anaphora.decode import log_probabilities
from anaphora.errors import DataError
from anaphora.metrics import bits_per_byte, surprise
from anaphora.runtime import Model
from anaphora.tasks.language import streams
from anaphora.tasks.language.streams import Ids
from anaphora.tasks.language.writing import Writer

LOGITS_AT_ONCE = 2**22
"""Scores of so many units times symbols are held at once, 16 MiB in float32; it changes no bit of the result."""


@dataclass(frozen=True)
class Score:
    """How surprising a text was, per unit; `floor_nats` is None where `floor_note` says why."""

    unit: str
    units: int
    unknown_units: int
    nats_per_unit: float
    bits_per_unit: float
    perplexity: float
    bits_per_byte: float
    floor_nats: float | None
    floor_note: str


def evaluate(writer: Writer, text: str, training_text: str | None = None, most_pieces: int = streams.ROWS) -> Score:
    """Score a text, and count n-grams on the training text where it is given.

    Raises DataError when a text has fewer than two units.
    """
    vocabulary = writer.vocabulary
    ids = vocabulary.encode(text)
    if len(ids) < 2:
        raise DataError(f"Expected at least 2 {vocabulary.kind} units to score, got {len(ids)}: bring more text.")
    result = surprise(score(writer.model, ids, most_pieces))
    floor_nats, note = _floor(writer, text, ids, training_text)
    return Score(
        unit=vocabulary.kind,
        units=result.units,
        unknown_units=0 if vocabulary.unknown is None else int((ids[1:] == vocabulary.unknown).sum()),
        nats_per_unit=result.nats_per_unit,
        bits_per_unit=result.bits_per_unit,
        perplexity=result.perplexity,
        bits_per_byte=bits_per_byte(result.nats_per_unit, result.units, text),
        floor_nats=floor_nats,
        floor_note=note,
    )


def _floor(writer: Writer, text: str, ids: Ids, training_text: str | None) -> tuple[float | None, str]:
    kind = writer.vocabulary.kind
    if training_text is not None:
        counted = writer.vocabulary.encode(training_text)
        if len(counted) < 2:
            raise DataError(f"Expected at least 2 {kind} units to count n-grams on, got {len(counted)}.")
        ngram = KneserNey(order_for(kind), writer.vocabulary.size).fit(counted)
        floor = math.fsum(ngram.nats(ids)[1:].tolist()) / (len(ids) - 1)
        return floor, ngram.note or "counted on the text that was given"
    card = writer.model.config.get("card", {})
    if card.get("held_out_sha256") == hashlib.sha256(text.encode()).hexdigest():
        return float(card["floor"]["nats_per_unit"]), "this is the held-out text of the training, and its n-gram score"
    return None, "this is not the training's held-out text: give the training text with --floor-from"


def score(model: Model, ids: Ids, most_pieces: int = streams.ROWS) -> NDArray[np.float64]:
    """Return −log p of every unit of a text but the first, in nats (N−1,)."""
    pieces = streams.cut(len(ids), most=most_pieces)
    nats = np.zeros(max(0, len(ids) - 1), dtype=np.float64)
    if not pieces:
        return nats
    rows = streams.rows(ids, pieces)
    T, B = rows.inputs.shape
    starts = np.array([piece.start for piece in pieces])
    state = model.initial(B)
    chunk = max(1, LOGITS_AT_ONCE // (B * model.width))
    for begin in range(0, T, chunk):
        here = slice(begin, begin + chunk)
        inputs, scored = rows.inputs[here], rows.scored[here]
        logits, state = model.forward(inputs, np.clip(rows.lengths - begin, 0, len(inputs)), state)
        t, b = np.nonzero(scored)
        targets = rows.targets[here][t, b]
        nats[starts[b] + begin + t] = -log_probabilities(logits[t, b])[np.arange(t.size), targets]
    return nats
