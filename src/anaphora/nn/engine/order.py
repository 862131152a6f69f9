"""The order in which a custom cell takes a batch: rows by length, lines by time.

    place   0  1  2          the longest row first; the first sizes[t] places have a step t
    t = 0   ■  ■  ■          lines lists the ■ of this picture line by line: the rows of one step stand side by side,
    t = 1   ■  ■             so they are a slice of all data in this order
    t = 2   ■

A reset cuts a row, and each segment takes a place as a row of its own. A reset at a row's first step makes a first
segment of no steps, which takes the given state and ends with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anaphora.kernels.row_index import RowIndex


class StepOrder(NamedTuple):
    """The places of sorted rows; a tensor is None if the caller's order is the sorted one."""

    sizes: list[int]  # (T,) the number of places that have a step t
    places: int
    lines: Tensor | None = None  # (Σ sizes,) the lines in use, step after step
    enter: Tensor | None = None  # (B,) the place of each row's first segment
    first: Tensor | None = None  # (B,) the place of each row's first segment with a step, if there is one
    last: Tensor | None = None  # (B,) the place of each row's last segment

    @classmethod
    def dense(cls, T: int, B: int) -> StepOrder:
        """Return the order of B time-major rows that all have T steps."""
        return cls([B] * T, B)

    @classmethod
    def of(cls, lines: RowIndex, reset: NDArray[np.bool_] | None, N: int, device: Any) -> StepOrder:
        """Return the order of any batch of N lines, rows cut before the lines that are set in ``reset`` (N,).

        ``lines``: time_offset (T,), row_offset (B,) and lengths (B,), int64.
        """
        used = lines.row_by_row()
        start = np.cumsum(lines.lengths) - lines.lengths
        cuts = np.flatnonzero(reset[used]) if reset is not None else start[:0]
        begins = np.concatenate([start, cuts])
        by_row = np.argsort(begins, kind="stable")  # where a row is cut at its start, the start comes first
        begins = begins[by_row]
        steps = np.diff(begins, append=used.size)
        enter = np.flatnonzero(by_row < start.size)
        last = np.append(enter[1:], by_row.size)[: enter.size] - 1
        first = np.minimum(enter + (steps[enter] == 0), last)

        lies = used[np.minimum(begins, used.size - 1)] if used.size else begins
        sort = np.lexsort((lies, -steps))  # equal lengths as they lie, so that a packed sequence stays as it is
        T = int(steps.max(initial=0))
        sizes = steps.size - np.searchsorted(np.sort(steps), np.arange(T), side="right")
        t = np.repeat(np.arange(T), sizes)
        place = np.arange(used.size) - (np.cumsum(sizes) - sizes)[t]
        by_time = used[begins[sort][place] + t]
        where = np.argsort(sort, kind="stable")
        indices: list[Any] = [None if np.array_equal(by_time, np.arange(N)) else by_time, None, None, None]
        if cuts.size or not np.array_equal(where, np.arange(where.size)):
            indices[1:] = where[enter], where[first], where[last]
        tensors = [None if found is None else torch.from_numpy(found).to(device) for found in indices]
        return cls(sizes.tolist(), steps.size, *tensors)
