"""The positions of all steps of all rows, computed once and kept: NumPy arrays for the kernels, one tensor for torch.

    step t of row b  =  line  time_offset[t] + row_offset[b]  of x and y,   0 ≤ t < lengths[b]

All layers of a stack share one index, and dense batches of one size share it from call to call. Only transforms and
compilation ask for the tensor, because they follow nothing but tensors.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from anaphora.kernels.row_index import RowIndex
from anaphora.nn.engine.integers import as_numpy


class CachedIndex(NamedTuple):
    """The index of B rows of up to T steps. One of ``known`` and ``traced`` is set."""

    T: int
    whole: bool  # whether the rows use every line of x
    known: RowIndex | None
    traced: Tensor | None = None  # the value of ``tensor`` while torch.compile traces symbolic sizes

    @property
    def rows(self) -> int:
        """The number of rows, B."""
        if self.known is not None:
            return len(self.known.lengths)
        return (self.tensor.size(0) - self.T) // 2

    @property
    def tensor(self) -> Tensor:
        """The index as one int64 tensor (T + 2·B,): time_offset (T,), row_offset (B,), lengths (B,)."""
        if self.traced is not None:
            return self.traced
        assert self.known is not None
        return torch.from_numpy(np.concatenate(self.known))

    @property
    def arrays(self) -> RowIndex:
        """The index as three int64 arrays: time_offset (T,), row_offset (B,), lengths (B,)."""
        return split(self.T, self.tensor) if self.known is None else self.known

    @classmethod
    def of(cls, lines: RowIndex, N: int) -> CachedIndex:
        """Return the index of rows that use some of N lines; it copies ``lines``: later changes do not reach backward.

        ``lines``: time_offset (T,), row_offset (B,) and lengths (B,), int64.
        """
        own = RowIndex(*(indices.copy() for indices in lines))
        return cls(len(own.time_offset), int(own.lengths.sum()) == N, own)

    @classmethod
    def dense(cls, T: int, B: int, batch_first: bool = False) -> CachedIndex:
        """Return the index of B rows of T steps each, in a batch (T, B, ·), or (B, T, ·) with ``batch_first``."""
        if not torch.compiler.is_dynamo_compiling() and type(T) is int and type(B) is int:
            return _dense(T, B, batch_first)
        time, row = torch.arange(T), torch.arange(B)
        offsets = (time, row * T) if batch_first else (time * B, row)
        return cls(T, True, None, torch.cat([*offsets, torch.full((B,), T)]))


@lru_cache(maxsize=64)
def _dense(T: int, B: int, batch_first: bool) -> CachedIndex:
    return CachedIndex.of(RowIndex.batch_first(B, T) if batch_first else RowIndex.dense(T, B), T * B)


def split(T: int, tensor: Tensor) -> RowIndex:
    """Return the three arrays inside ``CachedIndex.tensor`` (T + 2·B,), in its memory."""
    joined = as_numpy(tensor)
    B = (joined.size - T) // 2
    return RowIndex(joined[:T], joined[T : T + B], joined[T + B :])
