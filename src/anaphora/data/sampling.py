"""Some of many rows, evenly spread; and rows taken at once that are about as long as each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import edges

Indices = NDArray[np.int64]


def evenly_spaced(count: int, most: int) -> Indices:
    """The numbers (n,) of all of `count` rows, or of `most` of them evenly spread.

    >>> evenly_spaced(3, 5).tolist(), evenly_spaced(10, 4).tolist()
    ([0, 1, 2], [0, 2, 5, 7])
    """
    return np.arange(count) if count <= most else np.arange(most) * count // most


def by_length(rows: Indices, lengths: Indices) -> Indices:
    """Rows (n,) in the order of their lengths (B,), those of one length as they stood."""
    return rows[np.argsort(lengths[rows], kind="stable")]


def map_by_length(lengths: Indices, steps: int, rows: int, function: Callable[[Indices], None]) -> None:
    """Call the function with the numbers of rows that are about as long as each other: at most `rows` of them, with at
    most `steps` steps together; every row once.
    """
    order = np.argsort(lengths, kind="stable")
    cuts = edges(lengths[order], steps, rows)
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        function(order[begin:end])


def at_least(share: float, count: int, fewest: int) -> int:
    """A share of so many, but no fewer than `fewest` where there are as many."""
    return max(round(share * count), min(fewest, count))
