"""How a batch of sequences lies in memory, read once, so that no layer has to know.

    (T, B, I) · (B, T, I) · (T, I) · PackedSequence · Ragged   →   lines (N, I) and a walk over them

Nothing is copied (but a tensor that isn't contiguous, and a packed sequence that a reset cuts) and nothing is sorted: a
packed sequence is walked in the caller's row order, so states need no permutation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from anaphora.kernels.row_index import Lines
from anaphora.nn.engine.integers import as_numpy
from anaphora.nn.functional import Walk
from anaphora.nn.modifiers import random_masks
from anaphora.nn.modifiers.reset import Cut, by_time, cut
from anaphora.nn.ragged import Ragged, packed_lines

Batch = Tensor | PackedSequence | Ragged
Lengths = Tensor | Sequence[int]


class Layout(NamedTuple):
    """A batch as the kernels see it, and the way back to what the caller brought."""

    x: Tensor  # (…, I): N lines, in the caller's shape where they lie as he brought them
    walk: Walk
    source: Batch
    batch_first: bool
    sizes: Sequence[int] = ()  # what a tensor's lines are laid out in: (T, B), (B, T) or (T,)
    cut: Cut | None = None  # how a reset cut the rows that walk
    order: Tensor | None = None  # (N,): line n of x is line order[n] of a packed sequence

    @property
    def N(self) -> int:  # noqa: N802, the letter of the kernels' contract
        """How many lines x has."""
        return math.prod(self.x.shape[:-1])

    @property
    def batched(self) -> bool:
        """False only for one sequence without a batch dimension, (T, I)."""
        return len(self.sizes) != 1

    @property
    def rows(self) -> int:
        """How many rows the caller brought: B."""
        return self.walk.rows if self.cut is None else self.cut.last.size

    @property
    def lines(self) -> Lines:
        """Where each step of each row that walks lies."""
        return self.walk.numbers

    @property
    def unused(self) -> NDArray[np.int64]:
        """The lines past the rows' ends."""
        blank = np.ones(self.N, np.bool_)
        blank[self.lines.row_by_row()] = False
        return np.flatnonzero(blank)

    def restore(self, y: Tensor) -> Batch:
        """Lines y (…, F), as those of x, in the shape of what came in."""
        if self.sizes:
            return y
        if isinstance(self.source, Ragged):
            return self.source.with_data(y)
        return PackedSequence(self.lay(y), *self.source[1:])

    def lay(self, lines: Tensor) -> Tensor:
        """Lines as those of x, where they lie in the data of what came in."""
        return lines if self.order is None else torch.empty_like(lines).index_copy(0, self.order, lines)

    def dropout(self, y: Tensor, p: float) -> Tensor:
        """Dropout on lines y (…, F) with the mask that torch draws for this batch, which it draws time-major."""
        if not self.batch_first:
            return F.dropout(y, p)
        B, T, features = y.shape
        return y * F.dropout(y.new_ones(T, B, features), p).transpose(0, 1)

    def draw(self, features: int, keep: float, like: Tensor) -> Tensor:
        """Ones with probability ``keep`` and zeros otherwise, (N, features), of the dtype of ``like``.

        Drawn step after step and in each step row after row, so that one seed gives each step of each row the same
        values whatever the layout.
        """
        N = self.N
        if isinstance(self.source, Tensor) and self.walk.whole and self.cut is None:
            drawn = random_masks.ones((N, features), keep, like)
            if not self.batch_first:
                return drawn
            B, T = self.source.shape[:2]
            return drawn.view(T, B, features).transpose(0, 1).reshape(N, features)
        where = torch.from_numpy(by_time(self.lines)).to(like.device)
        drawn = random_masks.ones((where.numel(), features), keep, like)
        return like.new_zeros(N, features).index_copy(0, where, drawn)


