"""Words, characters and tags with a number each, and how a bundle holds their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import CorruptBundle

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


def packed(texts: Sequence[str], name: str) -> dict[str, NDArray[Any]]:
    """Return texts as two tensors: their bytes, and the end of each (n,)."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return {f"{name}.text": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


def unpacked(tensors: Mapping[str, NDArray[Any]], name: str) -> list[str]:
    """Return the texts of two tensors, bytes (m,) and ends (n,); raises CorruptBundle if the tensors are missing."""
    try:
        whole, ends = tensors[f"{name}.text"].tobytes(), tensors[f"{name}.ends"].tolist()
        return [whole[begin:end].decode("utf-8", "surrogatepass") for begin, end in zip([0, *ends], ends, strict=False)]
    except (KeyError, UnicodeDecodeError) as error:
        raise CorruptBundle(f"The model's '{name}' cannot be read: {error}.") from error
