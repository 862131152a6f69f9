"""Every cell in plain NumPy: the operations of ``kernels.equations``, and each cell's step back, one line per equation.

The gradient of every product with x or h, before its nonlinearity or its normaliser, is clipped to ±clip where clip is
not 0 (Graves, 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anaphora.kernels.equations import EPSILON, Made, Start
from anaphora.kernels.row_index import Array, Weights


class Back(NamedTuple):
    """The gradients of one step: of everything it began with, and of its weights."""

    x: Array  # (B, I)
    h: Array  # (B, P), the part that passes the products by
    met: Array  # (B, P)
    c: Array  # (B, M·H)
    weights: Weights


class Numpy:
    """An array namespace (``kernels.equations.Arrays``) of NumPy arrays."""

    tanh = staticmethod(np.tanh)

    @staticmethod
    def product(x: Array, weight: Array, bias: Array | None) -> Array:
        """Return bias + x Wᵀ of x (B, I), W (O, I) and bias (O,) or None: (B, O)."""
        product: Array = x @ weight.T
        return product if bias is None else bias + product

    @staticmethod
    def sigmoid(a: Array) -> Array:
        """Return σ(a) = 1 / (1 + e^−a) of a (N, …), written with tanh so that it never overflows."""
        return 0.5 + 0.5 * np.tanh(0.5 * a)

    @staticmethod
    def relu(a: Array) -> Array:
        """Return max(0, a), of any shape."""
        return np.maximum(a, 0)

    @staticmethod
    def norm(v: Array) -> Array:
        """Return (v − mean v) / √(var v + ε) of each row of v (B, N)."""
        return norm(v)

    @staticmethod
    def split(a: Array, count: int) -> list[Array]:
        """Return ``count`` equal parts (B, N / count) of a (B, N)."""
        return np.split(a, count, axis=-1)


def norm(v: Array) -> Array:
    """Return (v − mean v) / √(var v + ε) of each row of v (B, N)."""
    n: Array = (v - v.mean(axis=1, keepdims=True)) / np.sqrt(v.var(axis=1, keepdims=True) + EPSILON)
    return n


def norm_back(v: Array, d: Array) -> Array:
    """Return the gradient of v (B, N) where ``d`` (B, N) is that of ``norm(v)``."""
    n = norm(v)
    inner = d - d.mean(axis=1, keepdims=True) - n * (d * n).mean(axis=1, keepdims=True)
    dv: Array = inner / np.sqrt(v.var(axis=1, keepdims=True) + EPSILON)
    return dv


def _joined(*gates: Array) -> Array:
    return np.concatenate(gates, axis=-1)


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


def _rnn_tanh_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    d_pre = dh * (1 - made.h * made.h)
    return _through_products(w, at, d_pre, d_pre, clip)


def _rnn_relu_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    d_pre = dh * (made.h > 0)
    return _through_products(w, at, d_pre, d_pre, clip)


def _gru_gates_back(at: Start, made: Made, dh: Array) -> tuple[Array, Array]:
    r, z, n, m = made.saved[:4]
    dn_pre = dh * (1 - z) * (1 - n * n)
    dz_pre = dh * (at.h - n) * z * (1 - z)
    dr_pre = dn_pre * m * r * (1 - r)
    return _joined(dr_pre, dz_pre, dn_pre), _joined(dr_pre, dz_pre, dn_pre * r)


def _gru_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    dx_part, dh_part = _gru_gates_back(at, made, dh)
    return _through_products(w, at, dx_part, dh_part, clip)._replace(h=dh * made.saved[1])


def _gru_layer_norm_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    dx_part, dh_part = _gru_gates_back(at, made, dh)
    x_raw, h_raw = made.saved[4:]
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


def _lstm_coupled_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    f, g, o, c = made.saved
    tanh_c = np.tanh(c)
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    df_pre = dc * (at.c - g) * f * (1 - f)
    dg_pre = dc * (1 - f) * (1 - g * g)
    do_pre = dh * tanh_c * o * (1 - o)
    d_pre = _joined(df_pre, dg_pre, do_pre)
    return _through_products(w, at, d_pre, d_pre, clip)._replace(c=dc * f)


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


def _lstm_layer_norm_back(w: Weights, at: Start, made: Made, dh: Array, dc: Array, clip: float) -> Back:
    i, f, g, o, c = made.saved[:5]
    x_raw, h_raw = made.saved[5:]
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


# …, dh', dc', clip
BACK: dict[str, Callable[[Weights, Start, Made, Array, Array, float], Back]] = {
    "rnn_tanh": _rnn_tanh_back,
    "rnn_relu": _rnn_relu_back,
    "gru": _gru_back,
    "gru_reset_before": _gru_reset_before_back,
    "gru_layer_norm": _gru_layer_norm_back,
    "lstm": _lstm_back,
    "lstm_peephole": _lstm_peephole_back,
    "lstm_coupled": _lstm_coupled_back,
    "lstm_layer_norm": _lstm_layer_norm_back,
}
