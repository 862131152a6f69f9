"""The rows of a classifier's score as statistics: accuracy and macro F1 of any sample of them.

row    1, right, and for each of K labels: rightly predicted, predicted, there        (2 + 3K,)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.runs.sample import Figure, Sample

Floats = NDArray[np.float64]


def sample(truth: NDArray[Any], predicted: NDArray[Any], labels: int) -> Sample:
    """Return the statistics of rows, whose truth and prediction are label numbers (B,), or of several labels (B, K)."""
    there, found = (_marks(each, labels) for each in (truth, predicted))
    right = (there == found).all(axis=1)
    one = np.ones(len(there), np.bool_)
    statistics = np.concatenate([one[:, None], right[:, None], there & found, found, there], axis=1).astype(np.int8)
    return Sample(statistics, {"accuracy": Figure(_accuracy), "macro F1": Figure(_macro_f1)})


def _marks(targets: NDArray[Any], labels: int) -> NDArray[np.bool_]:
    """Return which labels rows have (B, K)."""
    marks: NDArray[np.bool_] = (
        np.equal.outer(targets, np.arange(labels))
        if targets.ndim == 1
        else np.pad(targets > 0, ((0, 0), (0, labels - targets.shape[1])))
    )
    return marks


def _accuracy(sums: Floats) -> Floats:
    """Return the share of right rows (B,) of sums (B, 2 + 3K)."""
    shares: Floats = sums[:, 1] / np.maximum(sums[:, 0], 1)
    return shares


def _macro_f1(sums: Floats) -> Floats:
    """Return the mean F1 (B,) of the labels that occur or are predicted, of sums (B, 2 + 3K)."""
    right, predicted, there = np.moveaxis(sums[:, 2:].reshape(len(sums), 3, -1), 1, 0)
    both = predicted + there
    f1 = np.divide(2 * right, both, out=np.zeros_like(both), where=both > 0)
    means: Floats = f1.sum(axis=1) / np.maximum(1, (both > 0).sum(axis=1))
    return means
