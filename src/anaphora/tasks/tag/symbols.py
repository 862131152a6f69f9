"""Words and characters with a number each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 0
_LEAST = 2  # times that a text must occur to have a number


class Symbols:
    """Texts with a number each, from 1 on; every other text is 0."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self._index = {text: number for number, text in enumerate(self.texts, 1)}

    @property
    def size(self) -> int:
        """The number of symbols, with the unknown one."""
        return len(self.texts) + 1

    @classmethod
    def of(cls, counts: Mapping[str, int], most: int | None = None) -> Symbols:
        """Return the most frequent texts that occur at least twice; among equal counts, the first by code point."""
        frequent = sorted((text for text in counts if counts[text] >= _LEAST), key=lambda text: (-counts[text], text))
        return cls(frequent[: None if most is None else most - 1])

    def encode(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return their numbers (n,)."""
        return np.fromiter(map(self._index.get, texts, repeat(UNKNOWN)), dtype=np.int32, count=len(texts))
