"""Extras: whether their packages are installed, and the error that names the command to install them."""

from __future__ import annotations

import importlib.util

from anaphora.errors import MissingExtra


def require_torch(wanted_by: str) -> None:
    """Raise MissingExtra if torch is not installed; `wanted_by` names the command or function that needs it."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("train", wanted_by, missing="torch")
