"""The kernels' functions in plain NumPy, one line per equation: their slow twin, and in float64 their oracle.

Every function has the name, the arguments and the in-place outputs of its namesake in ``anaphora.kernels``. Any
floating dtype works; what comes in decides. Matrix products are NumPy's, so values agree with the kernels to rounding,
not in their bits.

    rnn    h' = φ(b_ih + b_hh + W_ih x + W_hh h)           φ = tanh or relu (Elman, 1990)
    gru    r, z = σ(b_ih + b_hh + W_ih x + W_hh h)         (Cho et al., 2014; reset after the product)
           n    = tanh(b_in + W_in x + r ⊙ (b_hn + W_hn h))
           h'   = (1 − z) ⊙ n + z ⊙ h
    lstm   i, f, o = σ(b_ih + b_hh + W_ih x + W_hh h)      (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)
           g    = tanh(b_ig + b_hg + W_ig x + W_hg h)
           c'   = f ⊙ c + i ⊙ g
           h'   = o ⊙ tanh(c')                             or W_hr (o ⊙ tanh(c')) with a projection (Sak et al., 2014)

Gates come in torch's order. Where a row has ended nothing is read and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from anaphora.lines import Array, Indices, Lines, Weights

CELLS = ("rnn_tanh", "rnn_relu", "gru", "lstm")


class Step(NamedTuple):
    """What one step leaves behind: the new state, and the activations that the way back needs."""

    h: Array  # (B, P)
    c: Array  # (B, H), unused but by the lstm
    saved: tuple[Array, ...]  # saved_slots × (B, H)


class StepBack(NamedTuple):
    """Gradients of one step: of the pre-activations as x and as h met them, and of the state before the step."""

    dx_pre: Array  # (B, G·H)
    dh_pre: Array  # (B, G·H), differs from dx_pre only where a gate scales the recurrent product
    dh: Array  # (B, P), the part that doesn't pass through W_hh
    dc: Array  # (B, H)
    m: Array  # (B, H), what W_hr projects; empty without a projection


class Moment(NamedTuple):
    """What the way back knows about one step: the state before it, the activations in it, the output after it."""

    h: Array  # (B, P)
    c: Array  # (B, H)
    saved: tuple[Array, ...]
    y: Array  # (B, P)


class Cell(NamedTuple):
    """One kind of cell: how many gates it has, how many activations it saves, a step and the step back."""

    gates: int
    saved_slots: int
    step: Callable[[Weights, Array, Array, Array], Step]
    back: Callable[[Weights, Moment, Array, Array], StepBack]


class Packed(NamedTuple):
    """The weights of one layer, one or two directions; the kernels reorder them, the reference just keeps them."""

    cell: str
    directions: tuple[Weights, ...]


class PackedLinear(NamedTuple):
    """The weights of an affine map."""

    weight: Array  # (O, K)
    bias: Array | None  # (O,)


def sigmoid(a: Array) -> Array:
    """σ(a) = 1 / (1 + e^−a), written with tanh so that it never overflows."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _x_part(w: Weights, x: Array) -> Array:
    return x @ w.w_ih.T if w.b_ih is None else w.b_ih + x @ w.w_ih.T


def _h_part(w: Weights, h: Array) -> Array:
    return h @ w.w_hh.T if w.b_hh is None else w.b_hh + h @ w.w_hh.T


def _pre(w: Weights, x: Array, h: Array) -> Array:
    return _x_part(w, x) + _h_part(w, h)


def _rnn_tanh_step(w: Weights, x: Array, h: Array, c: Array) -> Step:
    return Step(np.tanh(_pre(w, x, h)), c, ())


def _rnn_tanh_back(w: Weights, at: Moment, dh: Array, dc: Array) -> StepBack:
    d_pre = dh * (1 - at.y * at.y)
    return StepBack(d_pre, d_pre, np.zeros_like(dh), dc, at.y[:, :0])


def _rnn_relu_step(w: Weights, x: Array, h: Array, c: Array) -> Step:
    return Step(np.maximum(_pre(w, x, h), 0), c, ())


def _rnn_relu_back(w: Weights, at: Moment, dh: Array, dc: Array) -> StepBack:
    d_pre = dh * (at.y > 0)
    return StepBack(d_pre, d_pre, np.zeros_like(dh), dc, at.y[:, :0])


