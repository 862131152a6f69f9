"""Arrays and files as one line each: the first 16 digits of SHA-256 over type, shape and bytes, then a mean.

Equal digits mean equal bits. The mean is there for a reader of a difference: rounding changes its last digit, a wrong
formula its first.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

DIGITS = 16


def of_array(found: Any) -> str:
    """Digits, type unless it is float32, shape and mean of an array or a tensor."""
    array = np.ascontiguousarray(found.detach().numpy() if hasattr(found, "detach") else found)
    seen = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode() + array.tobytes()).hexdigest()[:DIGITS]
    mean = f" {float(array.astype(np.float64).mean()):+.5g}" if array.size and array.dtype.kind in "fiub" else ""
    kind = "" if array.dtype == np.float32 else f"{array.dtype} "
    return f"{seen} {kind}{'x'.join(map(str, array.shape)) or 'scalar'}{mean}"


def of_bytes(found: bytes) -> str:
    """Digits and length."""
    return f"{hashlib.sha256(found).hexdigest()[:DIGITS]} {len(found)} bytes"


def of_file(path: Path) -> str:
    """Digits and length of a file."""
    return of_bytes(path.read_bytes())
