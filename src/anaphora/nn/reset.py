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
        going_on, last = self.going_on, self.last
        forth = anew[::directions].index_copy(1, self.first[going_on], state[::directions].index_select(1, going_on))
        if directions == 1:
            return forth
        back = anew[1::2].index_copy(1, last, state[1::2])
        return torch.stack([forth, back], dim=1).flatten(0, 1)

    def end(self, state: Tensor) -> Tensor:
        """A layer's state after each row, (D, S, ·) as (D, B, ·): its last segment's, of the second direction its
        first's.
        """
        if state.size(0) == 1:
            return state.index_select(1, self.last)
        return torch.stack([state[0].index_select(0, self.last), state[1].index_select(0, self.first)])


def cut(lines: Lines, resets: NDArray[np.bool_], device: torch.device) -> tuple[Lines, Cut] | None:
    """The lines of rows cut before every step that is reset; None where none is. ``resets``: row after row.

    ``lines`` go through time at one stride, as those of every layout but a packed sequence do.
    """
    if not resets.any():
        return None
    steps = lines.lengths
    start = steps.cumsum() - steps
    there = steps.nonzero()[0]
    begins = resets.copy()
    begins[start[there]] = True
    at = begins.nonzero()[0]
    of = start.searchsorted(at, "right") - 1
    offset = lines.row_offset[of] + lines.time_offset[at - start[of]]
    lengths = np.empty_like(at)
    lengths[:-1], lengths[-1] = at[1:] - at[:-1], resets.size - at[-1]
    going_on = np.ones(steps.size, np.bool_)
    going_on[there] = ~resets[start[there]]
    if there.size < steps.size:  # a row without steps is one segment without steps
        empty = np.flatnonzero(steps == 0)
        order = np.argsort(np.concatenate([of, empty]), kind="stable")
        of = np.concatenate([of, empty])[order]
        offset, lengths = (np.concatenate([each, np.zeros_like(empty)])[order] for each in (offset, lengths))
    first, last = (of.searchsorted(np.arange(steps.size), side) for side in ("left", "right"))
    segments = Lines(lines.time_offset[: lengths.max()], offset, lengths)
    indices = (torch.from_numpy(rows) for rows in (first, last - 1, going_on.nonzero()[0]))
    return segments, Cut(*(indices if device.type == "cpu" else (rows.to(device) for rows in indices)))


def by_time(lines: Lines) -> Indices:
    """Every line in use, step after step and in each step row after row: the order of time-major data."""
    row = np.repeat(np.arange(lines.lengths.size), lines.lengths)
    t = np.arange(row.size) - (np.cumsum(lines.lengths) - lines.lengths)[row]
    return lines.row_by_row()[np.argsort(t, kind="stable")]
