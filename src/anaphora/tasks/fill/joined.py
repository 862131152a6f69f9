"""The parts of a gap filler's network on the runtime, joined: see `anaphora.tasks.fill.network`.

p(w | before, after) = softmax(E·W[h_{t−1}, g_{t+1}] + b)        p(w | before) = softmax(E·W'h_{t−1} + b')
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.decode import log_probabilities
from anaphora.runtime import Model, parts
from anaphora.tasks.fill.network import SIDES

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

LOGITS_AT_ONCE = 2**21
"""Scores of so many gaps times symbols are held at once; it changes no bit of the result."""


class JoinedNetwork:
    """A gap filler's network."""

    def __init__(self, model: Model) -> None:
        found = parts(model)
        self._words, self._before, self._after = found["words"], found["before"], found["after"]
        self._narrow = {side: found[side] for side in SIDES}
        self._outputs: dict[str, Any] = {side: found[f"{side}_output"] for side in SIDES}
        self.width: int = self._outputs["both"].width

    def read(self, rows: Ragged, places: Indices, both: bool = True) -> Floats:
        """Return the states of both directions at `places`, (n, 2·H), or of the forward direction alone, (n, H);
        `places` (n,) count the steps of all rows.
        """
        (row, step), lengths = rows.locate(places), rows.lengths
        before, _ = self._before.forward(self._words.forward(rows.padded(), lengths)[0], lengths)
        past = _beside(before, step - 1, row)
        if not both:
            return past
        after, _ = self._after.forward(self._words.forward(rows.reversed().padded(), lengths)[0], lengths)
        return np.concatenate([past, _beside(after, lengths[row] - step - 2, row)], axis=1)

    def logits(self, beside: Floats, side: str) -> Floats:
        """Return logits (n, V) from both sides (n, 2·H), or from the left side (n, H)."""
        narrow, _ = self._narrow[side].forward(beside[None])
        logits: Floats = self._outputs[side].of(narrow[0])
        return logits

    def log_probabilities(self, beside: Floats, side: str) -> NDArray[np.float64]:
        """Return the same (n, V) as ln p."""
        return log_probabilities(self.logits(beside, side))

    def chunks(self, count: int) -> Iterator[slice]:
        """Yield slices of at most as many gaps as are computed at once."""
        size = max(1, LOGITS_AT_ONCE // self.width)
        yield from (slice(at, min(at + size, count)) for at in range(0, count, size))


def _beside(states: Floats, step: Indices, row: Indices) -> Floats:
    """(n, H) of states (T, B, H); zeros before a row's first step."""
    return np.where((step >= 0)[:, None], states[np.maximum(step, 0), row], np.float32(0))
