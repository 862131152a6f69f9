"""Scoring a text with a trained language model, on the runtime alone; ``train`` reports the very numbers that
``eval`` prints.

    nats_t = −log p(x_t | x_0 … x_{t−1}),  t = 1 … N−1        the first unit has nothing before it and is only read

A text is cut into pieces that run as one batch (``streams.cut``); a piece re-reads some units before its first one,
so that it starts with a warm memory. One piece is the unbroken text.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anaphora.decode import log_probabilities
from anaphora.runtime import Model
from anaphora.tasks.language import streams
from anaphora.tasks.language.streams import Ids

LOGITS_AT_ONCE = 2**22
"""Scores of so many units times symbols are held at once, 16 MiB in float32; it changes no bit of the result."""


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
