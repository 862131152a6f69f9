"""The model file, ``*.anaphora``: one safetensors file that proves its own bytes. Specified in ``docs/bundle.md``.

::

    file   = N, u64 little-endian | header, N bytes | data
    header = canonical JSON, then spaces until 8 + N is a multiple of 64
    whole  = SHA-256 of the file with the 64 characters of this digest set to "0"

Every safetensors reader reads it. It differs from what the safetensors library writes in two ways: the same model
gives the same bytes every time (the library orders metadata at random), and no bit changes unnoticed, because each
byte of the header follows from what the header means and the digest covers header and data. Nothing in it is code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from anaphora.errors import BundleError, CorruptBundle, DataError, IncompatibleBundle
from anaphora.files import atomic

VERSION = 1
FIELDS = {"version", "task", "model", "units", "training", "card"}
REQUIRED = {"version", "task", "model"}
ALIGNMENT = 64  # bytes: data begins on a cache line, every tensor at a multiple of its item's size
MAX_HEADER = 16 << 20  # bytes: a header is names, shapes and settings; vocabularies are tensors
MAX_NUMBERS = 1 << 48
MAX_DIMENSIONS = 32
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
_NAME_OF = {dtype: name for name, dtype in DTYPES.items()}
_METADATA = "__metadata__"
_ZEROS = "0" * 64
_REMEDY = "Copy or download the file again, or take another copy of the model"

Json = dict[str, Any]


class Bundle(NamedTuple):
    """What a model file holds."""

    tensors: dict[str, np.ndarray]
    """Every array by its name, read-only."""
    config: Json
    """``version``, ``task``, ``model`` (the spec) and, where they apply, ``units``, ``training``, ``card``."""


class Facts(NamedTuple):
    """What is known about a file that :func:`verify` found whole."""

    path: str
    size_bytes: int
    version: int
    task: str
    tensors: int
    numbers: int
    """Elements of all tensors together."""
    sha256: str
    """The digest inside the file: of the whole file with these 64 characters set to "0"."""
    config: Json


def write(path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], config: Mapping[str, Any]) -> None:
    """Write a model file, whole or not at all; the same arguments give the same bytes.

    Raises UsageError when the place cannot be written (an old file there stays), ValueError as :func:`to_bytes` does.
    """
    atomic.write(path, [to_bytes(tensors, config)])


def writable(path: str | os.PathLike[str]) -> None:
    """Return if a model file can be written at ``path``; UsageError otherwise. To be asked before training."""
    atomic.writable(path)


def read(path: str | os.PathLike[str]) -> Bundle:
    """Read a model file and verify every byte of it.

    Raises CorruptBundle, IncompatibleBundle, or DataError when there is no file to read.
    """
    return from_bytes(_bytes_of(path), f"'{os.fspath(path)}'")


def verify(path: str | os.PathLike[str]) -> Facts:
    """Read a model file as :func:`read` does, and return what it is; raises the same."""
    raw = _bytes_of(path)
    bundle = from_bytes(raw, f"'{os.fspath(path)}'")
    return Facts(
        path=os.fspath(path),
        size_bytes=len(raw),
        version=bundle.config["version"],
        task=bundle.config["task"],
        tensors=len(bundle.tensors),
        numbers=sum(tensor.size for tensor in bundle.tensors.values()),
        sha256=_split(raw)[2]["whole"],
        config=bundle.config,
    )


def to_bytes(tensors: Mapping[str, np.ndarray], config: Mapping[str, Any]) -> bytes:
    """Return the bytes of a model file.

    Raises ValueError for what a file cannot hold: missing or unknown fields, NaN, keys that are no strings, other
    dtypes.
    """
    if config.keys() - FIELDS or REQUIRED - config.keys() or config["version"] != VERSION:
        raise ValueError(f"config: expected {sorted(REQUIRED)} and at most {sorted(FIELDS)}, version {VERSION}")
    _check_plain({"config": config})
    arrays = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    described = {}
    for name, array in arrays.items():
        dtype = _NAME_OF.get(array.dtype.newbyteorder("<"))
        if dtype is None or name in ("", _METADATA):
            raise ValueError(f"tensor {name!r} of {array.dtype}: expected a name, and one of {', '.join(DTYPES)}")
        described[name] = (dtype, array.shape)
    entries = _layout(described)
    chunks = {name: arrays[name].astype(DTYPES[entries[name]["dtype"]]).tobytes() for name in entries}
    data = b"".join(chunks.values())
    digests = {name: hashlib.sha256(chunk).hexdigest() for name, chunk in chunks.items()}
    inner = {"config": config, "sha256": digests, "whole": _ZEROS}
    return _head(entries, inner | {"whole": _whole(entries, inner, data)}) + data


def from_bytes(raw: bytes, name: str = "the model") -> Bundle:
    """Return what the bytes of a model file hold, verified; ``name`` begins the messages.

    Raises CorruptBundle when they are not the bytes that were written, IncompatibleBundle when this version cannot
    use them.
    """
    try:
        return _verified(raw)
    except BundleError as error:
        raise type(error)(f"{name}: {error}") from error


def _verified(raw: bytes) -> Bundle:
    end, entries, inner = _split(raw)
    data = memoryview(raw)[end:]
    if raw[:end] != _head(entries, inner):
        _corrupt("the header is not written the one way its contents can be written")
    intact = _whole(entries, inner, data) == inner.get("whole")
    config = inner.get("config")
    version = config.get("version") if isinstance(config, dict) else None
    if intact and isinstance(version, int) and version > VERSION:
        raise IncompatibleBundle(
            f"it was written by a newer anaphora (file version {version}; this one reads {VERSION}). "
            "Update with: pip install -U anaphora"
        )
    tensors = _tensors(entries, data)
    digests = inner.get("sha256")
    if not isinstance(digests, dict) or digests.keys() != tensors.keys():
        _corrupt("its list of SHA-256 digests does not name the tensors it holds")
    for tensor in tensors:
        begin, stop = entries[tensor]["data_offsets"]
        if hashlib.sha256(data[begin:stop]).hexdigest() != digests[tensor]:
            _corrupt(f"tensor {tensor!r} (bytes {end + begin} to {end + stop}) is damaged: its SHA-256 is another one")
    if not intact:
        _corrupt("its header is damaged: the SHA-256 of the whole file is another one")
    if inner.keys() != {"config", "sha256", "whole"}:
        raise IncompatibleBundle(f"expected config, sha256 and whole under {KEY!r}, got {', '.join(sorted(inner))}")
    return Bundle(tensors, _known(config))


def _split(raw: bytes) -> tuple[int, Json, Json]:
    """Return where the header ends, its entries by tensor name, and the object under ``anaphora``."""
    if raw[:4] == b"PK\x03\x04":
        raise IncompatibleBundle("this is a zip archive, as torch.save writes it: expected a file that anaphora wrote")
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or (length <= MAX_HEADER and len(raw) < 8 + length):
        _corrupt(f"it is cut short: {len(raw)} bytes do not hold its header")
    if length > MAX_HEADER:
        _corrupt(
            f"it begins unlike a model file: a header of {length} bytes is announced, at most {MAX_HEADER} expected"
        )
    outer = _parse(raw[8 : 8 + length], "its header")
    metadata = outer.pop(_METADATA, None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise IncompatibleBundle(
            f"this safetensors file has no {KEY!r} in its metadata: expected one that anaphora wrote"
        )
    if len(metadata) != 1:
        _corrupt(f"its metadata holds more than {KEY!r}")
    return 8 + length, outer, _parse(metadata[KEY].encode("utf-8", "surrogatepass"), f"the metadata {KEY!r}")


def _tensors(entries: Json, data: memoryview) -> dict[str, np.ndarray]:
    described = {}
    for name, entry in entries.items():
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"} or not name:
            _corrupt(f"tensor {name!r}: expected dtype, shape and data_offsets")
        if entry["dtype"] not in list(DTYPES):
            _corrupt(f"tensor {name!r} has dtype {entry['dtype']!r}: expected one of {', '.join(DTYPES)}")
        shape = entry["shape"]
        if (
            not isinstance(shape, list)
            or len(shape) > MAX_DIMENSIONS
            or any(type(n) is not int or n < 0 for n in shape)
        ):
            _corrupt(f"tensor {name!r}: its shape is no list of up to {MAX_DIMENSIONS} sizes")
        if math.prod(max(n, 1) for n in shape) > MAX_NUMBERS:
            _corrupt(f"tensor {name!r}: shape {shape} is too large")
        described[name] = (entry["dtype"], tuple(shape))
    layout = _layout(described)
    for name, expected in layout.items():
        if _canonical(entries[name]) != _canonical(expected):
            begin, end = expected["data_offsets"]
            _corrupt(f"tensor {name!r}: expected its data at {begin} to {end}, got {entries[name]['data_offsets']}")
    size = max((entry["data_offsets"][1] for entry in layout.values()), default=0)
    if len(data) != size:
        _corrupt(f"it is {'cut short' if len(data) < size else 'too long'}: {len(data)} bytes of data, expected {size}")
    tensors = {}
    for name in sorted(layout):
        dtype, shape = described[name]
        begin, end = layout[name]["data_offsets"]
        if dtype == "BOOL" and np.frombuffer(data[begin:end], np.uint8).max(initial=0) > 1:
            _corrupt(f"tensor {name!r}: a truth value is neither 0 nor 1")
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[dtype]).reshape(shape)
    return tensors


def _known(config: Any) -> Json:
    if not isinstance(config, dict):
        raise IncompatibleBundle("its config is not an object")
    if unknown := config.keys() - FIELDS:
        raise IncompatibleBundle(f"its config has the unknown fields {sorted(unknown)}: expected {sorted(FIELDS)}")
    if missing := REQUIRED - config.keys():
        raise IncompatibleBundle(f"its config lacks {sorted(missing)}")
    if type(config["version"]) is not int or config["version"] != VERSION:
        raise IncompatibleBundle(f"its file version is {config['version']!r}: expected {VERSION}")
    if not isinstance(config["task"], str) or not isinstance(config["model"], dict):
        raise IncompatibleBundle("its config has a task that is no word or a model that is no object")
    return config


def _layout(described: Mapping[str, tuple[str, tuple[int, ...]]]) -> Json:
    """Return the entries in the order of their data: larger items first, so that each lies aligned, then by name."""
    entries: Json = {}
    begin = 0
    for name in sorted(described, key=lambda name: (-DTYPES[described[name][0]].itemsize, name)):
        dtype, shape = described[name]
        end = begin + DTYPES[dtype].itemsize * math.prod(shape)
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
        begin = end
    return entries


def _head(entries: Json, inner: Json) -> bytes:
    header = _canonical(entries | {_METADATA: {KEY: _canonical(inner)}}).encode()
    header += b" " * (-(8 + len(header)) % ALIGNMENT)
    return len(header).to_bytes(8, "little") + header


def _whole(entries: Json, inner: Json, data: bytes | memoryview) -> str:
    digest = hashlib.sha256(_head(entries, inner | {"whole": _ZEROS}))
    digest.update(data)
    return digest.hexdigest()


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _parse(raw: bytes, what: str) -> Json:
    def once(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) != len(pairs):
            _corrupt(f"{what} names a key twice")
        return found

    def finite(number: str) -> float:
        if not math.isfinite(value := float(number)):  # NaN, Infinity, 1e999
            _corrupt(f"{what} holds {number}, which is no finite number")
        return value

    try:
        value = json.loads(raw, object_pairs_hook=once, parse_constant=finite, parse_float=finite)
        _check_plain(value)
    except (ValueError, RecursionError) as error:
        raise CorruptBundle(f"{what} is not JSON that anaphora writes ({error}). {_REMEDY}") from error
    if not isinstance(value, dict):
        _corrupt(f"{what} is no JSON object")
    return value


def _check_plain(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is not a string")
            _check_plain(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_plain(item, depth + 1)


def _bytes_of(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"the model '{os.fspath(path)}' cannot be read: {error.strerror or error}") from error


def _corrupt(what: str) -> NoReturn:
    raise CorruptBundle(f"{what}. {_REMEDY}")
