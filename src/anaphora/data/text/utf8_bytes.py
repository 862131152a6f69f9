"""Bytes as units: one byte of a text's UTF-8 each, so no unit is unknown."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from anaphora.data.files.text import Text
from anaphora.data.text.vocabulary import Ids, IncrementalDecoder, Vocabulary, check_variety

_MOST = 3  # bytes of a character after its first


class Bytes(Vocabulary):
    """One byte of UTF-8 per unit: every text has an encoding, and the index is the byte."""

    kind = "byte"

    def __init__(self) -> None:
        self.symbols = tuple(chr(byte) if byte < 128 else f"\\x{byte:02x}" for byte in range(256))
        self.unknown = None

    @classmethod
    def of(cls, text: Text) -> Bytes:
        """Return the vocabulary, after a check that `text` has at least two different bytes."""
        found: set[int] = set()
        for block in text.blocks():
            found.update(block.encode())
            if len(found) > 1:
                return cls()
        check_variety(len(found), "byte", text)
        return cls()

    def _encode(self, text: str) -> Ids:
        return np.frombuffer(text.encode(), np.uint8).astype(np.int32)

    def _units(self, text: str) -> Sequence[str]:
        return [self.symbols[byte] for byte in text.encode()]

    def decode(self, ids: npt.ArrayLike) -> str:
        """Return the text of bytes (T,); invalid UTF-8 becomes U+FFFD."""
        return self.checked(ids).astype(np.uint8).tobytes().decode("utf-8", "replace")

    def decode_whole(self, ids: npt.ArrayLike) -> str:
        """Return the text of bytes (T,) without incomplete characters at its beginning and its end."""
        raw = self.checked(ids).astype(np.uint8).tobytes()
        begin = next((at for at, byte in enumerate(raw[:_MOST]) if byte & 0xC0 != 0x80), min(len(raw), _MOST))
        return codecs.getincrementaldecoder("utf-8")("replace").decode(raw[begin:])

    def decoder(self) -> IncrementalDecoder:
        return _ByteDecoder(self)

    def tensors(self) -> dict[str, np.ndarray]:
        """Return no tensors: the kind determines the vocabulary."""
        return {}


class _ByteDecoder(IncrementalDecoder):
    """A decoder that holds back the bytes of an incomplete character."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, index: int) -> str:
        return self._utf8.decode(self.vocabulary.checked([index]).astype(np.uint8).tobytes())

    def flush(self) -> str:
        text = self._utf8.decode(b"", final=True)
        self._utf8.reset()
        return text
