"""The blocks that make one vector of all steps of a row: N steps of B rows in, B vectors out.

    last   y = x_n            mean   y = Σ_t x_t / n            max   y = max_t x_t            t = 1 … n
    ends   y = [x_n, first half · x_1, second half]: the last outputs of both directions of a recurrent block
    attention   y = Σ_t a_t x_t,   a = softmax_t(q · tanh(W x_t + b))        (Yang et al., NAACL 2016)

A row has exactly its own n steps, so no mask is needed; a row without steps gives zeros. Each sum over t runs over a
contiguous copy of the row's own steps, so the order of its terms, and therefore its bits, depend on the row alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.kernels.row_index import Indices, RowIndex
from anaphora.runtime.pointwise import BlockState, Floats, Linear, quietly


def rows(lines: RowIndex) -> Iterator[tuple[int, Indices]]:
    """Yield every row that has steps, with the indices of its steps in order."""
    for b in np.flatnonzero(lines.lengths).tolist():
        yield b, lines.time_offset[: lines.lengths[b]] + lines.row_offset[b]


class Pooling:
    """The last step of a row, the mean of its steps, the maximum of each entry, or both ends."""

    def __init__(self, over: str) -> None:
        self.over = over
        self.of = {"last": _last, "mean": _mean, "max": _max, "ends": _ends}[over]

    @quietly
    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        y = np.zeros((lines.lengths.size, x.shape[1]), dtype=np.float32)
        for b, steps in rows(lines):
            y[b] = self.of(x, steps)
        return y, state

    @quietly
    def carried(self, x: Floats) -> Floats:
        """Return the steps (m, W) that stand for the first n steps of a row, x (n, W): pooled with later steps they
        give the same bits.

        One step for `last` and `max`; all of them for `mean`, because the order of its sum depends on n.
        """
        if self.over == "last":
            return x[-1:]
        return _max(x, np.arange(len(x)))[None] if self.over == "max" and len(x) else x


class AttentionPooling:
    """The mean of a row's steps, weighted by their attention to one learned query."""

    def __init__(self, weight: Floats, bias: Floats, query: Floats) -> None:
        self.keys = Linear(weight, bias)
        self.query = Linear(query[None], None)

    @quietly
    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        scores = self.query.of(np.tanh(self.keys.of(x)))[:, 0]
        y = np.zeros((lines.lengths.size, x.shape[1]), dtype=np.float32)
        for b, steps in rows(lines):
            weights = np.exp(scores[steps] - np.maximum.reduce(scores[steps]))
            weights /= np.add.reduce(weights)
            y[b] = np.add.reduce(_entries(x, steps) * weights, axis=1)
        return y, state

    def carried(self, x: Floats) -> Floats:
        """Return all steps (n, W) of a row, because the weight of a step depends on all of them."""
        return x


def _entries(x: Floats, steps: Indices) -> Floats:
    """Return the steps of one row transposed, (W, n): the values of each entry over the steps are contiguous."""
    return np.ascontiguousarray(x[steps].T)


def _last(x: Floats, steps: Indices) -> Floats:
    last: Floats = x[steps[-1]]
    return last


def _ends(x: Floats, steps: Indices) -> Floats:
    half = x.shape[1] // 2
    return np.concatenate([x[steps[-1], :half], x[steps[0], half:]])


def _mean(x: Floats, steps: Indices) -> Floats:
    mean: Floats = np.add.reduce(_entries(x, steps), axis=1) / np.float32(steps.size)
    return mean


def _max(x: Floats, steps: Indices) -> Floats:
    largest: Floats = np.maximum.reduce(_entries(x, steps), axis=1)
    return largest