def _gru_step(w: Weights, x: Array, h: Array, c: Array) -> Step:
    x_r, x_z, x_n = np.split(_x_part(w, x), 3, axis=1)
    h_r, h_z, h_n = np.split(_h_part(w, h), 3, axis=1)
    r = sigmoid(x_r + h_r)
    z = sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return Step((1 - z) * n + z * h, c, (r, z, n, h_n))


def _gru_back(w: Weights, at: Moment, dh: Array, dc: Array) -> StepBack:
    r, z, n, h_n = at.saved
    dn_pre = dh * (1 - z) * (1 - n * n)
    dz_pre = dh * (at.h - n) * z * (1 - z)
    dr_pre = dn_pre * h_n * r * (1 - r)
    dx_pre = np.concatenate((dr_pre, dz_pre, dn_pre), axis=1)
    dh_pre = np.concatenate((dr_pre, dz_pre, dn_pre * r), axis=1)
    return StepBack(dx_pre, dh_pre, dh * z, dc, at.y[:, :0])


def _lstm_step(w: Weights, x: Array, h: Array, c: Array) -> Step:
    i_pre, f_pre, g_pre, o_pre = np.split(_pre(w, x, h), 4, axis=1)
    i, f, g, o = sigmoid(i_pre), sigmoid(f_pre), np.tanh(g_pre), sigmoid(o_pre)
    c = f * c + i * g
    m = o * np.tanh(c)
    return Step(m if w.w_hr is None else m @ w.w_hr.T, c, (i, f, g, o, c))


def _lstm_back(w: Weights, at: Moment, dh: Array, dc: Array) -> StepBack:
    i, f, g, o, c = at.saved
    tanh_c = np.tanh(c)
    dm = dh if w.w_hr is None else dh @ w.w_hr
    dc = dc + dm * o * (1 - tanh_c * tanh_c)
    di_pre = dc * g * i * (1 - i)
    df_pre = dc * at.c * f * (1 - f)
    dg_pre = dc * i * (1 - g * g)
    do_pre = dm * tanh_c * o * (1 - o)
    d_pre = np.concatenate((di_pre, df_pre, dg_pre, do_pre), axis=1)
    return StepBack(d_pre, d_pre, np.zeros_like(dh), dc * f, c[:, :0] if w.w_hr is None else o * tanh_c)


_CELL = {
    "rnn_tanh": Cell(1, 0, _rnn_tanh_step, _rnn_tanh_back),
    "rnn_relu": Cell(1, 0, _rnn_relu_step, _rnn_relu_back),
    "gru": Cell(3, 4, _gru_step, _gru_back),
    "lstm": Cell(4, 5, _lstm_step, _lstm_back),
}


def saved_slots(cell: str) -> int:
    """How many activations per unit and line ``forward`` writes into ``saved`` for the way back.

    rnn 0 (its output is enough), gru 4 (r z n and W_hn h + b_hn), lstm 5 (i f g o c), all after their nonlinearity.
    """
    return _CELL[cell].saved_slots


def pack(cell: str, directions: Sequence[Weights]) -> Packed:
    """The weights as ``forward`` wants them; the second direction walks each row backwards from its own end."""
    return Packed(cell, tuple(directions))


def forward(
    packed: Packed,
    x: Array,  # (N, I)
    lines: Lines,
    h0: Array | None,  # (D, B, P)
    c0: Array | None,  # (D, B, H)
    y: Array,  # (N, D·P)
    h_n: Array,  # (D, B, P)
    c_n: Array | None,  # (D, B, H)
    saved: Array | None,  # (D, N, S·H)
) -> None:
    """One layer, all steps of all rows: fills y, h_n, and where given c_n and saved.

    None for h0 or c0 means zeros. A row of length 0 ends with the state it began with.
    """
    cell = _CELL[packed.cell]
    B = lines.lengths.size
    for d, w in enumerate(packed.directions):
        H, P = w.w_ih.shape[0] // cell.gates, w.w_hh.shape[1]
        h = np.zeros((B, P), x.dtype) if h0 is None else h0[d].copy()
        c = np.zeros((B, H), x.dtype) if c0 is None else c0[d].copy()
        for s in range(_longest(lines)):
            rows = _rows(lines, s)
            here = _line(lines, rows, s, d)
            h[rows], c[rows], activations = cell.step(w, x[here], h[rows], c[rows])
            y[here, d * P : (d + 1) * P] = h[rows]
            if saved is not None and activations:
                saved[d, here] = np.concatenate(activations, axis=1)
        h_n[d] = h
        if c_n is not None:
            c_n[d] = c


