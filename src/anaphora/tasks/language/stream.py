"""A text that comes in pieces: the nats of each unit, as soon as the unit is certain.

nats_t = −log p(x_t | x_0 … x_{t−1}),  t ≥ 1
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anaphora.arguments.accept import TEXT
from anaphora.data.surrogates import refuse_half_pair
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.decode import log_probabilities
from anaphora.runtime import Model
from anaphora.runtime.state import Parts
from anaphora.tasks.base.python_words import public
from anaphora.tasks.base.stream import Stream, text_from, text_part

_NOTHING = -1  # in place of the last unit, before there is one
_AT_ONCE = 1024  # units


class TextStream(Stream[str, NDArray[np.float64]]):
    """A language model that reads a text as it comes; `feed` and `finish` give the nats (n,) of the units read."""

    def __init__(self, model: Model, vocabulary: Vocabulary, state: bytes | None = None) -> None:
        self._model, self._vocabulary = model, vocabulary
        super().__init__(model, state)

    def begin(self) -> None:
        self._state, self._last, self._held = self._model.initial(), _NOTHING, ""

    @public(chunk=TEXT)
    def feed(self, chunk: str) -> NDArray[np.float64]:
        refuse_half_pair(chunk, "the chunk")
        certain, self._held = self._vocabulary.certain(self._held + chunk)
        return self._read(certain)

    def finish(self) -> NDArray[np.float64]:
        found = self._read(self._held)
        self.begin()
        return found

    def parts(self) -> Parts:
        state = {f"memory.{number}": part for number, part in enumerate(self._state)}
        return {**state, "last": np.array(self._last, np.int64), "held": text_part(self._held)}

    def restore(self, parts: Parts) -> None:
        """Restore the state, parts (layers·D, 1, width), the last unit and the text that waits."""
        self._state = tuple(parts[f"memory.{number}"] for number in range(len(self._model.layout)))
        self._last, self._held = int(parts["last"]), text_from(parts["held"])

    def _read(self, text: str) -> NDArray[np.float64]:
        ids = self._vocabulary.encode(text)
        if not ids.size:
            return np.zeros(0)
        read = ids[:-1] if self._last == _NOTHING else np.concatenate([[self._last], ids[:-1]])
        targets, state = ids[len(ids) - len(read) :], self._state
        found = np.zeros(len(read))
        for begin in range(0, len(read), _AT_ONCE):
            here = slice(begin, begin + _AT_ONCE)
            logits, state = self._model.feed(state, read[here])
            found[here] = -log_probabilities(logits)[np.arange(len(logits)), targets[here]]
        self._state, self._last = state, int(ids[-1])
        return found
