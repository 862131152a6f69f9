"""anaphora: recurrent networks for people with sequences.

``import anaphora`` imports nothing heavy: ``anaphora.nn`` brings torch and ``anaphora.runtime`` brings NumPy when they
are first touched. From a shell, everything starts with ``anaphora --help``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anaphora import nn, runtime
    from anaphora.kernels import get_threads, set_threads

__version__ = "0.1.0"
__all__ = ["__version__", "get_threads", "nn", "runtime", "set_threads"]

_MODULES = ("nn", "runtime")
_FROM_KERNELS = ("get_threads", "set_threads")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"anaphora.{name}")
    if name in _FROM_KERNELS:
        return getattr(importlib.import_module("anaphora.kernels"), name)
    raise AttributeError(f"module 'anaphora' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