def backward(
    cell: str,
    directions: Sequence[Weights],
    x: Array,  # (N, I)
    lines: Lines,
    h0: Array | None,  # (D, B, P)
    c0: Array | None,  # (D, B, H)
    y: Array,  # (N, D·P)
    saved: Array | None,  # (D, N, S·H)
    dy: Array | None,  # (N, D·P)
    dh_n: Array | None,  # (D, B, P)
    dc_n: Array | None,  # (D, B, H)
    dx: Array | None,  # (N, I)
    dweights: Sequence[Weights] | None,
    dh0: Array | None,  # (D, B, P)
    dc0: Array | None,  # (D, B, H)
) -> None:
    """Backpropagation through time: fills dx (the sum over directions), dweights, dh0 and dc0, each where given.

    None for dy, dh_n or dc_n means zeros. Lines past a row's end are not touched.
    """
    kind = _CELL[cell]
    B = lines.lengths.size
    for d, w in enumerate(directions):
        H, P = w.w_ih.shape[0] // kind.gates, w.w_hh.shape[1]
        columns = slice(d * P, (d + 1) * P)
        h_first = np.zeros((B, P), x.dtype) if h0 is None else h0[d]
        c_first = np.zeros((B, H), x.dtype) if c0 is None else c0[d]
        dh = np.zeros((B, P), x.dtype) if dh_n is None else dh_n[d].copy()
        dc = np.zeros((B, H), x.dtype) if dc_n is None else dc_n[d].copy()
        dw = None if dweights is None else dweights[d]
        for gradient in dw or ():
            if gradient is not None:
                gradient[...] = 0
        for s in reversed(range(_longest(lines))):
            rows = _rows(lines, s)
            here = _line(lines, rows, s, d)
            slots = [] if saved is None else [saved[d, here, i * H : i * H + H] for i in range(kind.saved_slots)]
            h, c = h_first[rows], c_first[rows]
            if s > 0:
                before = _line(lines, rows, s - 1, d)
                h = y[before, columns]
                c = saved[d, before, 4 * H :] if cell == "lstm" and saved is not None else c
            if dy is not None:
                dh[rows] += dy[here, columns]
            arriving = dh[rows]
            back = kind.back(w, Moment(h, c, tuple(slots), y[here, columns]), arriving, dc[rows])
            dh[rows] = back.dh + back.dh_pre @ w.w_hh
            dc[rows] = back.dc
            if dx is not None:
                from_here = back.dx_pre @ w.w_ih
                dx[here] = from_here if d == 0 else dx[here] + from_here
            if dw is not None:
                _add_weights(dw, back, x[here], h, arriving)
        if dh0 is not None:
            dh0[d] = dh
        if dc0 is not None:
            dc0[d] = dc


def pack_linear(weight: Array, bias: Array | None) -> PackedLinear:
    """The weights of an affine map as ``linear`` wants them: ``weight`` (O, K), ``bias`` (O,) or None."""
    return PackedLinear(weight, bias)


def linear(packed: PackedLinear, x: Array, y: Array) -> None:
    """Compute y = b + W x for every row of x (N, K), into y (N, O)."""
    y[...] = x @ packed.weight.T if packed.bias is None else packed.bias + x @ packed.weight.T


def _add_weights(dw: Weights, back: StepBack, x: Array, h: Array, dh: Array) -> None:
    dw.w_ih[...] += back.dx_pre.T @ x
    dw.w_hh[...] += back.dh_pre.T @ h
    if dw.b_ih is not None:
        dw.b_ih[...] += back.dx_pre.sum(axis=0)
    if dw.b_hh is not None:
        dw.b_hh[...] += back.dh_pre.sum(axis=0)
    if dw.w_hr is not None:
        dw.w_hr[...] += dh.T @ back.m


def _longest(lines: Lines) -> int:
    return int(lines.lengths.max()) if lines.lengths.size else 0


def _rows(lines: Lines, s: int) -> Indices:
    return np.flatnonzero(lines.lengths > s)


def _line(lines: Lines, rows: Indices, s: int, d: int) -> Indices:
    """Where the s-th step taken by each row lies; direction 1 takes its first step at the row's own end."""
    t = lines.lengths[rows] - 1 - s if d == 1 else np.full(rows.size, s)
    return lines.time_offset[t] + lines.row_offset[rows]
