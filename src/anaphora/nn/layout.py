"""How a batch of sequences lies in memory, read once, so that no layer has to know.

    (T, B, I) · (B, T, I) · (T, I) · PackedSequence · Ragged   →   lines (N, I) and a walk over them

Nothing is copied (but a tensor that isn't contiguous) and nothing is sorted: a packed sequence is walked in the
caller's row order, so states need no permutation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from anaphora.lines import Lines
from anaphora.nn.functional import Walk
from anaphora.nn.integers import as_numpy
from anaphora.nn.ragged import Ragged, packed_lines

Batch = Tensor | PackedSequence | Ragged
Lengths = Tensor | Sequence[int]


class Layout(NamedTuple):
    """A batch as the kernels see it, and the way back to what the caller brought."""

    x: Tensor  # (N, I)
    walk: Walk
    source: Batch
    batch_first: bool

    @property
    def batched(self) -> bool:
        """False only for one sequence without a batch dimension, (T, I)."""
        return not isinstance(self.source, Tensor) or self.source.dim() == 3

    def restore(self, y: Tensor) -> Batch:
        """Lines y (N, F) in the shape of what came in."""
        if isinstance(self.source, Tensor):
            return y.view(*self.source.shape[:-1], y.size(1))
        if isinstance(self.source, Ragged):
            return self.source.with_data(y)
        return PackedSequence(y, *self.source[1:])

    def dropout(self, y: Tensor, p: float) -> Tensor:
        """Dropout on lines y (N, F) with the mask that torch draws for this batch, which it draws time-major."""
        if not self.batch_first:
            return F.dropout(y, p)
        B, T = self.source.shape[:2] if isinstance(self.source, Tensor) else (1, y.size(0))
        noise = F.dropout(y.new_ones(T, B, y.size(1)), p)
        return (y.view(B, T, y.size(1)) * noise.transpose(0, 1)).view(y.shape)


def read(batch: Batch, lengths: Lengths | None, batch_first: bool, name: str) -> Layout:
    """Read a batch; ``lengths`` goes with a padded tensor only.

    Raises ValueError for a wrong number of dimensions or for lengths that don't fit, TypeError for anything else that
    isn't a batch; ``name`` is who says so.
    """
    if isinstance(batch, Tensor):
        return _read_tensor(batch, lengths, batch_first, name)
    if not isinstance(batch, (PackedSequence, Ragged)):
        raise TypeError(f"{name}: expected a tensor, a PackedSequence or a Ragged batch, got {type(batch).__name__}")
    if lengths is not None:
        raise ValueError(
            f"{name}: lengths go with a padded tensor; a {type(batch).__name__} has its own, leave them out"
        )
    if batch.data.dim() != 2:
        raise RuntimeError(f"{name}: expected the data of a {type(batch).__name__} to be 2D, got {batch.data.dim()}D")
    lines = batch.lines if isinstance(batch, Ragged) else packed_lines(batch)
    return Layout(batch.data, Walk.of(lines, batch.data.size(0)), batch, False)


def _read_tensor(batch: Tensor, lengths: Lengths | None, batch_first: bool, name: str) -> Layout:
    if batch.dim() == 2 and lengths is None:
        return Layout(batch, Walk.dense(batch.size(0), 1), batch, False)
    if batch.dim() == 2:
        raise ValueError(f"{name}: lengths go with a batch, got one sequence {tuple(batch.shape)}: cut it instead")
    if batch.dim() != 3:
        raise ValueError(f"{name}: Expected input to be 2D or 3D, got {batch.dim()}D tensor instead")
    first, second, features = batch.shape
    x = batch.reshape(first * second, features)
    T, B = (second, first) if batch_first else (first, second)
    if lengths is None:
        return Layout(x, Walk.dense(T, B, batch_first), batch, batch_first)
    steps = read_lengths(lengths, T, B, name)
    lines = Lines.batch_first(B, T, steps) if batch_first else Lines.dense(T, B, steps)
    return Layout(x, Walk.of(lines, T * B), batch, batch_first)


def read_lengths(lengths: Lengths, T: int, B: int, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
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
