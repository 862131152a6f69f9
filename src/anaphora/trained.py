"""What training leaves for a task to score and save: no torch, so that what is saved is judged as it will be used."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import __version__, spec


@dataclass(frozen=True)
class Trained:
    """A model's spec and weights, and how they came to be."""

    tree: spec.Block
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)
    sampled: float  # the held-out loss of the best look
    best_step: int
    weights: str  # raw or average
    steps: int
    stopped: str
    started: float  # on the clock of time.monotonic

    @property
    def seconds(self) -> float:
        """Since the command began."""
        return time.monotonic() - self.started


def versions() -> dict[str, str | None]:
    """The versions that a model's card names."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    return {
        "anaphora": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch,
    }
