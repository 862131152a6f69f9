"""States as bytes: the state of a model, and the state of a task's stream.

Little endian. Both forms begin with ``b"anaphora.state\\0\\0"`` and a version, u32, and belong to one model:

    version 1   a model's state: number of floats n u32, SHA-256 of the model's architecture and weights (32),
                SHA-256 of the floats (32), n float32: the parts of the state in the model's order, row-major
    version 2   named parts of any type: length of the head u32, SHA-256 of the model (32), SHA-256 of the rest (32),
                the head, JSON [[name, type, shape], …] in the order of names, and the bytes of each part, row-major
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runtime.pointwise import Floats

State = tuple[Floats, ...]
Parts = Mapping[str, NDArray[Any]]

VERSION = 1
PARTS_VERSION = 2
TYPES = ("<f4", "<f8", "<i4", "<i8", "|u1", "|b1")
_MAGIC = b"anaphora.state\0\0"
_HEADER = struct.Struct("<16sII32s32s")


_FORMS = {VERSION: "session", PARTS_VERSION: "stream"}
_OPENED_BY = {VERSION: "`session(state)` of the model", PARTS_VERSION: "`open_stream(state)` of the task's model"}


def pack(state: State, digest: bytes) -> bytes:
    """Return the bytes of a state with parts (layers·D, 1, width); `digest` is that of its model, 32 bytes."""
    floats = b"".join(part.astype("<f4", copy=False).tobytes() for part in state)
    return _HEADER.pack(_MAGIC, VERSION, len(floats) // 4, digest, hashlib.sha256(floats).digest()) + floats


def unpack(blob: bytes, digest: bytes, layout: Sequence[tuple[int, int]]) -> State:
    """Return the state that bytes hold: for every (layers·D, width) of `layout` an array (layers·D, 1, width).

    Raises DataError if the bytes are damaged or are no state, IncompatibleBundle if they belong to another model, hold
    the state of a stream, or come from a newer version.
    """
    expected = sum(lines * width for lines, width in layout)
    count, of_floats = _opened(blob, digest, VERSION)
    floats = blob[_HEADER.size :]
    if len(floats) != 4 * count or count != expected:
        raise DataError(
            f"This session state is {'cut short' if len(floats) < 4 * expected else 'too long'}: expected "
            f"{_HEADER.size + 4 * expected} bytes, got {len(blob)}."
        )
    _check(floats, of_floats, VERSION)
    values = np.frombuffer(floats, dtype="<f4").astype(np.float32)
    parts, begin = [], 0
    for lines, width in layout:
        parts.append(values[begin : begin + lines * width].reshape(lines, 1, width))
        begin += lines * width
    return tuple(parts)


def pack_parts(parts: Parts, digest: bytes) -> bytes:
    """Return the bytes of named arrays of any shape (n, …) with types in `TYPES`.

    Raises ValueError for another type.
    """
    ordered = [(name, np.asarray(parts[name], order="C")) for name in sorted(parts)]
    little = [(name, part.astype(part.dtype.newbyteorder("<"), copy=False)) for name, part in ordered]
    wrong = [f"{name}: {part.dtype}" for name, part in little if part.dtype.str not in TYPES]
    if wrong:
        raise ValueError(f"a state holds parts of {', '.join(TYPES)}; got {', '.join(wrong)}")
    head = json.dumps([[name, part.dtype.str, part.shape] for name, part in little], separators=(",", ":")).encode()
    body = head + b"".join(part.tobytes() for _, part in little)
    return _HEADER.pack(_MAGIC, PARTS_VERSION, len(head), digest, hashlib.sha256(body).digest()) + body


def unpack_parts(blob: bytes, digest: bytes) -> dict[str, NDArray[Any]]:
    """Return the named arrays that bytes hold; raises as `unpack` does, with stream and session exchanged."""
    length, of_body = _opened(blob, digest, PARTS_VERSION)
    body = blob[_HEADER.size :]
    _check(body, of_body, PARTS_VERSION)
    parts: dict[str, NDArray[Any]] = {}
    at = length
    try:
        for name, kind, shape in json.loads(body[:length]):
            if kind not in TYPES or not all(isinstance(size, int) and size >= 0 for size in shape):
                raise ValueError(f"a part of type {kind!r} and shape {shape!r}")
            size = math.prod(shape)
            found = np.frombuffer(body, dtype=kind, count=size, offset=at).reshape(shape)
            parts[str(name)] = found.astype(found.dtype.newbyteorder("="))
            at += found.nbytes
        if at != len(body):
            raise ValueError(f"{len(body) - at} bytes too many")
    except (TypeError, ValueError) as error:
        raise DataError(f"This stream state has an invalid head: {error}.") from error
    return parts


def _opened(blob: bytes, digest: bytes, wanted: int) -> tuple[int, bytes]:
    """Return the count and the checksum of a state's header; raise an error for bytes of another model or version."""
    form = _FORMS[wanted]
    if len(blob) < _HEADER.size or not blob.startswith(_MAGIC):
        raise DataError(
            f"These {len(blob)} bytes are not a {form} state: a {form} state begins with"
            f" {_MAGIC.rstrip(bytes(1))!r} and has at least {_HEADER.size} bytes. Pass the whole output of"
            f" `{form}.state`."
        )
    _, version, count, of_model, of_rest = _HEADER.unpack_from(blob)
    if version != wanted and version in _FORMS:
        raise IncompatibleBundle(
            f"These bytes are the state of a {_FORMS[version]}, and the state of a {form} is expected here."
            f" Pass them to {_OPENED_BY[version]}."
        )
    if version != wanted:
        raise IncompatibleBundle(
            f"This {form} state has version {version}; this anaphora reads {wanted}. Use the version of"
            " anaphora that saved it."
        )
    if of_model != digest:
        raise IncompatibleBundle(
            f"This {form} state was saved by another model (SHA-256 {of_model.hex()[:12]}…, this one is "
            f"{digest.hex()[:12]}…). Load the model that saved it, or feed the text again."
        )
    return count, of_rest


def _check(rest: bytes, digest: bytes, version: int) -> None:
    if hashlib.sha256(rest).digest() != digest:
        raise DataError(
            f"This {_FORMS[version]} state is damaged: its checksum does not match. Use another copy, or feed the text"
            " again."
        )
