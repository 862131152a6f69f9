"""Reading a batch of sequences of any form: its lines, and the layout that says where each step lies.

Nothing is copied, except a packed sequence that a reset cuts. A wrong batch raises an error that names the module, the
expected value and the value that came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from anaphora.kernels.row_index import RowIndex
from anaphora.nn.engine.batch_layout import Batch, BatchLayout
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.engine.integers import as_numpy
from anaphora.nn.modifiers.reset import cut_rows
from anaphora.nn.ragged import Ragged, packed_lines

Lengths = Tensor | Sequence[int]


def read_batch(
    batch: Batch, lengths: Lengths | None, batch_first: bool, name: str, reset: Any = None
) -> tuple[Tensor, BatchLayout]:
    """Return the lines x (…, I) of a batch and their layout.

    ``batch``: (T, B, I), (B, T, I) with ``batch_first``, (T, I), a ``PackedSequence`` or a ``Ragged``. ``lengths`` (B,)
    go with a padded tensor only; ``reset`` has the shape of the batch without its features. ``name`` is the module that
    error messages name. Raises ValueError for a wrong number of dimensions, for lengths or a reset mask that do not
    fit, RuntimeError for data that are not 2D, TypeError for an object that is not a batch.
    """
    if isinstance(batch, Tensor):
        shape = batch.shape
        if len(shape) == 3 and lengths is None:
            layout = BatchLayout.dense(shape[0], shape[1], batch_first)
        elif len(shape) == 2 and lengths is None:
            layout = BatchLayout(CachedIndex.dense(shape[0], 1), shape[:1], batched=False)
        else:
            layout = _padded(shape, lengths, batch_first, name)
        return (batch, layout) if reset is None else _cut(batch, layout, read_reset(reset, layout.shape, name))
    if not isinstance(batch, (PackedSequence, Ragged)):
        raise TypeError(f"{name}: expected a tensor, a PackedSequence or a Ragged batch, got {type(batch).__name__}")
    if lengths is not None:
        raise ValueError(
            f"{name}: lengths go with a padded tensor; a {type(batch).__name__} has its own, leave them out"
        )
    data = batch.data
    if data.dim() != 2:
        raise RuntimeError(f"{name}: expected the data of a {type(batch).__name__} to be 2D, got {data.dim()}D")
    index = batch.cached_index if isinstance(batch, Ragged) else CachedIndex.of(packed_lines(batch), data.size(0))
    layout = BatchLayout(index, data.shape[:1], source=batch)
    return (data, layout) if reset is None else _cut(data, layout, read_reset(reset, layout.shape, name))


def _padded(shape: Sequence[int], lengths: Any, batch_first: bool, name: str) -> BatchLayout:
    """The layout of a padded tensor (T, B, I) or (B, T, I) with ``lengths`` (B,)."""
    if len(shape) == 2:
        raise ValueError(f"{name}: lengths go with a batch, got one sequence {tuple(shape)}: cut it instead")
    if len(shape) != 3:
        raise ValueError(f"{name}: Expected input to be 2D or 3D, got {len(shape)}D tensor instead")
    first, second, _ = shape
    T, B = (second, first) if batch_first else (first, second)
    steps = read_lengths(lengths, T, B, name)
    lines = RowIndex.batch_first(B, T, steps) if batch_first else RowIndex.dense(T, B, steps)
    return BatchLayout(CachedIndex.of(lines, T * B), (first, second), batch_first)


def read_lengths(lengths: Lengths, T: int, B: int, name: str) -> NDArray[np.int64]:
    """Return lengths (B,) in steps, 0 to T, as int64; raise ValueError for any others, naming ``name``."""
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
    """Return a reset mask, booleans of ``shape``, as (N,) by line; raise ValueError for any other, naming ``name``."""
    mask = as_numpy(reset) if isinstance(reset, Tensor) else np.asarray(reset)
    if mask.shape != tuple(shape):
        raise ValueError(f"{name}: expected reset {tuple(shape)}, one boolean for each step, got shape {mask.shape}")
    if mask.dtype != np.bool_ and mask.size:
        raise ValueError(f"{name}: expected reset to be boolean, got {mask.dtype}: compare it, as in reset != 0")
    return mask.reshape(-1).astype(np.bool_, copy=False)


def _cut(x: Tensor, layout: BatchLayout, reset: NDArray[np.bool_]) -> tuple[Tensor, BatchLayout]:
    """The lines and the layout after every row is cut where ``reset`` (N,) is set."""
    lines, order = layout.row_index.arrays, None
    if isinstance(layout.source, PackedSequence):
        # A packed sequence has no stride in time: its rows are laid one after another first.
        where = lines.row_by_row()
        order = torch.from_numpy(where).to(x.device)
        cut, reset, lines = x[order], reset[where], RowIndex.ragged(lines.lengths)
    else:
        cut = x
    found = cut_rows(lines, reset)
    if found is None:
        return x, layout
    index = CachedIndex(len(found[0].time_offset), layout.row_index.whole, found[0])
    return cut, layout._replace(row_index=index, segments=found[1], order=order)
