"""Samples of evenly spaced rows, and batches of rows with similar lengths."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import edges

Indices = NDArray[np.int64]


def evenly_spaced(count: int, most: int) -> Indices:
    """Return the numbers (n,) of all of `count` rows, or of `most` of them, evenly spaced.

    >>> evenly_spaced(3, 5).tolist(), evenly_spaced(10, 4).tolist()
    ([0, 1, 2], [0, 2, 5, 7])
    """
    return np.arange(count) if count <= most else np.arange(most) * count // most


def by_length(rows: Indices, lengths: Indices) -> Indices:
    """Return rows (n,) sorted by their lengths (B,), stably."""
    return rows[np.argsort(lengths[rows], kind="stable")]


def batches_by_length(lengths: Indices, steps: int, rows: int) -> Iterator[Indices]:
    """Yield the numbers (n,) of rows of similar length, each row once; `lengths` (B,).

    A batch has at most `rows` rows with at most `steps` steps in all, or one longer row.
    """
    order = np.argsort(lengths, kind="stable")
    for begin, end in pairwise(edges(lengths[order], steps, rows).tolist()):
        yield order[begin:end]


def at_least(share: float, count: int, fewest: int) -> int:
    """Return a share of `count`, but at least `fewest`, or `count` if it is smaller."""
    return max(round(share * count), min(fewest, count))
