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

from anaphora.lines import Indices, Lines


class Cut(NamedTuple):
    """Where the B rows are among the S segments they were cut into."""

    first: Tensor  # (B,): each row's first segment
    last: Tensor  # (B,)
    going_on: Tensor  # the rows whose first step is not reset

    def begin(self, state: Tensor, anew: Tensor, directions: int) -> Tensor:
        """The initial states of all segments (L·D, S, ·): ``state`` (L·D, B, ·) where a row goes on, else ``anew``.

        The second direction comes from the end of the row and goes on in its last segment.
        """
        going_on, first, last = (index.to(state.device) for index in (self.going_on, self.first, self.last))
        forth = anew[::directions].index_copy(1, first[going_on], state[::directions].index_select(1, going_on))
        if directions == 1:
            return forth
        back = anew[1::2].index_copy(1, last, state[1::2])
        return torch.stack([forth, back], dim=1).flatten(0, 1)

    def end(self, state: Tensor) -> Tensor:
        """A layer's state after each row, (D, S, ·) as (D, B, ·): its last segment's, of the second direction its
        first's.
        """
        last = self.last.to(state.device)
        if state.size(0) == 1:
            return state.index_select(1, last)
        first = self.first.to(state.device)
        return torch.stack([state[0].index_select(0, last), state[1].index_select(0, first)])


def cut(lines: Lines, reset: NDArray[np.bool_]) -> tuple[Lines, Cut] | None:
    """The lines of rows cut before every step whose line is set in ``reset`` (N,); None where none is set.

    ``lines`` go through time at one stride, as those of every layout but a packed sequence do.
    """
    steps = lines.lengths
    row, t = _steps(steps)
    resets = reset[lines.row_by_row()]
    if not resets.any():
        return None
    begins, empty = np.flatnonzero(resets | (t == 0)), np.flatnonzero(steps == 0)
    of = np.concatenate([row[begins], empty])
    order = np.argsort(of, kind="stable")
    nothing = np.zeros_like(empty)
    lengths = np.concatenate([np.append(begins[1:], row.size) - begins, nothing])[order]
    offset = np.concatenate([lines.time_offset[t[begins]], nothing])[order]
    segments = Lines(lines.time_offset[: lengths.max()], lines.row_offset[of[order]] + offset, lengths)
    first, last = (np.searchsorted(of[order], np.arange(steps.size), side) for side in ("left", "right"))
    going_on = np.ones(steps.size, np.bool_)
    going_on[row[resets & (t == 0)]] = False
    indices = (first, last - 1, np.flatnonzero(going_on))
    return segments, Cut(*(torch.from_numpy(index) for index in indices))


def by_time(lines: Lines) -> Indices:
    """Every line in use, step after step and in each step row after row: the order of time-major data."""
    return lines.row_by_row()[np.argsort(_steps(lines.lengths)[1], kind="stable")]


def _steps(lengths: Indices) -> tuple[Indices, Indices]:
    """Of which row and which step of it each step is, row after row."""
    row = np.repeat(np.arange(lengths.size), lengths)
    return row, np.arange(row.size) - (np.cumsum(lengths) - lengths)[row]
