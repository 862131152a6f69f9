"""Arguments of the kernels: the weights of one direction, the noise of a walk, and the index of the rows' steps.

    step t of row b  =  line  time_offset[t] + row_offset[b]  of x, y and saved,   0 ≤ t < lengths[b]

One formula covers every layout a batch of sequences comes in, so that none of them is ever copied into another:

    layout                time_offset[t]            row_offset[b]               lines N
    dense (T, B, ·)       t·B                       b                           T·B
    batch first (B, T, ·) t                         b·T                         B·T
    ragged (N, ·)         t                         lengths[0] + … + [b−1]      Σ lengths
    packed (N, ·)         batch_sizes[0] + … [t−1]  b (rows sorted by length)   Σ batch_sizes
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anaphora import _kernels

Array = NDArray[Any]
Indices = NDArray[np.int64]


class Weights(NamedTuple):
    """The weights of one direction of one layer, under torch's names and in torch's gate order.

    H is the hidden size, P the size of the state that is fed back (P = H unless ``w_hr`` projects it), G the number of
    gates: 1 (rnn), 3 (gru: r z n; coupled lstm: f g o), 4 (lstm: i f g o). ``own`` are vectors of size H that only some
    cells have, one after another: a peephole lstm's p_i p_f p_o, a layer-normalised cell's gains. Every matrix is
    dense: block-diagonal products by heads exist in ``csrc/engine`` and its laws only so far.
    """

    w_ih: Array  # (G·H, I)
    w_hh: Array  # (G·H, P)
    b_ih: Array | None = None  # (G·H,)
    b_hh: Array | None = None  # (G·H,)
    w_hr: Array | None = None  # (P, H)
    own: Array | None = None  # (V·H,)


class Noise(NamedTuple):
    """Factors of the states in one walk; None leaves a state alone. No gradient flows into any of them.

    Arrays, and in ``anaphora.nn`` tensors.

    ``mask``    h_{t−1} enters the products as mask ⊙ h_{t−1}, one mask for all steps (Gal & Ghahramani, NeurIPS 2016)
    ``keep_h``  h_t = keep_h ⊙ h_{t−1} + (1 − keep_h) ⊙ h̃_t, a mask per line, or one line for all (zoneout; Krueger et
                al., ICLR 2017); ``keep_c`` likewise for the memory
    """

    mask: Any = None  # (D, B, P)
    keep_h: Any = None  # (N, D·P) or (1, D·P)
    keep_c: Any = None  # (N, D·M·H) or (1, D·M·H)


SILENT = Noise()


class RowIndex(NamedTuple):
    """The line of each step of each row: line ``time_offset[t] + row_offset[b]`` for t < ``lengths[b]``."""

    time_offset: Indices  # (T,)
    row_offset: Indices  # (B,)
    lengths: Indices  # (B,)

    @classmethod
    def dense(cls, T: int, B: int, lengths: ArrayLike | None = None) -> RowIndex:
        """Return the index of a time-major batch (T, B, ·); ``lengths`` (B,), or T steps for every row."""
        return cls(np.arange(T, dtype=np.int64) * B, np.arange(B, dtype=np.int64), _lengths(lengths, B, T))

    @classmethod
    def batch_first(cls, B: int, T: int, lengths: ArrayLike | None = None) -> RowIndex:
        """Return the index of a batch-first batch (B, T, ·); ``lengths`` (B,), or T steps for every row."""
        return cls(np.arange(T, dtype=np.int64), np.arange(B, dtype=np.int64) * T, _lengths(lengths, B, T))

    @classmethod
    def ragged(cls, lengths: ArrayLike) -> RowIndex:
        """Return the index of rows that lie one after another in (N, ·), N = Σ lengths (B,)."""
        steps = np.ascontiguousarray(lengths, dtype=np.int64)
        longest = int(steps.max()) if steps.size else 0
        return cls(np.arange(longest, dtype=np.int64), np.cumsum(steps) - steps, steps)

    @classmethod
    def packed(cls, batch_sizes: ArrayLike, position: ArrayLike | None = None) -> RowIndex:
        """Return the index of a packed sequence (N, ·) whose step t has ``batch_sizes[t]`` rows; ``batch_sizes`` (T,).

        ``position`` (B,) says where each row stands among the sorted ones; without it row b stands at b.
        """
        sizes = np.ascontiguousarray(batch_sizes, dtype=np.int64)
        B = int(sizes[0]) if sizes.size else 0
        row = np.arange(B, dtype=np.int64) if position is None else np.ascontiguousarray(position, dtype=np.int64)
        # The row at position p has as many steps as there are sizes above p; sizes never grow: search them reversed.
        steps = sizes.size - np.searchsorted(sizes[::-1], row, side="right")
        return cls(np.cumsum(sizes) - sizes, row, steps.astype(np.int64))

    def row_by_row(self) -> Indices:
        """Return every line in use, row after row: it takes a batch in this layout to a ragged one, and back."""
        start = np.cumsum(self.lengths) - self.lengths
        row = np.repeat(np.arange(self.lengths.size), self.lengths)
        return self.time_offset[np.arange(row.size) - start[row]] + self.row_offset[row]

    def cut(self, reset: NDArray[np.bool_]) -> tuple[RowIndex, Indices, Indices] | None:
        """Return the rows cut before every step with ``reset`` (N,), a boolean by line, set; None if no step has it.

        The lines of S segments, each a row of its own, and of each row its first and its last one (B,). A row without
        steps is one segment without steps. Goes with layouts of one stride in time: with all but a packed one.
        """
        found = _kernels.cut(*self, reset)
        if found is None:
            return None
        B = self.lengths.size
        S = (found.size - 2 * B) // 2
        steps = found[S : 2 * S]
        segments = RowIndex(self.time_offset[: steps.max()], found[:S], steps)
        return segments, found[2 * S : 2 * S + B], found[2 * S + B :]


def _lengths(lengths: ArrayLike | None, B: int, T: int) -> Indices:
    if lengths is None:
        return np.full(B, T, dtype=np.int64)
    steps = np.ascontiguousarray(lengths, dtype=np.int64)
    if steps.shape != (B,) or (B and (steps.min() < 0 or steps.max() > T)):
        raise ValueError(f"expected {B} lengths between 0 and {T}, got shape {steps.shape}, values {steps.tolist()}")
    return steps
