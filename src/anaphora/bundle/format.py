"""The model file, ``*.anaphora``: one safetensors file that verifies its own bytes. Specified in ``docs/bundle.md``.

::

    file   = N, u64 little-endian | header, N bytes | data
    header = canonical JSON, then spaces until 8 + N is a multiple of 64
    whole  = SHA-256 of the file with the 64 characters of this digest set to "0"

Every safetensors reader can read the file. It differs from files of the safetensors library in two ways. The same model
always gives the same bytes; the library orders metadata at random. Every changed bit is detected, because the meaning
of the header determines each of its bytes and the digest covers header and data. The file holds no code.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from anaphora.bundle.header import (
    DTYPES,
    KEY,
    MAX_HEADER,
    METADATA,
    ZEROS,
    Json,
    canonical,
    check_plain,
    corrupt,
    header_bytes,
    layout,
    split,
    whole_digest,
)
from anaphora.errors import BundleError, DataError, IncompatibleBundle
from anaphora.files import atomic, outputs
from anaphora.files.outputs import Kind, Output

VERSION = 2
"""The newest version of files that is read. In version 2, a classifier adds the scores of a linear part to those of its
network: a reader of version 1 would leave them out.
"""
FIELDS = {"version", "task", "model", "units", "training", "card"}
REQUIRED = {"version", "task", "model"}
_VERSIONS = range(1, VERSION + 1)
MAX_NUMBERS = 1 << 48
MAX_DIMENSIONS = 32
_NAME_OF = {dtype: name for name, dtype in DTYPES.items()}


class Bundle(NamedTuple):
    """The content of a model file."""

    tensors: dict[str, np.ndarray]
    """Every array by its name, read-only."""
    config: Json
    """``version``, ``task``, ``model`` (the spec) and, if they apply, ``units``, ``training``, ``card``."""


class Facts(NamedTuple):
    """The facts about a file that `verify` found intact."""

    path: str
    size_bytes: int
    version: int
    task: str
    tensors: int
    numbers: int
    """The number of elements of all tensors together."""
    sha256: str
    """The digest inside the file: of the whole file with these 64 characters set to "0"."""
    config: Json


def version_of(units: Mapping[str, Any]) -> int:
    """Return the version of a file whose config has these `units`: the oldest one whose readers understand it."""
    return VERSION if "linear" in units else 1


def write(
    path: str | os.PathLike[str],
    tensors: Mapping[str, np.ndarray],
    config: Mapping[str, Any],
    *,
    force: bool = False,
) -> None:
    """Write a model file atomically; equal arguments give equal bytes.

    `tensors` are named arrays of any shape (n, …). Raises UsageError if the place cannot be written (an old file there
    stays), or if a file is there that is not a model and `force` is not set; ValueError as `to_bytes` does.
    """
    outputs.check([Output("", path, KIND)], force=force)
    atomic.write(path, [to_bytes(tensors, config)])


def is_model(path: str | os.PathLike[str]) -> bool:
    """Return whether a file begins like a model file, of any version; the rest of it is not read.

    Raises OSError if the file cannot be read.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        file.seek(0)
        begin = file.read(8 + length) if length <= MAX_HEADER else b""
    try:
        split(begin)
    except BundleError:
        return False
    return True


KIND = Kind("a model file", is_model)


def read(path: str | os.PathLike[str]) -> Bundle:
    """Read a model file and verify every byte of it.

    Raises CorruptBundle, IncompatibleBundle, or DataError if the file cannot be read.
    """
    return from_bytes(_bytes_of(path), f"'{os.fspath(path)}'")


def verify(path: str | os.PathLike[str]) -> Facts:
    """Read a model file as `read` does, and return its facts; raises the same errors."""
    raw = _bytes_of(path)
    bundle = from_bytes(raw, f"'{os.fspath(path)}'")
    return Facts(
        path=os.fspath(path),
        size_bytes=len(raw),
        version=bundle.config["version"],
        task=bundle.config["task"],
        tensors=len(bundle.tensors),
        numbers=sum(tensor.size for tensor in bundle.tensors.values()),
        sha256=split(raw)[2]["whole"],
        config=bundle.config,
    )


def to_bytes(tensors: Mapping[str, np.ndarray], config: Mapping[str, Any]) -> bytes:
    """Return the bytes of a model file; `tensors` are named arrays of any shape (n, …).

    Raises ValueError for content that a file cannot hold: missing or unknown fields, NaN, keys other than strings,
    other dtypes.
    """
    if config.keys() - FIELDS or REQUIRED - config.keys() or config["version"] not in _VERSIONS:
        raise ValueError(f"config: expected {sorted(REQUIRED)} and at most {sorted(FIELDS)}, version 1 to {VERSION}")
    check_plain({"config": config})
    arrays = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    described = {}
    for name, array in arrays.items():
        dtype = _NAME_OF.get(array.dtype.newbyteorder("<"))
        if dtype is None or name in ("", METADATA):
            raise ValueError(f"tensor {name!r} of {array.dtype}: expected a name, and one of {', '.join(DTYPES)}")
        described[name] = (dtype, array.shape)
    entries = layout(described)
    chunks = {name: arrays[name].astype(DTYPES[entries[name]["dtype"]]).tobytes() for name in entries}
    data = b"".join(chunks.values())
    digests = {name: hashlib.sha256(chunk).hexdigest() for name, chunk in chunks.items()}
    inner = {"config": config, "sha256": digests, "whole": ZEROS}
    return header_bytes(entries, inner | {"whole": whole_digest(entries, inner, data)}) + data


