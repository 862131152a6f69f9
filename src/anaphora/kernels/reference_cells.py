"""Every cell in plain NumPy, one step forward and one step back, one line per equation.

    rnn     h' = φ(b_ih + b_hh + W x + U h)                φ = tanh or relu (Elman, 1990)
    gru     r, z = σ(b_ih + b_hh + W x + U h)              (Cho et al., 2014; reset after the product)
            n    = tanh(b_in + W_n x + r ⊙ (b_hn + U_n h))
            h'   = (1 − z) ⊙ n + z ⊙ h
    lstm    i, f, o = σ(b_ih + b_hh + W x + U h)           (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)
            g    = tanh(the same)
            c'   = f ⊙ c + i ⊙ g
            h'   = o ⊙ tanh(c')                            or W_hr (o ⊙ tanh(c')) with a projection (Sak et al., 2014)
    gru_reset_before    n = tanh(b_in + W_n x + b_hn + U_n (r ⊙ h))                      (Cho et al., 2014, as printed)
    gru_layer_norm      the gru with gain_ih ⊙ norm(W x) for W x and gain_hh ⊙ norm(U h) for U h
    lstm_peephole       i, f see p ⊙ c and o sees p_o ⊙ c'                               (Gers & Schmidhuber, 2000)
    lstm_coupled        i = 1 − f                                                        (Greff et al., 2017)
    lstm_layer_norm     the lstm with gain_ih ⊙ norm(W x) for W x, gain_hh ⊙ norm(U h) for U h, and
                        h' = o ⊙ tanh(gain_c ⊙ norm(c') + shift_c)                       (Ba, Kiros & Hinton, 2016)

norm(v) = (v − mean v) / √(var v + ε) over the values of all gates of one row (Ba et al. normalise a gru's candidate
apart from its gates). Gates come in torch's order. The gradient of every product with x or h, before its nonlinearity
or its normaliser, is clipped to ±clip where clip is not 0 (Graves, 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anaphora.kernels.row_index import Array, Weights

EPSILON = 1e-5  # added to a variance


class Start(NamedTuple):
    """What a step begins with."""

    x: Array  # (B, I)
    h: Array  # (B, P), the state before the step
    met: Array  # (B, P), the same as the products meet it: mask ⊙ h
    c: Array  # (B, H), unused by a cell without a memory


class Made(NamedTuple):
    """What a step leaves behind: the new state, and the activations that the way back needs."""

    h: Array  # (B, P)
    c: Array  # (B, H)
    saved: tuple[Array, ...]  # (B, H) each


class Back(NamedTuple):
    """The gradients of one step: of everything it began with, and of its weights."""

    x: Array  # (B, I)
    h: Array  # (B, P), the part that passes the products by
    met: Array  # (B, P)
    c: Array  # (B, H)
    weights: Weights


class Cell(NamedTuple):
    """One kind of cell: its gates, how much it saves, whether it has a memory c, a step, and the step back."""

    gates: int
    saved_slots: int
    memory: bool
    step: Callable[[Weights, Start], Made]
    back: Callable[[Weights, Start, Made, Array, Array, float], Back]  # …, dh', dc', clip


def sigmoid(a: Array) -> Array:
    """σ(a) = 1 / (1 + e^−a), written with tanh so that it never overflows."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def norm(v: Array) -> Array:
    """(v − mean v) / √(var v + ε), row by row."""
    n: Array = (v - v.mean(axis=1, keepdims=True)) / np.sqrt(v.var(axis=1, keepdims=True) + EPSILON)
    return n


def norm_back(v: Array, d: Array) -> Array:
    """The gradient of v where ``d`` is that of ``norm(v)``."""
    n = norm(v)
    inner = d - d.mean(axis=1, keepdims=True) - n * (d * n).mean(axis=1, keepdims=True)
    dv: Array = inner / np.sqrt(v.var(axis=1, keepdims=True) + EPSILON)
    return dv


def _gates(joined: Array, count: int) -> list[Array]:
    return np.split(joined, count, axis=-1)


def _joined(*gates: Array) -> Array:
    return np.concatenate(gates, axis=-1)


def _plus(bias: Array | None, product: Array) -> Array:
    return product if bias is None else bias + product


