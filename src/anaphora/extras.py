"""What comes with an extra: whether it is installed, and the error that names the line to install it with."""

from __future__ import annotations

import importlib.util

from anaphora.errors import MissingExtra


def require_torch(wanted_by: str) -> None:
    """Raise MissingExtra where torch is not installed; `wanted_by` is what needs it, as a person typed it."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("train", wanted_by, missing="torch")
