"""A session: a model, and what it remembers so far.

    session.feed(ids (n,)) -> logits (n, V)      the same bits as one call, whatever the cuts
    session.state -> bytes                       the memory as a value; ``model.session(state=blob)`` goes on from it
    session.fork() -> Session                    two futures of one past

A feed is atomic: the session moves on only when all its scores exist, so one that raises leaves it where it was.

The bytes of a state, little endian: ``b"anaphora.state\\0\\0"``, version u32 = 1, number of floats n u32, SHA-256 of
the model's architecture and weights (32), SHA-256 of the floats (32), n float32: the parts of the state in the
model's order, row-major.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from anaphora.errors import DataError, IncompatibleBundle

if TYPE_CHECKING:
    from anaphora.runtime.blocks import Floats
    from anaphora.runtime.model import Model, State

VERSION = 1
_MAGIC = b"anaphora.state\0\0"
_HEADER = struct.Struct("<16sII32s32s")


class Session:
    """One live sequence; cheap, and independent of all others of its model."""

    def __init__(self, model: Model, state: bytes | None = None) -> None:
        """Begin, or go on from ``state``.

        Raises UsageError when a block of the model needs whole rows, DataError when the bytes are damaged or no state
        at all, IncompatibleBundle when they belong to another model or come from a newer version.
        """
        model.check_steps()
        self.model = model
        self._state = model.initial() if state is None else _unpack(model, state)

    def feed(self, inputs: ArrayLike) -> Floats:
        """Read n more steps, ids (n,) or vectors (n, I), and return what leaves (n, V) after each; n may be 0.

        Raises DataError when an id is no symbol of the model; then nothing was read.
        """
        y, after = self.model.feed(self._state, inputs)
        self._state = after
        return y

    @property
    def state(self) -> bytes:
        """What the session remembers, as bytes that only this model's architecture and weights accept."""
        floats = b"".join(part.astype("<f4", copy=False).tobytes() for part in self._state)
        digests = self.model.digest, hashlib.sha256(floats).digest()
        return _HEADER.pack(_MAGIC, VERSION, len(floats) // 4, *digests) + floats

    @property
    def memory(self) -> State:
        """The state as the model's own tuple of arrays, for ``model.step``; leave the arrays as they are."""
        return self._state

    def fork(self) -> Session:
        """Return a second session that remembers the same and goes its own way."""
        other = Session(self.model)
        other._state = self._state
        return other


def _unpack(model: Model, blob: bytes) -> State:
    expected = sum(lines * width for lines, width in model.layout)
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
    if of_model != model.digest:
        raise IncompatibleBundle(
            f"This session state was saved by another model (SHA-256 {of_model.hex()[:12]}…, this one is "
            f"{model.digest.hex()[:12]}…). Load the model that saved it, or feed the text again."
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
    for lines, width in model.layout:
        parts.append(values[begin : begin + lines * width].reshape(lines, 1, width))
        begin += lines * width
    return tuple(parts)
