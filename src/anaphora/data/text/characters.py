"""Characters as units: one Unicode code point each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from anaphora.data.files.text import Text
from anaphora.data.text.vocabulary import SHOWN_UNKNOWN, UNKNOWN, Ids, SymbolTable, check_variety

_CODE_POINTS = 0x110000


class Characters(SymbolTable):
    """One Unicode code point per unit; the unknown symbol is first, and known characters follow by code point."""

    kind = "char"

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(symbols)
        self._points = np.array([ord(symbol) for symbol in self.symbols], dtype=np.uint32)
        self._index = np.zeros(_CODE_POINTS, dtype=np.int32)
        self._index[self._points] = np.arange(self.size, dtype=np.int32)
        ascii_index = self._index[:128]
        self._ascii = ascii_index.astype(np.uint8).tobytes().ljust(256) if ascii_index.max() < 256 else None

    @classmethod
    def of(cls, text: Text, size: int | None) -> Characters:
        """Return all characters of `text`, or the `size` - 1 most frequent (ties: the lower code point)."""
        counts = count_characters(text.blocks())
        counts[ord(UNKNOWN)] = 0
        points = np.flatnonzero(counts)
        check_variety(points.size, "character", text)
        if size is not None and points.size > size - 1:
            points = np.sort(points[np.argsort(-counts[points], kind="stable")[: size - 1]])
        return cls([UNKNOWN, *map(chr, points.tolist())])

    def _encode(self, text: str) -> Ids:
        if self._ascii is not None and text.isascii():  # five times as fast
            return np.frombuffer(text.encode().translate(self._ascii), np.uint8).astype(np.int32)
        return self._index[_code_points(text)]

    def _units(self, text: str) -> Sequence[str]:
        return text

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of indices (T,), `<unk>` for the unknown one; IndexError for an index outside 0 … V-1."""
        text = self._points[self.checked(ids)].astype("<u4").tobytes().decode("utf-32-le")
        return text.replace(UNKNOWN, SHOWN_UNKNOWN)


def count_characters(blocks: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return the number of occurrences of every code point in a text, (1114112,)."""
    counts = np.zeros(_CODE_POINTS, dtype=np.int64)
    for block in blocks:
        points = np.frombuffer(block.encode(), np.uint8) if block.isascii() else _code_points(block)
        found = np.bincount(points)
        counts[: found.size] += found
    return counts


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)
