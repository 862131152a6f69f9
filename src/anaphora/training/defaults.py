"""Default batch size and number of passes, if they are not set.

    rows of a batch = as many as have so many steps together, a share of all at most, between two bounds
    passes          = passes over so many steps · (steps of the training part / so many)^(−1/4), between two bounds

Of little data there is less to learn from each pass, and a pass is cheap; dropout, averaged weights and the
validations keep many of them from doing harm.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.config import Training

T = TypeVar("T", bound=Training)


class Amounts(NamedTuple):
    """A task's amounts of batches and passes."""

    steps: int  # of a batch
    share: float  # of all rows, in a batch
    fewest: int  # rows of a batch
    most: int
    passes: float  # over a training part of `size` steps
    size: int
    least_passes: float
    most_passes: float


def settled(training: T, lengths: NDArray[np.int64], amounts: Amounts) -> T:
    """Return the options of training, with `batch` and `epochs` filled in for rows of these lengths (B,)."""
    filled: dict[str, Any] = {}
    if getattr(training, "batch", None) is None:
        rows = min(amounts.steps / max(1.0, float(lengths.mean())), amounts.share * len(lengths))
        filled["batch"] = int(np.clip(round(rows), amounts.fewest, amounts.most))
    if training.epochs is None and training.max_steps is None:
        passes = amounts.passes * (max(1, int(lengths.sum())) / amounts.size) ** -0.25
        filled["epochs"] = round(float(np.clip(passes, amounts.least_passes, amounts.most_passes)), 1)
    return training.model_copy(update=filled)