def _x_part(w: Weights, x: Array) -> Array:
    return _plus(w.b_ih, x @ w.w_ih.T)


def _h_part(w: Weights, h: Array) -> Array:
    return _plus(w.b_hh, h @ w.w_hh.T)


def _pre(w: Weights, at: Start) -> Array:
    return _x_part(w, at.x) + _h_part(w, at.met)


def _clipped(d: Array, clip: float) -> Array:
    return np.clip(d, -clip, clip) if clip else d


def _through_products(w: Weights, at: Start, dx_part: Array, dh_part: Array, clip: float) -> Back:
    """The step back from the gradients of b_ih + W x and b_hh + U h; nothing passes the products by."""
    dx_part, dh_part = _clipped(dx_part, clip), _clipped(dh_part, clip)
    weights = Weights(
        w_ih=dx_part.T @ at.x,
        w_hh=dh_part.T @ at.met,
        b_ih=None if w.b_ih is None else dx_part.sum(axis=0),
        b_hh=None if w.b_hh is None else dh_part.sum(axis=0),
    )
    return Back(dx_part @ w.w_ih, np.zeros_like(at.h), dh_part @ w.w_hh, np.zeros_like(at.c), weights)


def _rnn_tanh(w: Weights, at: Start) -> Made:
    return Made(np.tanh(_pre(w, at)), at.c, ())


def _rnn_tanh_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    d_pre = dh * (1 - made.h * made.h)
    return _through_products(w, at, d_pre, d_pre, clip)


def _rnn_relu(w: Weights, at: Start) -> Made:
    return Made(np.maximum(_pre(w, at), 0), at.c, ())


def _rnn_relu_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    d_pre = dh * (made.h > 0)
    return _through_products(w, at, d_pre, d_pre, clip)


def _gru_gates(x_part: Array, h_part: Array, at: Start) -> Made:
    x_r, x_z, x_n = _gates(x_part, 3)
    h_r, h_z, m = _gates(h_part, 3)
    r = sigmoid(x_r + h_r)
    z = sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * m)
    return Made((1 - z) * n + z * at.h, at.c, (r, z, n, m))


def _gru_gates_back(at: Start, made: Made, dh: Array) -> tuple[Array, Array]:
    r, z, n, m = made.saved[:4]
    dn_pre = dh * (1 - z) * (1 - n * n)
    dz_pre = dh * (at.h - n) * z * (1 - z)
    dr_pre = dn_pre * m * r * (1 - r)
    return _joined(dr_pre, dz_pre, dn_pre), _joined(dr_pre, dz_pre, dn_pre * r)


def _gru(w: Weights, at: Start) -> Made:
    return _gru_gates(_x_part(w, at.x), _h_part(w, at.met), at)


def _gru_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    dx_part, dh_part = _gru_gates_back(at, made, dh)
    return _through_products(w, at, dx_part, dh_part, clip)._replace(h=dh * made.saved[1])


def _gru_layer_norm(w: Weights, at: Start) -> Made:
    gain_ih, gain_hh = np.split(_own(w), 2)
    x_raw, h_raw = at.x @ w.w_ih.T, at.met @ w.w_hh.T
    made = _gru_gates(_plus(w.b_ih, gain_ih * norm(x_raw)), _plus(w.b_hh, gain_hh * norm(h_raw)), at)
    return made._replace(saved=(*made.saved, *_gates(x_raw, 3), *_gates(h_raw, 3)))


def _gru_layer_norm_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    dx_part, dh_part = _gru_gates_back(at, made, dh)
    x_raw, h_raw = _joined(*made.saved[4:7]), _joined(*made.saved[7:])
    return _through_norms(w, at, x_raw, h_raw, dx_part, dh_part, clip)._replace(h=dh * made.saved[1])


def _through_norms(
    w: Weights, at: Start, x_raw: Array, h_raw: Array, dx_part: Array, dh_part: Array, clip: float
) -> Back:
    """The step back from the gradients of b_ih + gain_ih ⊙ norm(W x) and b_hh + gain_hh ⊙ norm(U h)."""
    gates = dx_part.shape[1]
    gain_ih, gain_hh = _own(w)[:gates], _own(w)[gates : 2 * gates]
    dx_raw, dh_raw = norm_back(x_raw, dx_part * gain_ih), norm_back(h_raw, dh_part * gain_hh)
    back = _through_products(w, at, dx_raw, dh_raw, clip)
    weights = back.weights._replace(
        b_ih=None if w.b_ih is None else dx_part.sum(axis=0),
        b_hh=None if w.b_hh is None else dh_part.sum(axis=0),
        own=_joined((dx_part * norm(x_raw)).sum(axis=0), (dh_part * norm(h_raw)).sum(axis=0)),
    )
    return back._replace(weights=weights)


