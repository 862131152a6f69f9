"""Cuts of a text into rows: windows to train on, pieces to score.

A training batch has B rows, each a contiguous part of the text. A window has T units of every row, and the final state
of a window is the initial state of the next window (truncated backpropagation through time, Williams and Peng, 1990).
Every pass draws the position at which the rows begin, so that the windows of two passes have different bounds.

A score of one unbroken row costs a matrix-vector product per unit. Pieces that run as one batch take a fraction of the
time. Every piece but the first begins `CONTEXT` units early; these units are read but not scored. Every unit except the
first unit of the text, which has no context, is scored once. If a text has more than `SCORED` units, the pieces score
about as many, evenly spread. `train` and `eval` score in this way, so they print the same number.

Units may be on disk: only slices of them are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.text.id_files import Units
from anaphora.data.text.windows import evenly_spread, stretch
from anaphora.data.worker_rows import share
from anaphora.tasks.language.settings import SCORED

Ids = NDArray[np.integer[Any]]

PIECE = 4096
CONTEXT = 512
ROWS = 64

_SAMPLE_PIECE = 1024
_SAMPLE_CONTEXT = 128


class Window(NamedTuple):
    """T steps of B rows: what is read, what comes next, and whether the rows begin here, from a state of zeros."""

    inputs: Ids  # (T, B)
    targets: Ids  # (T, B)
    begins: bool


class Piece(NamedTuple):
    """Units `first` to `stop` of a text are scored, `start` to `stop` are read."""

    start: int
    first: int
    stop: int


class PieceRows(NamedTuple):
    """Pieces side by side; `scored` marks the predictions that count, each row's are its last."""

    inputs: NDArray[np.int32]  # (T, B)
    targets: NDArray[np.int64]  # (T, B)
    lengths: NDArray[np.int64]  # (B,)
    scored: NDArray[np.bool_]  # (T, B)


@dataclass(frozen=True)
class Windows:
    """A text as windows to train on: window number `position` is a function of that number and the seed.

    ids (N,) in `batch` rows of N // batch units; a text shorter than one unit per row and one more has no window.
    """

    ids: Units
    batch: int
    steps: int
    seed: int

    @property
    def length(self) -> int:
        """Units of one row."""
        return len(self.ids) // self.batch

    @property
    def per_epoch(self) -> int:
        """Windows of one pass over the text; the last may be shorter."""
        return -(-self.length // self.steps)

    def at(self, position: int) -> Window:
        """The window at `position`, counted through the passes."""
        epoch, number = divmod(position, self.per_epoch)
        shift = int(np.random.default_rng([self.seed, epoch]).integers(len(self.ids)))
        begin = number * self.steps
        end = min(begin + self.steps, self.length)
        firsts = (shift + begin + np.arange(self.batch) * self.length) % len(self.ids)
        read = np.stack([stretch(self.ids, first, end + 1 - begin) for first in firsts.tolist()], axis=1)  # (T + 1, B)
        return Window(read[:-1], read[1:], number == 0)

    def units(self, window: Window) -> int:
        """Units read in a window, T·B."""
        return int(window.inputs.size)

    def part(self, window: Window, rank: int, ranks: int) -> Window:
        """The columns of one of `ranks` workers: a row stays with its worker, and so does its state."""
        columns = share(self.batch, rank, ranks)
        return Window(window.inputs[:, columns], window.targets[:, columns], window.begins)


def cut(length: int, piece: int = PIECE, context: int = CONTEXT, most: int = ROWS, units: int = SCORED) -> list[Piece]:
    """The pieces in which a text of `length` units is scored: at most `most`, of at least `piece` units if there are
    as many; together they score at most `units`, or all there are.
    """
    predictions = max(length - 1, 0)
    count = min(max(predictions // piece, 1), most)
    if predictions > units:
        count = min(count, max(units, 1))
        return _spread(predictions, count, units // count, context)
    edges = [1 + number * predictions // count for number in range(count + 1)]
    return [Piece(max(0, first - 1 - context), first, stop) for first, stop in pairwise(edges) if stop > first]


def sample(length: int, units: int) -> list[Piece]:
    """Return short pieces of about `units` units in all, evenly spaced over a text of `length`, to validate on."""
    predictions = max(length - 1, 0)
    if units >= predictions:
        return cut(length, _SAMPLE_PIECE, _SAMPLE_CONTEXT, units=units)
    count = max(1, units // _SAMPLE_PIECE)
    size = min(units, _SAMPLE_PIECE) if count == 1 else units // count
    return _spread(predictions, count, size, _SAMPLE_CONTEXT)


def shortened(pieces: Sequence[Piece], share: float) -> list[Piece]:
    """Return the same pieces with a smaller scored part, at least one unit each."""
    return [piece._replace(stop=piece.first + _part(piece, share)) for piece in pieces]


def in_shortened(pieces: Sequence[Piece], share: float) -> NDArray[np.bool_]:
    """Return a mask (N,) of the units that the shortened pieces also score."""
    kept = [np.arange(piece.stop - piece.first) < _part(piece, share) for piece in pieces]
    return np.concatenate([np.zeros(0, np.bool_), *kept])


def scored_in(pieces: Sequence[Piece]) -> int:
    """Return the number of units that pieces score."""
    return sum(piece.stop - piece.first for piece in pieces)


def rows(ids: Units, pieces: Sequence[Piece], begin: int = 0, steps: int | None = None) -> PieceRows:
    """Return pieces of ids (N,) as rows (T, B), time-major, with zeros past the end of a row.

    With `begin` and `steps`, return that part of the steps; the length of a row counts its units in this part.
    """
    lengths = np.array([piece.stop - 1 - piece.start for piece in pieces], dtype=np.int64)
    left = int(lengths.max(initial=0)) - begin
    T, B = left if steps is None else min(steps, left), len(pieces)
    lengths = np.clip(lengths - begin, 0, T)
    inputs, targets = np.zeros((T, B), np.int32), np.zeros((T, B), np.int64)
    scored = np.zeros((T, B), np.bool_)
    for b, piece in enumerate(pieces):
        read = ids[piece.start + begin : piece.start + begin + int(lengths[b]) + 1]
        inputs[: lengths[b], b] = read[:-1]
        targets[: lengths[b], b] = read[1:]
        scored[max(0, piece.first - 1 - piece.start - begin) : lengths[b], b] = True
    return PieceRows(inputs, targets, lengths, scored)


def _part(piece: Piece, share: float) -> int:
    return max(1, round(share * (piece.stop - piece.first)))


def _spread(predictions: int, count: int, size: int, context: int) -> list[Piece]:
    begins = evenly_spread(predictions, count, size)
    return [Piece(max(0, begin - context), 1 + begin, 1 + begin + size) for begin in begins]