def read(batch: Batch, lengths: Lengths | None, batch_first: bool, name: str, reset: Any = None) -> Layout:
    """Read a batch; ``lengths`` goes with a padded tensor only, ``reset`` with any.

    Raises ValueError for a wrong number of dimensions, for lengths or a reset mask that don't fit, TypeError for
    anything else that isn't a batch; ``name`` is who says so.
    """
    if isinstance(batch, Tensor):
        layout = _read_tensor(batch, lengths, batch_first, name)
        return layout if reset is None else _cut(layout, read_reset(reset, batch.shape[:-1], name))
    if not isinstance(batch, (PackedSequence, Ragged)):
        raise TypeError(f"{name}: expected a tensor, a PackedSequence or a Ragged batch, got {type(batch).__name__}")
    if lengths is not None:
        raise ValueError(
            f"{name}: lengths go with a padded tensor; a {type(batch).__name__} has its own, leave them out"
        )
    if batch.data.dim() != 2:
        raise RuntimeError(f"{name}: expected the data of a {type(batch).__name__} to be 2D, got {batch.data.dim()}D")
    walk = batch.walk if isinstance(batch, Ragged) else Walk.of(packed_lines(batch), batch.data.size(0))
    layout = Layout(batch.data, walk, batch, False)
    return layout if reset is None else _cut(layout, read_reset(reset, batch.data.shape[:1], name))


def _read_tensor(batch: Tensor, lengths: Lengths | None, batch_first: bool, name: str) -> Layout:
    shape = batch.shape
    if len(shape) == 2 and lengths is None:
        return Layout(batch, Walk.dense(shape[0], 1), batch, False, shape[:1])
    if len(shape) == 2:
        raise ValueError(f"{name}: lengths go with a batch, got one sequence {tuple(shape)}: cut it instead")
    if len(shape) != 3:
        raise ValueError(f"{name}: Expected input to be 2D or 3D, got {len(shape)}D tensor instead")
    first, second, _ = shape
    T, B = (second, first) if batch_first else (first, second)
    if lengths is None:
        return Layout(batch, Walk.dense(T, B, batch_first), batch, batch_first, (first, second))
    steps = read_lengths(lengths, T, B, name)
    lines = Lines.batch_first(B, T, steps) if batch_first else Lines.dense(T, B, steps)
    return Layout(batch, Walk.of(lines, T * B), batch, batch_first, (first, second))


def read_lengths(lengths: Lengths, T: int, B: int, name: str) -> NDArray[np.int64]:
    """Lengths (B,) between 0 and T as int64; raises ValueError when they are anything else."""
    steps = as_numpy(lengths) if isinstance(lengths, Tensor) else np.asarray(lengths)
    if steps.shape != (B,):
        raise ValueError(f"{name}: expected {B} lengths, one for each row, got shape {steps.shape}")
    if B and not np.issubdtype(steps.dtype, np.integer):
        raise ValueError(f"{name}: expected lengths to be integers, got {steps.dtype}")
    wrong = np.flatnonzero((steps < 0) | (steps > T))
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(f"{name}: expected lengths between 0 and T = {T}, got {int(steps[row])} in row {row}")
    return steps.astype(np.int64)


def read_reset(reset: Any, shape: Sequence[int], name: str) -> NDArray[np.bool_]:
    """A reset mask, one boolean for each step of the batch, by line; raises ValueError when it is anything else."""
    mask = as_numpy(reset) if isinstance(reset, Tensor) else np.asarray(reset)
    if mask.shape != tuple(shape):
        raise ValueError(f"{name}: expected reset {tuple(shape)}, one boolean for each step, got shape {mask.shape}")
    if mask.dtype != np.bool_ and mask.size:
        raise ValueError(f"{name}: expected reset to be boolean, got {mask.dtype}: compare it, as in reset != 0")
    return mask.reshape(-1).astype(np.bool_, copy=False)


def _cut(layout: Layout, reset: NDArray[np.bool_]) -> Layout:
    lines, x, order = layout.lines, layout.x, None
    if isinstance(layout.source, PackedSequence):
        # A packed sequence has no stride in time: its rows are laid one after another first.
        where = lines.row_by_row()
        order = torch.from_numpy(where).to(x.device)
        x, reset, lines = x[order], reset[where], Lines.ragged(lines.lengths)
    segments = cut(lines, reset)
    if segments is None:
        return layout
    walk = Walk(len(segments[0].time_offset), layout.walk.whole, segments[0])
    return layout._replace(x=x, walk=walk, cut=segments[1], order=order)
