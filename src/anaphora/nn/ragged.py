"""Rows of different lengths, one after another: a batch of sequences without padding.

    row b  =  data[ lengths[0] + … + lengths[b−1] : … + lengths[b] ]

Nothing is sorted, and a row may be empty. ``torch.nested`` and ``PackedSequence`` hold the same numbers. The first has
no recurrent layers; the second orders the numbers by time, needs sorted rows and allows no empty ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from anaphora.kernels.row_index import RowIndex
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.engine.integers import as_numpy


@dataclass(frozen=True, eq=False)
class Ragged:
    """A batch of rows: ``data`` (N, …) and ``lengths`` (B,) in steps, with N = Σ lengths.

    ``lengths`` may be any sequence of integers and is kept as an int64 tensor on the CPU. Raises ValueError if a length
    is negative or the lengths do not add up to N.
    """

    data: Tensor  # (N, ...)
    lengths: Tensor  # (B,)

    def __post_init__(self) -> None:
        lengths = torch.as_tensor(self.lengths)
        steps = as_numpy(lengths)
        if steps.ndim != 1 or (steps.size and steps.dtype.kind not in "iu"):
            raise ValueError(f"expected lengths (B,) of integers, got shape {steps.shape} of {steps.dtype}")
        # Each length is compared with N, because a sum of lengths beyond N may overflow and equal N.
        beyond = steps.min(initial=0) < 0 or steps.max(initial=0) > sum(self.data.shape[:1])
        if beyond or self.data.shape[:1] != (steps.sum(),):
            raise ValueError(
                f"expected lengths that are not negative and add up to the lines of data {tuple(self.data.shape)}, "
                f"got {steps.tolist()} with sum {sum(steps.tolist())}"
            )
        object.__setattr__(self, "lengths", lengths.to("cpu", torch.int64))

    def __len__(self) -> int:
        return self.lengths.numel()

    @property
    def row_index(self) -> RowIndex:
        """The index of each step of each row in ``data``: time_offset (T,), row_offset (B,), lengths (B,)."""
        return RowIndex.ragged(as_numpy(self.lengths))

    def rows(self) -> list[Tensor]:
        """Return the rows as B views of ``data``, (T_b, …) each."""
        return list(self.data.split(self.lengths.tolist()))

    def with_data(self, data: Tensor) -> Ragged:
        """Return the same rows with other data (N, …); raise ValueError for another number of lines."""
        if torch.compiler.is_compiling() or data.shape[:1] != self.data.shape[:1]:
            return Ragged(data, self.lengths)
        other = object.__new__(Ragged)  # the lengths have been checked
        other.__dict__.update(self.__dict__, data=data)
        return other

    @property
    def cached_index(self) -> CachedIndex:
        """The kernels' index of the rows, built once and used until the lengths change."""
        N = self.data.size(0)
        if torch.compiler.is_compiling():
            return CachedIndex.of(self.row_index, N)
        known = self.__dict__.get("_cached_index")
        if known is None or not np.array_equal(known.arrays.lengths, as_numpy(self.lengths)):
            known = self.__dict__["_cached_index"] = CachedIndex.of(self.row_index, N)
        return known

    @classmethod
    def from_list(cls, rows: Sequence[Tensor]) -> Ragged:
        """Join B rows (T, …), T of each row's own, of one dtype and device; raises ValueError for an empty list."""
        if not rows:
            raise ValueError("expected at least one row, got none: write Ragged(data, lengths) with data (0, I)")
        return cls(torch.cat(list(rows)), torch.tensor([row.size(0) for row in rows]))

    @classmethod
    def from_padded(cls, padded: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False) -> Ragged:
        """Keep the first ``lengths`` (B,) steps of each row of (T, B, …), or of (B, T, …) with ``batch_first``.

        Raises ValueError for lengths that are not B integers between 0 and T.
        """
        steps = as_numpy(lengths) if isinstance(lengths, Tensor) else np.asarray(lengths)
        first, second = padded.shape[:2]
        lines = RowIndex.batch_first(first, second, steps) if batch_first else RowIndex.dense(first, second, steps)
        return cls(padded.flatten(0, 1)[_on(lines, padded)], torch.from_numpy(lines.lengths))

    @classmethod
    def from_packed(cls, packed: PackedSequence) -> Ragged:
        """Return the rows of a packed sequence, whose data are (N, …), in the order before sorting."""
        lines = packed_lines(packed)
        return cls(packed.data[_on(lines, packed.data)], torch.from_numpy(lines.lengths))

    def to_padded(self, batch_first: bool = False, padding_value: float = 0.0, steps_at_least: int = 0) -> Tensor:
        """Return a padded tensor (T, B, …), or (B, T, …) with ``batch_first``; ``padding_value`` past each row's end.

        T is the length of the longest row, or ``steps_at_least`` if that is more.
        """
        steps = as_numpy(self.lengths)
        B, T = steps.size, int(steps.max(initial=steps_at_least))
        lines = RowIndex.batch_first(B, T, steps) if batch_first else RowIndex.dense(T, B, steps)
        padded = self.data.new_full((T * B, *self.data.shape[1:]), padding_value)
        padded = padded.index_copy(0, _on(lines, self.data), self.data)
        return padded.view(*((B, T) if batch_first else (T, B)), *self.data.shape[1:])

    def to_packed(self) -> PackedSequence:
        """Return a packed sequence with data (N, …) in the caller's order; raise ValueError for an empty or no row."""
        steps = as_numpy(self.lengths)
        if not steps.size or steps.min() == 0:
            raise ValueError(f"a PackedSequence cannot hold empty rows, got lengths {steps.tolist()}: leave them out")
        order = np.argsort(-steps, kind="stable")
        position = np.argsort(order, kind="stable")
        batch_sizes = steps.size - np.searchsorted(np.sort(steps), np.arange(steps.max()), side="right")
        where = _on(RowIndex.packed(batch_sizes, position), self.data)
        device = self.data.device
        return PackedSequence(
            torch.empty_like(self.data).index_copy(0, where, self.data),
            torch.from_numpy(batch_sizes),
            torch.from_numpy(order).to(device),
            torch.from_numpy(position).to(device),
        )


def packed_lines(packed: PackedSequence) -> RowIndex:
    """Return the index of a packed sequence with data (N, …), rows in the caller's order: (T,), (B,) and (B,)."""
    unsorted = packed.unsorted_indices
    return RowIndex.packed(as_numpy(packed.batch_sizes), None if unsorted is None else as_numpy(unsorted))


def _on(lines: RowIndex, like: Tensor) -> Tensor:
    return torch.from_numpy(lines.row_by_row()).to(like.device)
