"""The simplest baseline of a classifier: always the most frequent label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def majority(targets: npt.NDArray[Any], labels: int, rows: int, multi: bool) -> npt.NDArray[Any]:
    """Return the most frequent label for each of `rows` rows, (rows,), or with `multi` the labels that more than half
    of the rows have, (rows, K).

    `targets` are the training targets, (B,) or (B, K) with `multi`.
    """
    if multi:
        return np.tile((targets.mean(axis=0) > 0.5).astype(np.float32), (rows, 1))
    return np.full(rows, np.bincount(targets, minlength=labels).argmax(), dtype=np.int64)
