"""A reset mask: at a step where another episode or document begins, the state returns to its initial value.

    h_{t−1} ← 0  and  c_{t−1} ← 0   before step t,  wherever reset[t]        (with a learned state: ← h_0, c_0)

A reset also drops the state that the caller gives, if the row's first step is reset. The usual way is to multiply every
state by a mask. Here the rows are cut instead, and each segment walks as a row of its own: nothing is copied, the cost
is that of the steps, and the second direction begins at the end of each segment.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anaphora.kernels.row_index import Indices, RowIndex


class ResetSegments(NamedTuple):
    """The S segments into which resets cut B rows."""

    first: Indices  # (B,): each row's first segment
    last: Indices  # (B,): each row's last segment
    lines: RowIndex  # the index of the rows
    reset: NDArray[np.bool_]  # (N,)

    def begin(self, state: Tensor, default: Tensor, directions: int) -> Tensor:
        """Return the initial states of all segments (L·D, S, W).

        They are ``state`` (L·D, B, W) for a segment that continues a row, else ``default`` (L·D, S, W).

        A row continues in its first segment, unless its first step is reset. In the second direction, which comes from
        the end of the row, it continues in its last segment.
        """
        begun = self.lines.lengths > 0
        begun[begun] = self.reset[self.lines.row_offset[begun] + self.lines.time_offset[:1]]
        continuing = np.flatnonzero(~begun)
        first, rows = _on(self.first[continuing], state), _on(continuing, state)
        forth = default[::directions].index_copy(1, first, state[::directions].index_select(1, rows))
        if directions == 1:
            return forth
        back = default[1::2].index_copy(1, _on(self.last, state), state[1::2])
        return torch.stack([forth, back], dim=1).flatten(0, 1)

    def end(self, state: Tensor) -> Tensor:
        """Return a layer's state after each row (D, B, W), from the states after each segment (D, S, W).

        It is the state of the row's last segment, and in the second direction that of its first.
        """
        last = _on(self.last, state)
        if state.size(0) == 1:
            return state.index_select(1, last)
        return torch.stack([state[0].index_select(0, last), state[1].index_select(0, _on(self.first, state))])


def _on(rows: Indices, like: Tensor) -> Tensor:
    return torch.from_numpy(rows).to(like.device)


def cut_rows(lines: RowIndex, reset: NDArray[np.bool_]) -> tuple[RowIndex, ResetSegments] | None:
    """Return the index (T,), (S,), (S,) of rows cut before every step with ``reset`` (N,) set; None if none is."""
    found = lines.cut(reset)
    return None if found is None else (found[0], ResetSegments(*found[1:], lines, reset))


def by_time(lines: RowIndex) -> Indices:
    """Return every line in use (Σ lengths,), step after step and in each step row after row, as in time-major data."""
    row = np.repeat(np.arange(lines.lengths.size), lines.lengths)
    t = np.arange(row.size) - (np.cumsum(lines.lengths) - lines.lengths)[row]
    return lines.row_by_row()[np.argsort(t, kind="stable")]
