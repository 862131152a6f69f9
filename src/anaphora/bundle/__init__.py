"""The model file: its bytes, and in `anaphora.bundle.spec` the tree of blocks that gives its tensors their meaning."""

from __future__ import annotations

from anaphora.bundle.format import (
    FIELDS,
    KIND,
    MAX_DIMENSIONS,
    MAX_NUMBERS,
    REQUIRED,
    VERSION,
    Bundle,
    Facts,
    from_bytes,
    is_model,
    read,
    to_bytes,
    verify,
    version_of,
    write,
)
from anaphora.bundle.header import ALIGNMENT, DTYPES, KEY, MAX_DEPTH, MAX_HEADER, Json

__all__ = [
    "ALIGNMENT", "DTYPES", "FIELDS", "KEY", "KIND", "MAX_DEPTH", "MAX_DIMENSIONS", "MAX_HEADER", "MAX_NUMBERS",
    "REQUIRED", "VERSION", "Bundle", "Facts", "Json", "from_bytes", "is_model", "read", "to_bytes", "verify",
    "version_of", "write",
]  # fmt: skip
