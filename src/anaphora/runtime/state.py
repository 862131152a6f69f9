"""What a model remembers between two steps: a tuple of arrays, and the same as bytes.

The bytes of a state, little endian: ``b"anaphora.state\\0\\0"``, version u32 = 1, number of floats n u32, SHA-256 of
the model's architecture and weights (32), SHA-256 of the floats (32), n float32: the parts of the state in the
model's order, row-major.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

import numpy as np

from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runtime.pointwise import Floats

State = tuple[Floats, ...]

VERSION = 1
_MAGIC = b"anaphora.state\0\0"
_HEADER = struct.Struct("<16sII32s32s")


def pack(state: State, digest: bytes) -> bytes:
    """The bytes of a state, parts (layers·D, 1, width); `digest` is that of the model it belongs to, 32 bytes."""
    floats = b"".join(part.astype("<f4", copy=False).tobytes() for part in state)
    digests = digest, hashlib.sha256(floats).digest()
    return _HEADER.pack(_MAGIC, VERSION, len(floats) // 4, *digests) + floats


def unpack(blob: bytes, digest: bytes, layout: Sequence[tuple[int, int]]) -> State:
    """The state that bytes hold: for every part of `layout`, (layers·D, width), an array (layers·D, 1, width).

    Raises DataError when the bytes are damaged or no state at all, IncompatibleBundle when they belong to another
    model or come from a newer version.
    """
    expected = sum(lines * width for lines, width in layout)
    if len(blob) < _HEADER.size or not blob.startswith(_MAGIC):
        raise DataError(
            f"These {len(blob)} bytes are no session state: one begins with {_MAGIC.rstrip(bytes(1))!r} and has at "
            f"least {_HEADER.size} bytes. Pass what `session.state` gave, whole."
        )
    _, version, count, of_model, of_floats = _HEADER.unpack_from(blob)
    if version != VERSION:
        raise IncompatibleBundle(
            f"This session state has version {version}; this anaphora reads {VERSION}. Use the one that saved it."
        )
    if of_model != digest:
        raise IncompatibleBundle(
            f"This session state was saved by another model (SHA-256 {of_model.hex()[:12]}…, this one is "
            f"{digest.hex()[:12]}…). Load the model that saved it, or feed the text again."
        )
    floats = blob[_HEADER.size :]
    if len(floats) != 4 * count or count != expected:
        raise DataError(
            f"This session state is {'cut short' if len(floats) < 4 * expected else 'too long'}: expected "
            f"{_HEADER.size + 4 * expected} bytes, got {len(blob)}."
        )
    if hashlib.sha256(floats).digest() != of_floats:
        raise DataError(
            "This session state is damaged: its checksum does not fit. Use another copy, or feed the text again."
        )
    values = np.frombuffer(floats, dtype="<f4").astype(np.float32)
    parts, begin = [], 0
    for lines, width in layout:
        parts.append(values[begin : begin + lines * width].reshape(lines, 1, width))
        begin += lines * width
    return tuple(parts)
