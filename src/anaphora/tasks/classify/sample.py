"""The rows of a classifier's score as statistics: accuracy and macro F1 of any sample of them.

row    1, right, and for each of K labels: rightly predicted, predicted, there        (2 + 3K,)
prior  one right row and one wrong row, each divided evenly among the labels that occur
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.runs.sample import Figure, Prior, Sample

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


def sample(truth: NDArray[Any], predicted: NDArray[Any], labels: int) -> Sample:
    """Return the statistics of rows, whose truth and prediction are label numbers (B,), or of several labels (B, K)."""
    there, found = (_marks(each, labels) for each in (truth, predicted))
    figures = {"accuracy": Figure(_accuracy), "macro F1": Figure(_macro_f1)}
    return Sample(_statistics(there, found), figures, prior=_prior(there))


def _statistics(there: Marks, found: Marks) -> NDArray[np.int8]:
    """Return the statistics (B, 2 + 3K) of rows from the labels that they have and that were predicted, (B, K)."""
    right = (there == found).all(axis=1)
    one = np.ones(len(there), np.bool_)
    return np.concatenate([one[:, None], right[:, None], there & found, found, there], axis=1).astype(np.int8)


def _prior(there: Marks) -> Prior | None:
    """Return a right row and a wrong row of each label that occurs in the rows (B, K), with total weights 1 and 1; a
    wrong row is predicted as the most frequent other label. None if no label occurs.
    """
    support = there.sum(axis=0)
    present = np.flatnonzero(support)
    if not len(present):
        return None
    every = np.eye(len(support), dtype=np.bool_)
    first, *second = np.argsort(-support, kind="stable")[:2].tolist()
    other = every[second[0]] if second else np.zeros_like(every[0])
    taken_for = np.where((present == first)[:, None], other, every[first])
    own = every[present]
    statistics = _statistics(np.concatenate([own, own]), np.concatenate([own, taken_for]))
    return Prior(statistics, np.full(len(statistics), 1 / len(present)))


def _marks(targets: NDArray[Any], labels: int) -> Marks:
    """Return which labels rows have (B, K)."""
    marks: Marks = (
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
