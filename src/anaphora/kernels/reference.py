"""The kernels' functions in plain NumPy: their slow twin, and in float64 their oracle.

    h̃, c̃ = step(x_t, h_{t−1}, mask ⊙ h_{t−1}, c_{t−1})     the equations of ``anaphora.kernels.equations``
    h_t   = k ⊙ h_{t−1} + (1 − k) ⊙ h̃                      zoneout (Krueger et al., ICLR 2017); c_t likewise

Every function has the name, the arguments and the in-place outputs of its namesake in ``anaphora.kernels``. Any
floating dtype works; what comes in decides. Matrix products are NumPy's, so values agree with the kernels to rounding,
not in their bits. Where a row has ended nothing is read and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from anaphora.kernels.equations import STEPS, Made, Start, product_of_x
from anaphora.kernels.reference_cells import BACK, Numpy
from anaphora.kernels.row_index import SILENT, Array, Indices, Noise, RowIndex, Weights
from anaphora.kernels.traits import TRAITS, CellTraits, saved_slots


class Packed(NamedTuple):
    """The weights of one layer, one or two directions; the kernels reorder them, the reference just keeps them."""

    cell: str
    directions: tuple[Weights, ...]


class PackedLinear(NamedTuple):
    """The weights of an affine map."""

    weight: Array  # (O, K)
    bias: Array | None  # (O,)


class Moment(NamedTuple):
    """One step of every row that takes it."""

    rows: Indices
    here: Indices  # the lines of the step
    at: Start
    made: Made


class DirectionWalk(NamedTuple):
    """One direction of one layer over all rows; step s is the s-th that a row takes, from its own end if d is 1."""

    cell: str
    traits: CellTraits
    weights: Weights
    d: int
    x: Array  # (N, I)
    lines: RowIndex
    noise: Noise
    H: int
    P: int

    @classmethod
    def of(cls, cell: str, w: Weights, d: int, x: Array, lines: RowIndex, noise: Noise) -> DirectionWalk:
        """Return the walk of direction d over x (N, I)."""
        traits = TRAITS[cell]
        return cls(cell, traits, w, d, x, lines, noise, w.w_ih.shape[0] // traits.gates, w.w_hh.shape[1])

    @property
    def memory_width(self) -> int:
        """The size of a row's memories, M·H."""
        return self.traits.memories * self.H

    def states(self, h: Array | None, c: Array | None) -> tuple[Array, Array]:
        """Return this direction's states (B, P) and (B, M·H), copied, or zeros."""
        B, kind = self.lines.lengths.size, self.x.dtype
        h = np.zeros((B, self.P), kind) if h is None else h[self.d].copy()
        return h, np.zeros((B, self.memory_width), kind) if c is None else c[self.d].copy()

    def columns(self, width: int) -> slice:
        """Return the columns of this direction among both: y[:, columns(P)]."""
        return slice(self.d * width, (self.d + 1) * width)

    def mask(self, rows: Indices) -> Array | float:
        """Return the mask of the state before the products see it: (rows, P)."""
        return 1.0 if self.noise.mask is None else np.asarray(self.noise.mask[self.d, rows])

    def keep(self, here: Indices) -> tuple[Array | None, Array | None]:
        """Return how much of h and c stays as it was: (lines, P) and (lines, M·H), or one line for all."""
        kept = []
        for keep, width in ((self.noise.keep_h, self.P), (self.noise.keep_c, self.memory_width)):
            ours = None if keep is None else keep[:, self.columns(width)]
            kept.append(ours if ours is None or len(ours) == 1 else ours[here])
        return kept[0], kept[1]

    def step(self, s: int, h: Array, c: Array) -> Moment:
        """Take step s, replacing the states h (B, P) and c (B, M·H) of the rows that have one."""
        rows = np.flatnonzero(self.lines.lengths > s)
        t = self.lines.lengths[rows] - 1 - s if self.d == 1 else np.full(rows.size, s)
        here = self.lines.time_offset[t] + self.lines.row_offset[rows]
        met = h[rows] if self.noise.mask is None else self.mask(rows) * h[rows]
        x = self.x[here]
        at = Start(product_of_x(Numpy(), self.cell, self.weights, x), h[rows], met, c[rows], x)
        made = STEPS[self.cell](Numpy(), self.weights, at)
        keep_h, keep_c = self.keep(here)
        h[rows] = made.h if keep_h is None else keep_h * at.h + (1 - keep_h) * made.h
        c[rows] = made.c if keep_c is None else keep_c * at.c + (1 - keep_c) * made.c
        return Moment(rows, here, at, made)


def pack(cell: str, directions: Sequence[Weights]) -> Packed:
    """Return the weights as ``forward`` takes them; the second direction walks each row backwards from its own end."""
    return Packed(cell, tuple(directions))


