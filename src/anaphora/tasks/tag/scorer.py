"""The network of a tagger on the runtime: encoded sentences in, a score of every tag of every word out.

x_t = [embedding of word t, features of its characters]          e_1 … e_n = sentence network(x_1 … x_n)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.runtime import Model
from anaphora.runtime.pointwise import Floats
from anaphora.runtime.state import State
from anaphora.tasks.tag.encoding import Part


class Scorer(NamedTuple):
    """The three networks; `characters` is None if words are read without their characters."""

    words: Model
    characters: Model | None
    sentence: Model

    def scores(self, part: Part) -> Floats:
        """Return the scores (T, B, K) of the tags of B sentences."""
        found, _ = self.sentence.forward(self._vectors(part), part.lengths)
        return found

    def go_on(self, state: State, part: Part) -> tuple[NDArray[np.float32], State]:
        """Return the scores (n, K) of n more words of one sentence, and the state after them."""
        return self.sentence.feed(state, self._vectors(part)[:, 0])

    def _vectors(self, part: Part) -> Floats:
        """Return the vectors (T, B, I) of the words."""
        read, _ = self.words.forward(part.words.padded(), part.lengths)
        if self.characters is None:
            return read
        forms, _ = self.characters.forward(part.characters.padded(), part.characters.lengths)
        return np.concatenate([read, Ragged(forms[part.forms], part.words.ends).padded()], axis=2)
