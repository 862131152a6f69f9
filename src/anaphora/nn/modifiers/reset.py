"""A reset mask: where another episode or document begins inside a row, the state returns to its initial value.

    h_{t−1} ← 0  and  c_{t−1} ← 0   before step t,  wherever reset[t]        (with a learned state: ← h_0, c_0)

The state that a caller hands in is what a row goes on from, so a reset drops it: a row whose first step is reset begins
anew too. A mask multiplied into every state is the usual way. Here the rows are cut instead, and each segment walks as
a row of its own: nothing is copied, the cost is that of the steps, and the second direction starts anew at the end of
each segment.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anaphora.kernels.row_index import Indices, Lines


class Cut(NamedTuple):
    """Where the B rows are among the S segments they were cut into."""

    first: Indices  # (B,): each row's first segment
    last: Indices  # (B,)
    lines: Lines  # of the rows
    reset: NDArray[np.bool_]  # by line

    def begin(self, state: Tensor, anew: Tensor, directions: int) -> Tensor:
        """The initial states of all segments (L·D, S, ·): ``state`` (L·D, B, ·) where a row goes on, else ``anew``.

        A row whose first step is reset doesn't go on. The second direction comes from the end of the row and goes on in
        its last segment.
        """
        begun = self.lines.lengths > 0
        begun[begun] = self.reset[self.lines.row_offset[begun] + self.lines.time_offset[:1]]
        going_on = np.flatnonzero(~begun)
        first, rows = _on(self.first[going_on], state), _on(going_on, state)
        forth = anew[::directions].index_copy(1, first, state[::directions].index_select(1, rows))
        if directions == 1:
            return forth
        back = anew[1::2].index_copy(1, _on(self.last, state), state[1::2])
        return torch.stack([forth, back], dim=1).flatten(0, 1)

    def end(self, state: Tensor) -> Tensor:
        """A layer's state after each row, (D, S, ·) as (D, B, ·): its last segment's, of the second direction its
        first's.
        """
        last = _on(self.last, state)
        if state.size(0) == 1:
            return state.index_select(1, last)
        return torch.stack([state[0].index_select(0, last), state[1].index_select(0, _on(self.first, state))])


def _on(rows: Indices, like: Tensor) -> Tensor:
    return torch.from_numpy(rows).to(like.device)


def cut(lines: Lines, reset: NDArray[np.bool_]) -> tuple[Lines, Cut] | None:
    """The lines of rows cut before every step that is ``reset``, a boolean by line; None where none is."""
    found = lines.cut(reset)
    return None if found is None else (found[0], Cut(*found[1:], lines, reset))


def by_time(lines: Lines) -> Indices:
    """Every line in use, step after step and in each step row after row: the order of time-major data."""
    row = np.repeat(np.arange(lines.lengths.size), lines.lengths)
    t = np.arange(row.size) - (np.cumsum(lines.lengths) - lines.lengths)[row]
    return lines.row_by_row()[np.argsort(t, kind="stable")]
