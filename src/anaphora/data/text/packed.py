"""Texts as two tensors of a bundle: their joined bytes as UTF-8, and the end of each text.

NAME.text  (m,) uint8        NAME.ends  (n,) int64
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import CorruptBundle

SURROGATES = "surrogatepass"
"""The `errors` of texts that may have halves of surrogate pairs."""


def pack(texts: Sequence[str], name: str, errors: str = "strict") -> dict[str, NDArray[Any]]:
    """Return texts as tensors: bytes (m,) and ends (n,)."""
    encoded = [text.encode("utf-8", errors) for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return {f"{name}.text": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


def unpack(tensors: Mapping[str, NDArray[Any]], name: str, errors: str = "strict") -> list[str]:
    """Return the texts of two tensors, bytes (m,) and ends (n,); raises CorruptBundle if they hold none."""
    text = tensor(tensors, f"{name}.text", np.uint8).tobytes()
    ends = [0, *tensor(tensors, f"{name}.ends", np.int64).tolist()]
    if ends[-1] != len(text) or any(end < start for start, end in pairwise(ends)):
        raise CorruptBundle(f"{name}.ends: expected increasing ends, the last of them {len(text)}")
    try:
        return [text[start:end].decode("utf-8", errors) for start, end in pairwise(ends)]
    except UnicodeDecodeError as error:
        raise CorruptBundle(f"{name}.text: a symbol is not UTF-8 ({error.reason})") from error


def tensor(tensors: Mapping[str, NDArray[Any]], name: str, dtype: type[np.generic]) -> NDArray[Any]:
    """Return a tensor of one dimension (n,); raises CorruptBundle if it is missing, or of another type or shape."""
    if name not in tensors:
        raise CorruptBundle(f"the vocabulary's tensor {name!r} is missing")
    found = tensors[name]
    if found.dtype != dtype or found.ndim != 1:
        raise CorruptBundle(f"{name}: expected one dimension of {np.dtype(dtype)}, got {found.ndim} of {found.dtype}")
    return found
