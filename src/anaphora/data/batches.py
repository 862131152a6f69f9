"""Rows of unequal length: stored one after another, and grouped into batches with similar numbers of steps.

    row b  =  steps[ ends[b−1] : ends[b] ],    ends[−1] = 0

A batch holds at most `rows` rows and at most `budget` steps, or a single longer row. The rows of a batch are a function
of its position and the seed:

    per epoch   permute the rows; sort them, stably, by their length, rounded up to a grid that grows by an eighth;
                cut; shuffle the batches

Rows of similar length meet in new combinations in every epoch. The sorted rounded lengths are the same in every epoch,
and therefore the cuts are: position // batches is the epoch. The very first batch has the most steps, so that a batch
that exceeds the memory fails at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.int64]

GRID = 1.125


class Ragged(NamedTuple):
    """Rows of steps, symbols or vectors, one after another."""

    steps: NDArray[Any]  # (N, …)
    ends: Indices  # (B,)

    @classmethod
    def of(cls, rows: Sequence[NDArray[Any]], like: NDArray[Any]) -> Ragged:
        """Join rows (n, …); `like` (0, …) gives the type and width of the steps if there are no rows."""
        return cls(np.concatenate([like, *rows]), np.cumsum([len(row) for row in rows], dtype=np.int64))

    @property
    def lengths(self) -> Indices:
        """The number of steps of each row, (B,)."""
        return np.diff(self.ends, prepend=0)

    def locate(self, places: Indices) -> tuple[Indices, Indices]:
        """Return the rows (n,) of positions among the steps of all rows (n,), and their steps in these rows (n,)."""
        row = np.searchsorted(self.ends, places, side="right").astype(np.int64)
        return row, places - (self.ends - self.lengths)[row]

    def reversed(self) -> Ragged:
        """Return every row with its steps in reverse order."""
        lengths = self.lengths
        mirrored = np.repeat(2 * self.ends - lengths - 1, lengths)
        return Ragged(self.steps[mirrored - np.arange(len(self.steps))], self.ends)

    def row(self, number: int) -> NDArray[Any]:
        """Return the steps of one row, (n, …)."""
        steps: NDArray[Any] = self.steps[self.ends[number - 1] if number else 0 : self.ends[number]]
        return steps

    def take(self, rows: ArrayLike) -> Ragged:
        """Return the rows numbered `rows` (n,), in this order."""
        chosen = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[chosen]
        ends = np.cumsum(lengths)
        lines = np.arange(lengths.sum()) + np.repeat(self.ends[chosen] - ends, lengths)
        return Ragged(self.steps[lines], ends)

    def padded(self) -> NDArray[Any]:
        """Return the rows side by side, time-major (T, B, …), with zeros after the end of a row."""
        lengths = self.lengths
        table = np.zeros((int(lengths.max(initial=0)), len(lengths), *self.steps.shape[1:]), self.steps.dtype)
        row = np.repeat(np.arange(len(lengths)), lengths)
        table[np.arange(len(self.steps)) - (self.ends - lengths)[row], row] = self.steps
        return table


class Bucketed:
    """An endless sequence of batches, each an array of row numbers."""

    def __init__(self, lengths: ArrayLike, budget: int, seed: int, rows: int | None = None) -> None:
        """Group rows with these lengths (N,).

        Raises ValueError for no rows, or for a budget or a number of rows below 1.
        """
        self.lengths = np.asarray(lengths, dtype=np.int64)
        if not self.lengths.size or budget < 1 or (rows is not None and rows < 1):
            raise ValueError(f"expected rows, a budget and a limit of at least 1, got {budget} and {rows}")
        self.seed = seed
        self._rounded = rounded(self.lengths)
        self._edges = edges(np.sort(self._rounded), budget, self.lengths.size if rows is None else rows)
        self._epoch: tuple[int, Indices, Indices] | None = None

    @property
    def per_epoch(self) -> int:
        """The number of batches in one epoch."""
        return len(self._edges) - 1

    def at(self, position: int) -> Indices:
        """Return the rows (b,) of the batch at this position."""
        epoch, number = divmod(position, self.per_epoch)
        rows, order = self._drawn(epoch)
        batch = order[number]
        return rows[self._edges[batch] : self._edges[batch + 1]]

    def units(self, batch: Indices) -> int:
        """Return the number of rows of a batch (b,)."""
        return len(batch)

    def part(self, batch: Indices, rank: int, ranks: int) -> Indices:
        """Return the rows of a batch (b,) for worker `rank` of `ranks`: every worker gets long and short rows."""
        return batch[rank::ranks]

    def steps(self, batch: Indices) -> int:
        """Return the number of steps of a batch of rows (b,)."""
        return int(self.lengths[batch].sum())

    @cached_property
    def most_steps(self) -> int:
        """The number of steps of the largest batch of the first epoch, which is the first batch."""
        return self.steps(self.at(0))

    def _drawn(self, epoch: int) -> tuple[Indices, Indices]:
        """Return the rows of an epoch, one batch after another, and the order of the batches."""
        if self._epoch is None or self._epoch[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            rows = rng.permutation(self.lengths.size)
            rows = rows[np.argsort(self._rounded[rows], kind="stable")]
            order = rng.permutation(self.per_epoch)
            if epoch == 0:
                steps = np.add.reduceat(self.lengths[rows], self._edges[:-1])
                first = int(np.flatnonzero(order == np.argmax(steps))[0])
                order[[0, first]] = order[[first, 0]]
            self._epoch = (epoch, rows, order)
        return self._epoch[1], self._epoch[2]


P = TypeVar("P", bound="EncodedRows")


class EncodedRows(Protocol):
    """Encoded rows, and their numbers in the part that was read."""

    @property
    def numbers(self) -> Indices:
        """The number of each row in its part, (B,)."""

    @property
    def lengths(self) -> Indices:
        """The number of steps of each row, (B,)."""

    def take(self, rows: Indices, /) -> Self:
        """Return the rows numbered `rows` (n,), in this order."""


class RowBatches(Generic[P]):
    """Encoded rows in batches; a batch is a function of its position, and `units` counts the terms of its loss."""

    def __init__(self, rows: P, bucketed: Bucketed, units: Callable[[P], int]) -> None:
        self.units, self.per_epoch = units, bucketed.per_epoch
        self._rows, self._bucketed = rows, bucketed

    def at(self, position: int) -> P:
        """Return the batch at this position."""
        return self._rows.take(self._bucketed.at(position))

    def part(self, batch: P, rank: int, ranks: int) -> P:
        """Return the rows of a batch for worker `rank` of `ranks`: every worker gets long and short rows."""
        return batch.take(np.arange(rank, len(batch.numbers), ranks))


def rounded(lengths: Indices) -> Indices:
    """Return lengths (N,) rounded up to a grid 0, 1, 2, … that grows by one, and by an eighth from 16 on."""
    grid = [0]
    while grid[-1] < lengths.max():
        grid.append(max(grid[-1] + 1, int(grid[-1] * GRID)))
    return np.asarray(grid, dtype=np.int64)[np.searchsorted(grid, lengths)]


def edges(sizes: Indices, budget: int, rows: int) -> Indices:
    """Return the cuts (n + 1,) of consecutive `sizes` (N,) into n pieces.

    A piece has at most `rows` sizes and a sum of at most `budget`, or it is a single size.
    """
    ends = np.cumsum(sizes)
    cuts = [0]
    while cuts[-1] < len(sizes):
        before = ends[cuts[-1] - 1] if cuts[-1] else 0
        fits = int(np.searchsorted(ends, before + budget, side="right"))
        cuts.append(min(max(fits, cuts[-1] + 1), cuts[-1] + rows, len(sizes)))
    return np.asarray(cuts, dtype=np.int64)