def _own(w: Weights) -> Array:
    assert w.own is not None
    return w.own


def _gru_reset_before(w: Weights, at: Start) -> Made:
    x_r, x_z, x_n = _gates(_plus(w.b_hh, _x_part(w, at.x)), 3)
    U_r, U_z, U_n = np.split(w.w_hh, 3)
    r = sigmoid(x_r + at.met @ U_r.T)
    z = sigmoid(x_z + at.met @ U_z.T)
    n = np.tanh(x_n + (r * at.met) @ U_n.T)
    return Made((1 - z) * n + z * at.h, at.c, (r, z, n))


def _gru_reset_before_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    r, z, n = made.saved
    U_r, U_z, U_n = np.split(w.w_hh, 3)
    dn_pre = _clipped(dh * (1 - z) * (1 - n * n), clip)
    dz_pre = _clipped(dh * (at.h - n) * z * (1 - z), clip)
    d_kept = dn_pre @ U_n  # of r ⊙ h
    dr_pre = _clipped(d_kept * at.met * r * (1 - r), clip)
    d_pre = _joined(dr_pre, dz_pre, dn_pre)
    weights = Weights(
        w_ih=d_pre.T @ at.x,
        w_hh=np.concatenate((dr_pre.T @ at.met, dz_pre.T @ at.met, dn_pre.T @ (r * at.met))),
        b_ih=None if w.b_ih is None else d_pre.sum(axis=0),
        b_hh=None if w.b_hh is None else d_pre.sum(axis=0),
    )
    met = dr_pre @ U_r + dz_pre @ U_z + d_kept * r
    return Back(d_pre @ w.w_ih, dh * z, met, np.zeros_like(at.c), weights)


def _lstm(w: Weights, at: Start) -> Made:
    i_pre, f_pre, g_pre, o_pre = _gates(_pre(w, at), 4)
    i, f, g, o = sigmoid(i_pre), sigmoid(f_pre), np.tanh(g_pre), sigmoid(o_pre)
    c = f * at.c + i * g
    m = o * np.tanh(c)
    return Made(m if w.w_hr is None else m @ w.w_hr.T, c, (i, f, g, o, c))


def _lstm_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    i, f, g, o, c = made.saved
    tanh_c = np.tanh(c)
    dm = dh if w.w_hr is None else dh @ w.w_hr
    dc = dc + dm * o * (1 - tanh_c * tanh_c)
    di_pre = dc * g * i * (1 - i)
    df_pre = dc * at.c * f * (1 - f)
    dg_pre = dc * i * (1 - g * g)
    do_pre = dm * tanh_c * o * (1 - o)
    d_pre = _joined(di_pre, df_pre, dg_pre, do_pre)
    back = _through_products(w, at, d_pre, d_pre, clip)
    dw_hr = None if w.w_hr is None else dh.T @ (o * tanh_c)
    return back._replace(c=dc * f, weights=back.weights._replace(w_hr=dw_hr))


def _lstm_coupled(w: Weights, at: Start) -> Made:
    f_pre, g_pre, o_pre = _gates(_pre(w, at), 3)
    f, g, o = sigmoid(f_pre), np.tanh(g_pre), sigmoid(o_pre)
    c = f * at.c + (1 - f) * g
    return Made(o * np.tanh(c), c, (f, g, o, c))


def _lstm_coupled_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    f, g, o, c = made.saved
    tanh_c = np.tanh(c)
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    df_pre = dc * (at.c - g) * f * (1 - f)
    dg_pre = dc * (1 - f) * (1 - g * g)
    do_pre = dh * tanh_c * o * (1 - o)
    d_pre = _joined(df_pre, dg_pre, do_pre)
    return _through_products(w, at, d_pre, d_pre, clip)._replace(c=dc * f)


