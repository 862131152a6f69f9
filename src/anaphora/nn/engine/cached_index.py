"""Where a walk goes, kept for the next call: ``row_index.Lines`` as NumPy for the kernels, as a tensor for torch.

A walk is the same for every layer of a stack and, over dense batches, for every call; only transforms and compilation,
which see nothing but tensors, ask for the tensor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from anaphora.kernels.row_index import Lines
from anaphora.nn.engine.integers import as_numpy


class Walk(NamedTuple):
    """Where each step of each row lies, and what need not be read from it; one of ``known`` and ``traced`` is there."""

    T: int
    whole: bool  # whether every line of x is in use
    known: Lines | None
    traced: Tensor | None = None  # what ``lines`` is where sizes have no numbers yet

    @property
    def rows(self) -> int:
        """How many rows walk: B."""
        if self.known is not None:
            return len(self.known.lengths)
        return (self.lines.size(0) - self.T) // 2

    @property
    def lines(self) -> Tensor:
        """One int64 tensor (T + 2·B,): time_offset (T,), row_offset (B,), lengths (B,)."""
        if self.traced is not None:
            return self.traced
        assert self.known is not None
        return torch.from_numpy(np.concatenate(self.known))

    @property
    def numbers(self) -> Lines:
        """The lines as NumPy."""
        if self.known is not None:
            return self.known
        return split(self.T, self.lines)

    @classmethod
    def of(cls, lines: Lines, N: int) -> Walk:
        """A walk over some of N lines, copied: whoever changes his lengths changes no walk that has to go back."""
        own = Lines(*(indices.copy() for indices in lines))
        return cls(len(own.time_offset), int(own.lengths.sum()) == N, own)

    @classmethod
    def dense(cls, T: int, B: int, batch_first: bool = False) -> Walk:
        """A walk in which every row has T steps, over (T, B, ·) or (B, T, ·)."""
        if not torch.compiler.is_dynamo_compiling() and type(T) is int and type(B) is int:
            return _dense(T, B, batch_first)
        time, row = torch.arange(T), torch.arange(B)
        offsets = (time, row * T) if batch_first else (time * B, row)
        return cls(T, True, None, torch.cat([*offsets, torch.full((B,), T)]))


@lru_cache(maxsize=64)
def _dense(T: int, B: int, batch_first: bool) -> Walk:
    return Walk.of(Lines.batch_first(B, T) if batch_first else Lines.dense(T, B), T * B)


def split(T: int, lines: Tensor) -> Lines:
    """The lines that ``Walk.lines`` joined, in its memory."""
    joined = as_numpy(lines)
    B = (joined.size - T) // 2
    return Lines(joined[:T], joined[T : T + B], joined[T + B :])