def forward(
    packed: Packed,
    x: Array,  # (N, I)
    lines: RowIndex,
    h0: Array | None,  # (D, B, P)
    c0: Array | None,  # (D, B, M·H)
    y: Array,  # (N, D·P)
    h_n: Array,  # (D, B, P)
    c_n: Array | None,  # (D, B, M·H)
    saved: Array
    | None = None,  # (D, N, S·H), or with a segment (D, ⌈T/segment⌉, B, M·H): the memories before each segment
    noise: Noise = SILENT,
    segment: int = 0,
) -> None:
    """Walk one layer through all steps of all rows: fill y, h_n, and where given c_n and saved.

    Reads x (N, I), h0 (D, B, P) and c0 (D, B, M·H), None for zeros; writes y (N, D·P), h_n (D, B, P), c_n (D, B, M·H).
    A row of length 0 ends with its first state.
    """
    traits = TRAITS[packed.cell]
    for d, w in enumerate(packed.directions):
        walk = DirectionWalk.of(packed.cell, w, d, x, lines, noise)
        h, c = walk.states(h0, c0)
        for s in range(_longest(lines)):
            rows, here, at, made = walk.step(s, h, c)
            y[here, walk.columns(walk.P)] = h[rows]
            if saved is None:
                continue
            if not segment:
                kept = c[rows] if traits.memories else made.h
                zoned = (kept,) if saved_slots(packed.cell, noise) > traits.saved_slots else ()
                saved[d, here] = np.concatenate((*made.saved, *zoned, at.x[:, :0]), axis=1)
            elif s % segment == 0 and traits.memories:
                saved[d, s // segment, rows] = at.c
        h_n[d] = h
        if c_n is not None:
            c_n[d] = c


def backward(
    cell: str,
    directions: Sequence[Weights],
    x: Array,  # (N, I)
    lines: RowIndex,
    h0: Array | None,  # (D, B, P)
    c0: Array | None,  # (D, B, M·H)
    y: Array,  # (N, D·P)
    saved: Array | None,  # what forward saved
    dy: Array | None,  # (N, D·P)
    dh_n: Array | None,  # (D, B, P)
    dc_n: Array | None,  # (D, B, M·H)
    dx: Array | None,  # (N, I)
    dweights: Sequence[Weights] | None,
    dh0: Array | None,  # (D, B, P)
    dc0: Array | None,  # (D, B, M·H)
    noise: Noise = SILENT,
    clip: float = 0.0,
    segment: int = 0,
) -> None:
    """Backpropagate through time: fill dx (the sum over directions), dweights, dh0 and dc0, each where given.

    Reads dy (N, D·P), dh_n (D, B, P) and dc_n (D, B, M·H), None for zeros; writes dx (N, I), dh0 and dc0 of the same
    shapes. Lines past a row's end are not touched. The reference reads neither y nor saved: with or without segments
    it walks once more from the first states.
    """
    for d, w in enumerate(directions):
        walk = DirectionWalk.of(cell, w, d, x, lines, noise)
        h, c = walk.states(h0, c0)
        dh, dc = walk.states(dh_n, dc_n)
        dw = [] if dweights is None else list(dweights[d])
        for total in dw:
            if total is not None:
                total[...] = 0
        for rows, here, at, made in reversed([walk.step(s, h, c) for s in range(_longest(lines))]):
            if dy is not None:
                dh[rows] += dy[here, walk.columns(walk.P)]
            (dh_kept, dh_made), (dc_kept, dc_made) = map(_shared, walk.keep(here), (dh[rows], dc[rows]))
            back = BACK[cell](w, at, made, dh_made, dc_made, clip)
            dh[rows] = dh_kept + back.h + walk.mask(rows) * back.met
            dc[rows] = dc_kept + back.c
            if dx is not None:
                dx[here] = back.x if d == 0 else dx[here] + back.x
            for total, gradient in zip(dw, back.weights, strict=True):
                if total is not None:
                    total += gradient
        if dh0 is not None:
            dh0[d] = dh
        if dc0 is not None:
            dc0[d] = dc


def pack_linear(weight: Array, bias: Array | None) -> PackedLinear:
    """Return the weights of an affine map as ``linear`` takes them: ``weight`` (O, K), ``bias`` (O,) or None."""
    return PackedLinear(weight, bias)


def linear(packed: PackedLinear, x: Array, y: Array) -> None:
    """Compute y = b + W x for every row of x (N, K), into y (N, O)."""
    y[...] = x @ packed.weight.T if packed.bias is None else packed.bias + x @ packed.weight.T


def _shared(keep: Array | None, d: Array) -> tuple[Array | float, Array]:
    """The gradient of k ⊙ before + (1 − k) ⊙ made: of before, of made."""
    return (0.0, d) if keep is None else (keep * d, (1 - keep) * d)


def _longest(lines: RowIndex) -> int:
    return int(lines.lengths.max()) if lines.lengths.size else 0