def from_bytes(raw: bytes, name: str = "the model") -> Bundle:
    """Return the verified content of the bytes of a model file; `name` begins the messages.

    Raises CorruptBundle if the bytes differ from those that were written, IncompatibleBundle if this version cannot use
    them.
    """
    try:
        return _checked_bundle(raw)
    except BundleError as error:
        raise type(error)(f"{name}: {error}") from error


def _checked_bundle(raw: bytes) -> Bundle:
    end, entries, inner = split(raw)
    data = memoryview(raw)[end:]
    if raw[:end] != header_bytes(entries, inner):
        corrupt("the header is not written the one way its contents can be written")
    intact = whole_digest(entries, inner, data) == inner.get("whole")
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
        corrupt("its list of SHA-256 digests does not name the tensors it holds")
    for tensor in tensors:
        begin, stop = entries[tensor]["data_offsets"]
        if hashlib.sha256(data[begin:stop]).hexdigest() != digests[tensor]:
            corrupt(
                f"tensor {tensor!r} (bytes {end + begin} to {end + stop}) is damaged: its SHA-256 digest does not match"
            )
    if not intact:
        corrupt("its header is damaged: the SHA-256 digest of the whole file does not match")
    if inner.keys() != {"config", "sha256", "whole"}:
        raise IncompatibleBundle(f"expected config, sha256 and whole under {KEY!r}, got {', '.join(sorted(inner))}")
    return Bundle(tensors, _check_config(config))


def _tensors(entries: Json, data: memoryview) -> dict[str, np.ndarray]:
    described = {}
    for name, entry in entries.items():
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"} or not name:
            corrupt(f"tensor {name!r}: expected dtype, shape and data_offsets")
        if entry["dtype"] not in list(DTYPES):
            corrupt(f"tensor {name!r} has dtype {entry['dtype']!r}: expected one of {', '.join(DTYPES)}")
        shape = entry["shape"]
        if (
            not isinstance(shape, list)
            or len(shape) > MAX_DIMENSIONS
            or any(type(n) is not int or n < 0 for n in shape)
        ):
            corrupt(f"tensor {name!r}: its shape is not a list of up to {MAX_DIMENSIONS} sizes")
        if math.prod(max(n, 1) for n in shape) > MAX_NUMBERS:
            corrupt(f"tensor {name!r}: shape {shape} is too large")
        described[name] = (entry["dtype"], tuple(shape))
    placed = layout(described)
    for name, expected in placed.items():
        if canonical(entries[name]) != canonical(expected):
            begin, end = expected["data_offsets"]
            corrupt(f"tensor {name!r}: expected its data at {begin} to {end}, got {entries[name]['data_offsets']}")
    size = max((entry["data_offsets"][1] for entry in placed.values()), default=0)
    if len(data) != size:
        corrupt(f"it is {'cut short' if len(data) < size else 'too long'}: {len(data)} bytes of data, expected {size}")
    tensors = {}
    for name in sorted(placed):
        dtype, shape = described[name]
        begin, end = placed[name]["data_offsets"]
        if dtype == "BOOL" and np.frombuffer(data[begin:end], np.uint8).max(initial=0) > 1:
            corrupt(f"tensor {name!r}: a truth value is neither 0 nor 1")
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[dtype]).reshape(shape)
    return tensors


def _check_config(config: Any) -> Json:
    if not isinstance(config, dict):
        raise IncompatibleBundle("its config is not an object")
    if unknown := config.keys() - FIELDS:
        raise IncompatibleBundle(f"its config has the unknown fields {sorted(unknown)}: expected {sorted(FIELDS)}")
    if missing := REQUIRED - config.keys():
        raise IncompatibleBundle(f"its config lacks {sorted(missing)}")
    if type(config["version"]) is not int or config["version"] not in _VERSIONS:
        raise IncompatibleBundle(f"its file version is {config['version']!r}: expected 1 to {VERSION}")
    if not isinstance(config["task"], str) or not isinstance(config["model"], dict):
        raise IncompatibleBundle("its config has a task that is not a word, or a model that is not an object")
    return config


def _bytes_of(path: str | os.PathLike[str], most: int = -1) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise DataError(f"the model '{os.fspath(path)}' cannot be read: {error.strerror or error}") from error
