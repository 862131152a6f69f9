"""The header of a model file: canonical JSON with one possible form for each content.

::

    header = {tensor: {"dtype", "shape", "data_offsets"}, …, "__metadata__": {"anaphora": JSON of config and digests}}
    data   = the tensors by item size, largest first, then by name, without gaps
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from anaphora.errors import CorruptBundle, IncompatibleBundle

ALIGNMENT = 64  # bytes; data begin on a cache line, every tensor at a multiple of its item size
MAX_HEADER = 16 << 20  # bytes; a header holds names, shapes and settings, while vocabularies are tensors
MAX_DEPTH = 32  # of objects and lists in the config
KEY = "anaphora"

DTYPES = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}
METADATA = "__metadata__"
ZEROS = "0" * 64
_REMEDY = "Copy or download the file again, or take another copy of the model"

Json = dict[str, Any]


def split(raw: bytes) -> tuple[int, Json, Json]:
    """Return the end of the header, its entries by tensor name, and the object under ``anaphora``."""
    if raw[:4] == b"PK\x03\x04":
        raise IncompatibleBundle("this is a zip archive, as torch.save writes it: expected a file that anaphora wrote")
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or (length <= MAX_HEADER and len(raw) < 8 + length):
        corrupt(f"it is cut short: {len(raw)} bytes do not hold its header")
    if length > MAX_HEADER:
        corrupt(
            f"it does not begin like a model file: its header would have {length} bytes, at most"
            f" {MAX_HEADER} are allowed"
        )
    outer = _parse(raw[8 : 8 + length], "its header")
    metadata = outer.pop(METADATA, None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise IncompatibleBundle(
            f"this safetensors file has no {KEY!r} in its metadata: expected one that anaphora wrote"
        )
    if len(metadata) != 1:
        corrupt(f"its metadata holds more than {KEY!r}")
    return 8 + length, outer, _parse(metadata[KEY].encode("utf-8", "surrogatepass"), f"the metadata {KEY!r}")


def layout(described: Mapping[str, tuple[str, tuple[int, ...]]]) -> Json:
    """Return the entries in the order of their data: by item size, largest first, so that all are aligned, then by
    name.
    """
    entries: Json = {}
    begin = 0
    for name in sorted(described, key=lambda name: (-DTYPES[described[name][0]].itemsize, name)):
        dtype, shape = described[name]
        end = begin + DTYPES[dtype].itemsize * math.prod(shape)
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
        begin = end
    return entries


def header_bytes(entries: Json, inner: Json) -> bytes:
    """Return the length and the header of a file, padded to the alignment."""
    header = canonical(entries | {METADATA: {KEY: canonical(inner)}}).encode()
    header += b" " * (-(8 + len(header)) % ALIGNMENT)
    return len(header).to_bytes(8, "little") + header


def whole_digest(entries: Json, inner: Json, data: bytes | memoryview) -> str:
    """Return the SHA-256 of the whole file with the digest set to zeros."""
    digest = hashlib.sha256(header_bytes(entries, inner | {"whole": ZEROS}))
    digest.update(data)
    return digest.hexdigest()


def canonical(value: Mapping[str, Any]) -> str:
    """Return the only JSON form of a value that a header may hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _parse(raw: bytes, what: str) -> Json:
    def once(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) != len(pairs):
            corrupt(f"{what} names a key twice")
        return found

    def finite(number: str) -> float:
        if not math.isfinite(value := float(number)):  # NaN, Infinity, 1e999
            corrupt(f"{what} holds {number}, which is not a finite number")
        return value

    try:
        value = json.loads(raw, object_pairs_hook=once, parse_constant=finite, parse_float=finite)
        check_plain(value)
    except (ValueError, RecursionError) as error:
        raise CorruptBundle(f"{what} is not JSON that anaphora writes ({error}). {_REMEDY}") from error
    if not isinstance(value, dict):
        corrupt(f"{what} is not a JSON object")
    return value


def check_plain(value: Any, depth: int = 0) -> None:
    """Raise ValueError for a key that is no string, or for a value nested deeper than `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is not a string")
            check_plain(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            check_plain(item, depth + 1)


def corrupt(what: str) -> NoReturn:
    """Raise CorruptBundle with a sentence and the remedy."""
    raise CorruptBundle(f"{what}. {_REMEDY}")
