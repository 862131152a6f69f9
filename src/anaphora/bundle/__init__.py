"""The model file: its bytes, and in `anaphora.bundle.spec` the tree of blocks that its tensors make up."""

from __future__ import annotations

from anaphora.bundle.format import (
    ALIGNMENT,
    DTYPES,
    FIELDS,
    KEY,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_HEADER,
    MAX_NUMBERS,
    REQUIRED,
    VERSION,
    Bundle,
    Facts,
    Json,
    from_bytes,
    read,
    to_bytes,
    verify,
    writable,
    write,
)

__all__ = [
    "ALIGNMENT", "DTYPES", "FIELDS", "KEY", "MAX_DEPTH", "MAX_DIMENSIONS", "MAX_HEADER", "MAX_NUMBERS", "REQUIRED",
    "VERSION", "Bundle", "Facts", "Json", "from_bytes", "read", "to_bytes", "verify", "writable", "write",
]  # fmt: skip
