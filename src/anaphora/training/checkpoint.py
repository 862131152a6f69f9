"""The files of a run that hold tensors: a file is complete or absent, and every flipped bit is found.

    digest = SHA-256 of the facts, then of each tensor's name, type, shape and bytes, names in order

A checkpoint is one safetensors file whose metadata holds the facts that belong to the tensors (a JSON object) and the
digest of both, so that they can never disagree. It is written tensor by tensor, without a copy of them in memory, by
`anaphora.files.atomic`: if writing fails, the checkpoint before stays whole. A folder keeps two,
`last` and `previous`: if the newer one is damaged, the run continues from the older one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from anaphora.errors import CorruptBundle, UsageError
from anaphora.files import atomic

Tensors = Mapping[str, NDArray[Any]]
_TYPES = {
    "<f8": "F64", "<f4": "F32", "<f2": "F16", "<i8": "I64", "<i4": "I32", "|i1": "I8", "|u1": "U8", "|b1": "BOOL",
}  # fmt: skip
LAST, PREVIOUS, BEST = "last.safetensors", "previous.safetensors", "best.safetensors"


def write(path: Path, tensors: Tensors, facts: Mapping[str, Any]) -> None:
    """Write tensors of any shape, such as W_ih (G·H, I), and the facts that belong to them, atomically.

    Raises UsageError if the disk is full or the place cannot be written.
    """
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    text = json.dumps(facts, sort_keys=True, allow_nan=False)
    atomic.write(path, _file(whole, {"anaphora": text, "sha256": _digest(text, whole)}))


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the tensors and facts of a file.

    Raises CorruptBundle if the file differs in any bit from the file that `write` made.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            text = metadata["anaphora"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            if _digest(text, tensors) != metadata.get("sha256"):
                raise ValueError("its SHA-256 digest does not match its contents")
            return tensors, json.loads(text)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CorruptBundle(f"The checkpoint {path} is damaged: {error}. Delete it and train again.") from error


def keep(folder: Path, tensors: Tensors, facts: Mapping[str, Any]) -> None:
    """Write tensors of any shape, such as W_ih (G·H, I), as a folder's newest checkpoint; the newest before becomes the
    previous one.

    Raises UsageError if it cannot be written; the newest checkpoint before stays readable.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            os.replace(folder / LAST, folder / PREVIOUS)
    except OSError as error:
        raise UsageError(
            f"The checkpoint '{folder / LAST}' could not be written: {error.strerror or error}. Free disk space."
        ) from error
    write(folder / LAST, tensors, facts)


def newest(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any], str] | None:
    """Return the newest undamaged checkpoint of a folder and a note on a damaged one; None if there is no checkpoint.

    Raises CorruptBundle if all checkpoints are damaged.
    """
    damaged: list[CorruptBundle] = []
    for path in _there(folder):
        try:
            tensors, facts = read(path)
        except CorruptBundle as error:
            damaged.append(error)
        else:
            return tensors, facts, f"{damaged[0]} The checkpoint before it was used." if damaged else ""
    if damaged:
        raise damaged[0]
    return None


def _file(tensors: Tensors, metadata: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    """Yield a safetensors file in pieces: the header's length, the header, each tensor's bytes; the widest numbers
    first, so that all offsets are multiples of their size.
    """
    names = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    at = 0
    for name in names:
        tensor = tensors[name]
        end = at + tensor.nbytes
        entries[name] = {"dtype": _TYPES[tensor.dtype.str], "shape": tensor.shape, "data_offsets": (at, end)}
        at = end
    head = json.dumps(entries, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    yield len(head).to_bytes(8, "little") + head
    for name in names:
        yield _raw(tensors[name])


def _raw(tensor: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(tensor).reshape(-1).view(np.uint8).data


def _there(folder: Path) -> Iterator[Path]:
    return (folder / name for name in (LAST, PREVIOUS) if (folder / name).exists())


def _digest(facts: str, tensors: Tensors) -> str:
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(json.dumps([name, tensor.dtype.str, list(tensor.shape)]).encode())
        digest.update(_raw(tensor))
    return digest.hexdigest()
