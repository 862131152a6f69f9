"""Default batch size and number of epochs, if they are not set.

    rows of a batch = min(steps / mean length, share · rows), between `fewest` and `most`
    epochs          = epochs · (steps of the training part / size)^(−1/4), between two bounds

An epoch of few data is cheap and teaches little. Dropout, averaged weights and the validations limit the overfitting of
many epochs.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.config import Training

T = TypeVar("T", bound=Training)


class BatchDefaults(NamedTuple):
    """A task's defaults for the batch size and the number of epochs."""

    steps: int  # of a batch
    share: float  # of all rows, in a batch
    fewest: int  # rows of a batch
    most: int
    epochs: float  # over a training part of `size` steps
    size: int
    least_epochs: float
    most_epochs: float


def with_defaults(training: T, lengths: NDArray[np.int64], defaults: BatchDefaults) -> T:
    """Return the options of training, with `batch` and `epochs` filled in for rows of these lengths (B,)."""
    filled: dict[str, Any] = {}
    if getattr(training, "batch", None) is None:
        rows = min(defaults.steps / max(1.0, float(lengths.mean())), defaults.share * len(lengths))
        filled["batch"] = int(np.clip(round(rows), defaults.fewest, defaults.most))
    if training.epochs is None and training.max_steps is None:
        epochs = defaults.epochs * (max(1, int(lengths.sum())) / defaults.size) ** -0.25
        filled["epochs"] = round(float(np.clip(epochs, defaults.least_epochs, defaults.most_epochs)), 1)
    return training.model_copy(update=filled)