def _lstm_peephole(w: Weights, at: Start) -> Made:
    p_i, p_f, p_o = np.split(_own(w), 3)
    i_pre, f_pre, g_pre, o_pre = _gates(_pre(w, at), 4)
    i, f, g = sigmoid(i_pre + p_i * at.c), sigmoid(f_pre + p_f * at.c), np.tanh(g_pre)
    c = f * at.c + i * g
    o = sigmoid(o_pre + p_o * c)
    return Made(o * np.tanh(c), c, (i, f, g, o, c))


def _lstm_peephole_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    i, f, g, o, c = made.saved
    p_i, p_f, p_o = np.split(_own(w), 3)
    tanh_c = np.tanh(c)
    do_pre = dh * tanh_c * o * (1 - o)
    dc = dc + dh * o * (1 - tanh_c * tanh_c) + do_pre * p_o
    di_pre = dc * g * i * (1 - i)
    df_pre = dc * at.c * f * (1 - f)
    dg_pre = dc * i * (1 - g * g)
    d_pre = _joined(di_pre, df_pre, dg_pre, do_pre)
    back = _through_products(w, at, d_pre, d_pre, clip)
    own = _joined(*[d.sum(axis=0) for d in (di_pre * at.c, df_pre * at.c, do_pre * c)])
    return back._replace(c=dc * f + di_pre * p_i + df_pre * p_f, weights=back.weights._replace(own=own))


def _lstm_layer_norm(w: Weights, at: Start) -> Made:
    H = at.c.shape[1]
    gain_ih, gain_hh, gain_c, shift_c = np.split(_own(w), (4 * H, 8 * H, 9 * H))
    x_raw, h_raw = at.x @ w.w_ih.T, at.met @ w.w_hh.T
    pre = _plus(w.b_ih, gain_ih * norm(x_raw)) + _plus(w.b_hh, gain_hh * norm(h_raw))
    i_pre, f_pre, g_pre, o_pre = _gates(pre, 4)
    i, f, g, o = sigmoid(i_pre), sigmoid(f_pre), np.tanh(g_pre), sigmoid(o_pre)
    c = f * at.c + i * g
    h = o * np.tanh(gain_c * norm(c) + shift_c)
    return Made(h, c, (i, f, g, o, c, *_gates(x_raw, 4), *_gates(h_raw, 4)))


def _lstm_layer_norm_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    i, f, g, o, c = made.saved[:5]
    x_raw, h_raw = _joined(*made.saved[5:9]), _joined(*made.saved[9:])
    gain_c, shift_c = np.split(_own(w), 10)[8:]
    squashed = np.tanh(gain_c * norm(c) + shift_c)
    d_shown = dh * o * (1 - squashed * squashed)
    dc = dc + norm_back(c, d_shown * gain_c)
    di_pre = dc * g * i * (1 - i)
    df_pre = dc * at.c * f * (1 - f)
    dg_pre = dc * i * (1 - g * g)
    do_pre = dh * squashed * o * (1 - o)
    d_pre = _joined(di_pre, df_pre, dg_pre, do_pre)
    back = _through_norms(w, at, x_raw, h_raw, d_pre, d_pre, clip)
    own = _joined(_own(back.weights), (d_shown * norm(c)).sum(axis=0), d_shown.sum(axis=0))
    return back._replace(c=dc * f, weights=back.weights._replace(own=own))


CELLS = {
    "rnn_tanh": Cell(1, 0, False, _rnn_tanh, _rnn_tanh_back),
    "rnn_relu": Cell(1, 0, False, _rnn_relu, _rnn_relu_back),
    "gru": Cell(3, 4, False, _gru, _gru_back),
    "gru_reset_before": Cell(3, 3, False, _gru_reset_before, _gru_reset_before_back),
    "gru_layer_norm": Cell(3, 10, False, _gru_layer_norm, _gru_layer_norm_back),
    "lstm": Cell(4, 5, True, _lstm, _lstm_back),
    "lstm_peephole": Cell(4, 5, True, _lstm_peephole, _lstm_peephole_back),
    "lstm_coupled": Cell(3, 4, True, _lstm_coupled, _lstm_coupled_back),
    "lstm_layer_norm": Cell(4, 13, True, _lstm_layer_norm, _lstm_layer_norm_back),
}
