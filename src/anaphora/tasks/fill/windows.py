"""How a text is cut: windows to train on, pieces to score.

Training reads B windows of T units at once, each by itself, in an order that is drawn anew for every pass; so is where
the first begins, so that windows have other seams each time.

Scoring lays pieces side by side; each is read with up to `CONTEXT` units before and after it that are not scored. Of a
text with more units than are wanted, the pieces hold so many, evenly spread. `train` and `eval` both score this way, so
they print the same number.

Units may lie on disk: nothing here asks for more than stretches of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.data.text.id_files import Units
from anaphora.data.worker_rows import share
from anaphora.tasks.fill.settings import SCORED

Ids = NDArray[np.int32]

PIECE = 512
CONTEXT = 64


class Batch(NamedTuple):
    """Windows side by side, and how many of their units are words."""

    ids: Ids  # (T, B)
    gaps: int


class Windows:
    """A text as batches of windows: the batch at a position is a function of it and the seed."""

    def __init__(self, ids: Units, words: NDArray[np.bool_], batch: int, steps: int, seed: int) -> None:
        """`words` (V,) says which symbols are gaps."""
        self._ids, self._words, self._batch, self._seed = ids, words, batch, seed
        self.steps = min(steps, len(ids))
        self._windows = len(ids) // self.steps
        self._epoch: tuple[int, int, NDArray[np.int64]] | None = None

    @property
    def per_epoch(self) -> int:
        """Batches of one pass over the text."""
        return -(-self._windows // self._batch)

    def at(self, position: int) -> Batch:
        """The batch at this position, counted through the passes."""
        epoch, number = divmod(position, self.per_epoch)
        first, order = self._drawn(epoch)
        chosen = order[number * self._batch : (number + 1) * self._batch]
        begins = (first + chosen * self.steps) % len(self._ids)
        return self._of(np.stack([self._stretch(begin) for begin in begins.tolist()], axis=1))

    def units(self, batch: Batch) -> int:
        """Gaps."""
        return batch.gaps

    def part(self, batch: Batch, rank: int, ranks: int) -> Batch:
        """One worker's windows."""
        return self._of(batch.ids[:, share(batch.ids.shape[1], rank, ranks)])

    def _of(self, ids: Ids) -> Batch:
        return Batch(ids, max(1, int(self._words[ids].sum())))

    def _stretch(self, begin: int) -> Ids:
        """A window's units; after the text's last comes its first."""
        read: Ids = np.asarray(self._ids[begin : begin + self.steps], np.int32)
        missing = self.steps - len(read)
        return np.concatenate([read, np.asarray(self._ids[:missing], np.int32)]) if missing else read

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


def cut(length: int, units: int = SCORED) -> list[Piece]:
    """The pieces in which a text of so many units is scored: all of it, or about `units` of it, evenly spread."""
    if length <= units:
        edges = np.linspace(0, length, -(-length // PIECE) + 1).astype(np.int64) if length else np.zeros(1, np.int64)
        bounds = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    else:
        count = max(1, units // PIECE)
        size = min(PIECE, units)
        bounds = [(at, at + size) for at in (number * (length - size) // max(1, count - 1) for number in range(count))]
    return [Piece(max(0, first - CONTEXT), first, stop, min(length, stop + CONTEXT)) for first, stop in bounds]


class Gaps(NamedTuple):
    """The words of pieces as gaps: the rows that are read, where in them each gap is, and what stands there."""

    rows: Ragged
    places: NDArray[np.int64]  # (n,) among the steps of all rows, one after another
    left: NDArray[np.int64]  # (n,) the symbol before it, V where there is none
    target: NDArray[np.int64]
    right: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.target)

    @property
    def row(self) -> NDArray[np.int64]:
        """(n,) the row of each gap."""
        return np.searchsorted(self.rows.ends, self.places, side="right").astype(np.int64)

    @property
    def step(self) -> NDArray[np.int64]:
        """(n,) its step there."""
        return self.places - (self.rows.ends - self.rows.lengths)[self.row]


def laid(ids: Units, words: NDArray[np.bool_], pieces: list[Piece]) -> Gaps:
    """Read pieces, and find their gaps."""
    rows = Ragged.of([np.asarray(ids[piece.start : piece.end], np.int32) for piece in pieces], np.zeros(0, np.int32))
    steps, lengths = rows.steps.astype(np.int64), rows.lengths
    row = np.repeat(np.arange(len(pieces)), lengths)
    step = np.arange(len(steps)) - (rows.ends - lengths)[row]
    first, stop = np.array([(piece.first - piece.start, piece.stop - piece.start) for piece in pieces]).reshape(-1, 2).T
    at = np.flatnonzero(words[steps] & (step >= first[row]) & (step < stop[row]))
    beyond = np.int64(len(words))
    left = np.where(step[at] > 0, steps[at - 1], beyond)
    right = np.where(step[at] + 1 < lengths[row[at]], np.append(steps, beyond)[at + 1], beyond)
    return Gaps(rows, at.astype(np.int64), left, steps[at], right)
