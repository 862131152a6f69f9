"""anaphora: recurrent networks for people with sequences.

    model = anaphora.train("classify", data=(X, y), minutes=5)      model.predict(X)      anaphora.load(path)

``import anaphora`` imports nothing heavy: what is first touched brings what it needs, ``anaphora.train`` and
``anaphora.nn`` torch, ``anaphora.load`` and ``anaphora.runtime`` NumPy. From a shell, everything starts with
``anaphora --help``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from anaphora.version import __version__

if TYPE_CHECKING:
    from anaphora import nn, runtime
    from anaphora.api import check, load, resume, train
    from anaphora.estimators import SequenceClassifier
    from anaphora.kernels.calls import get_threads, set_threads

__all__ = [
    "SequenceClassifier", "__version__", "check", "get_threads", "load", "nn", "resume", "runtime", "set_threads",
    "train",
]  # fmt: skip

_MODULES = ("nn", "runtime")
_ROOMS = {
    **dict.fromkeys(("check", "load", "resume", "train"), "anaphora.api"),
    **dict.fromkeys(("get_threads", "set_threads"), "anaphora.kernels"),
    "SequenceClassifier": "anaphora.estimators",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"anaphora.{name}")
    if name in _ROOMS:
        return getattr(importlib.import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'anaphora' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
