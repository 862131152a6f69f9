"""Statistics of a series of numbers, additive over its steps.

per channel    mean, standard deviation, minimum, maximum, first and last value, mean absolute change
               and once the number of steps

The sums are in float64, in the order of the steps, so that any division of a series into chunks gives the same bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from anaphora.data.batches import Ragged

Floats = npt.NDArray[np.float64]
EACH = 7


class Sums(NamedTuple):
    """The sums of the steps that were read."""

    steps: Floats  # () their number
    total: Floats  # (C,), as all others
    squares: Floats
    change: Floats  # of absolute differences of neighbours
    least: Floats
    greatest: Floats
    first: Floats
    last: Floats

    @staticmethod
    def of(channels: int) -> Sums:
        """Return the sums of no steps."""
        zeros = np.zeros(channels)
        return Sums(np.zeros(()), zeros, zeros, zeros, zeros + np.inf, zeros - np.inf, zeros, zeros)

    def add(self, steps: npt.NDArray[Any]) -> Sums:
        """Return the sums after more steps (T, C)."""
        x = np.asarray(steps, dtype=np.float64)
        if not len(x):
            return self
        begun = bool(self.steps > 0)
        change = np.abs(np.diff(x, axis=0, prepend=self.last[None] if begun else x[:1]))
        return Sums(
            self.steps + len(x),
            _in_order(self.total, x),
            _in_order(self.squares, x * x),
            _in_order(self.change, change),
            np.minimum(self.least, x.min(axis=0)),
            np.maximum(self.greatest, x.max(axis=0)),
            self.first if begun else x[0],
            x[-1],
        )

    def statistics(self) -> Floats:
        """Return the statistics (7·C + 1,); zeros for a series without steps."""
        steps = float(self.steps)
        if not steps:
            return np.zeros(EACH * len(self.total) + 1)
        mean = self.total / steps
        sd = np.sqrt(np.maximum(0.0, self.squares / steps - mean * mean))
        change = self.change / max(1.0, steps - 1)
        return np.concatenate([mean, sd, self.least, self.greatest, self.first, self.last, change, [steps]])


def statistics(rows: Ragged) -> Floats:
    """Return the statistics (B, 7·C + 1) of series."""
    channels = rows.steps.shape[1]
    found = [Sums.of(channels).add(rows.row(row)).statistics() for row in range(len(rows.ends))]
    return np.stack(found) if found else np.zeros((0, EACH * channels + 1))


def _in_order(begin: Floats, x: Floats) -> Floats:
    """Return the sum (C,) of a beginning (C,) and rows (T, C), one row after another; np.sum may add in pairs."""
    return np.asarray(np.cumsum(np.concatenate([begin[None], x]), axis=0)[-1])
