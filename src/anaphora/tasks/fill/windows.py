"""Cuts of a text: windows to train on, pieces to score.

A training batch has B independent windows of T units. Every pass draws the order of the windows and the position of
the first window, so that the windows of two passes have different bounds.

A score reads the pieces of a text as rows of one batch. A piece is read with up to `CONTEXT` units before and after it,
which are not scored. If a text is longer than the number of units to score, the pieces are evenly spread over it.
`train` and `eval` score in this way, so they print the same number.

Units may be on disk: only slices of them are read.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.data.text.id_files import Units
from anaphora.data.text.windows import evenly_spread, stretch
from anaphora.data.worker_rows import share
from anaphora.tasks.fill.settings import SCORED

Ids = NDArray[np.int32]

PIECE = 512
CONTEXT = 64


class Windows:
    """A text as batches of windows: the batch at a position is a function of it and the seed."""

    def __init__(self, ids: Units, words: NDArray[np.bool_], batch: int, steps: int, seed: int) -> None:
        """Cut a text; `words` (V,) is true for symbols that are gaps."""
        self._ids, self._words, self._batch, self._seed = ids, words, batch, seed
        self.steps = min(steps, len(ids))
        self._windows = len(ids) // self.steps
        self._epoch: tuple[int, int, NDArray[np.int64]] | None = None

    @property
    def per_epoch(self) -> int:
        """Batches of one pass over the text."""
        return -(-self._windows // self._batch)

    def at(self, position: int) -> Ids:
        """The windows (T, B) of the batch at this position, counted through the passes."""
        epoch, number = divmod(position, self.per_epoch)
        first, order = self._drawn(epoch)
        chosen = order[number * self._batch : (number + 1) * self._batch]
        begins = (first + chosen * self.steps) % len(self._ids)
        windows = [np.asarray(stretch(self._ids, begin, self.steps), np.int32) for begin in begins.tolist()]
        return np.stack(windows, axis=1)

    def units(self, batch: Ids) -> int:
        """Gaps of windows (T, B)."""
        return max(1, int(self._words[batch].sum()))

    def part(self, batch: Ids, rank: int, ranks: int) -> Ids:
        """One worker's windows, of (T, B)."""
        return batch[:, share(batch.shape[1], rank, ranks)]

    def _drawn(self, epoch: int) -> tuple[int, NDArray[np.int64]]:
        if self._epoch is None or self._epoch[0] != epoch:
            rng = np.random.default_rng([self._seed, epoch])
            self._epoch = (epoch, int(rng.integers(len(self._ids))), rng.permutation(self._windows))
        return self._epoch[1], self._epoch[2]


class Piece(NamedTuple):
    """Units `first` to `stop` of a text are scored, `start` to `end` are read."""

    start: int
    first: int
    stop: int
    end: int


def pieces(length: int, units: int = SCORED) -> list[Piece]:
    """Return the pieces in which a text of `length` units is scored: all of it, or about `units`, evenly spaced."""
    if length <= units:
        edges = np.linspace(0, length, -(-length // PIECE) + 1).astype(np.int64) if length else np.zeros(1, np.int64)
        bounds = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    else:
        size = min(PIECE, units)
        bounds = [(at, at + size) for at in evenly_spread(length, max(1, units // PIECE), size)]
    return [Piece(max(0, first - CONTEXT), first, stop, min(length, stop + CONTEXT)) for first, stop in bounds]


class Gaps(NamedTuple):
    """The words of pieces as gaps: the rows to read, the place of each gap in them, and its word."""

    rows: Ragged
    places: NDArray[np.int64]  # (n,) among the steps of all rows, one after another
    left: NDArray[np.int64]  # (n,) the symbol before it, V where there is none
    target: NDArray[np.int64]  # (n,)
    right: NDArray[np.int64]  # (n,)

    def __len__(self) -> int:
        return len(self.target)


def gaps_of(ids: Units, words: NDArray[np.bool_], units: int = SCORED) -> Gaps:
    """Return every word of a text's pieces as a gap; `words` (V,) is true for symbols that are words."""
    cut = pieces(len(ids), units)
    rows = Ragged.of([np.asarray(ids[piece.start : piece.end], np.int32) for piece in cut], np.zeros(0, np.int32))
    steps, lengths = rows.steps.astype(np.int64), rows.lengths
    row, step = rows.locate(np.arange(len(steps)))
    first, stop = np.array([(piece.first - piece.start, piece.stop - piece.start) for piece in cut]).reshape(-1, 2).T
    at = np.flatnonzero(words[steps] & (step >= first[row]) & (step < stop[row]))
    beyond = np.int64(len(words))
    left = np.where(step[at] > 0, steps[at - 1], beyond)
    right = np.where(step[at] + 1 < lengths[row[at]], np.append(steps, beyond)[at + 1], beyond)
    return Gaps(rows, at.astype(np.int64), left, steps[at], right)
