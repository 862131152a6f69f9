"""The layout of the lines of one batch in memory: no layer has to know the form of the batch.

    (T, B, I) · (B, T, I) · (T, I) · PackedSequence · Ragged   ->   N lines (N, I) and an index of them

Nothing is sorted: a packed sequence is walked in the caller's row order, so states need no permutation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.modifiers import random_masks
from anaphora.nn.modifiers.reset import ResetSegments, by_time
from anaphora.nn.ragged import Ragged

Batch = Tensor | PackedSequence | Ragged


class BatchLayout(NamedTuple):
    """The form of a batch, without its numbers; ``read_batch`` makes it."""

    row_index: CachedIndex
    shape: Sequence[int]  # of x without its features: (T, B), (B, T), (T,) or (N,)
    batch_first: bool = False
    batched: bool = True  # False for one sequence without a batch dimension, (T, I)
    source: PackedSequence | Ragged | None = None  # the caller's batch; None for a tensor
    segments: ResetSegments | None = None  # how a reset cut the rows
    order: Tensor | None = None  # (N,): line n of x is line order[n] of a packed sequence

    @classmethod
    def dense(cls, first: int, second: int, batch_first: bool) -> BatchLayout:
        """Return the layout of (T, B, I), or of (B, T, I) with ``batch_first``, whose first two sizes are given."""
        plain = not torch.compiler.is_dynamo_compiling() and type(first) is int and type(second) is int
        return (_kept if plain else _dense)(first, second, batch_first)

    @property
    def N(self) -> int:  # noqa: N802, the letter of the kernels' contract
        """The number of lines of x."""
        return math.prod(self.shape)

    @property
    def rows(self) -> int:
        """The number of rows that the caller brought, B."""
        return self.row_index.rows if self.segments is None else self.segments.last.size

    @property
    def unused(self) -> NDArray[np.int64]:
        """The lines past the rows' ends, (·,)."""
        blank = np.ones(self.N, np.bool_)
        blank[self.row_index.arrays.row_by_row()] = False
        return np.flatnonzero(blank)

    def restore(self, y: Tensor) -> Batch:
        """Return lines y (…, F), in the order of x, as a batch of the caller's type."""
        if self.source is None:
            return y
        if isinstance(self.source, Ragged):
            return self.source.with_data(y)
        return PackedSequence(self.caller_order(y), *self.source[1:])

    def caller_order(self, lines: Tensor) -> Tensor:
        """Return lines (N, …) in the order of x, moved to the order of the caller's data."""
        return lines if self.order is None else torch.empty_like(lines).index_copy(0, self.order, lines)

    def dropout(self, y: Tensor, p: float) -> Tensor:
        """Apply dropout with probability ``p`` to lines y (…, F), with torch's own mask, drawn time-major."""
        if not self.batch_first:
            return F.dropout(y, p)
        B, T, features = y.shape
        return y * F.dropout(y.new_ones(T, B, features), p).transpose(0, 1)

    def draw(self, features: int, keep: float, like: Tensor) -> Tensor:
        """Draw ones with probability ``keep`` and zeros otherwise, (N, features), of the dtype of ``like`` (…).

        The values are drawn step after step, and in each step row after row. So one seed gives each step of each row
        the same values in every layout.
        """
        N = self.N
        if self.source is None and self.row_index.whole and self.segments is None:
            drawn = random_masks.ones((N, features), keep, like)
            if not self.batch_first:
                return drawn
            B, T = self.shape
            return drawn.view(T, B, features).transpose(0, 1).reshape(N, features)
        where = torch.from_numpy(by_time(self.row_index.arrays)).to(like.device)
        drawn = random_masks.ones((where.numel(), features), keep, like)
        return like.new_zeros(N, features).index_copy(0, where, drawn)


def _dense(first: int, second: int, batch_first: bool) -> BatchLayout:
    T, B = (second, first) if batch_first else (first, second)
    return BatchLayout(CachedIndex.dense(T, B, batch_first), (first, second), batch_first)


_kept = lru_cache(maxsize=64)(_dense)  # a layout without symbolic sizes is the same in every call
