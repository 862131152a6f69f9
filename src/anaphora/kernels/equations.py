"""Every cell's step forward, one line per equation, in the operations of an array namespace: NumPy's or torch's.

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
apart from its gates). Gates come in torch's order. ``kernels.reference`` takes these steps in NumPy, and
``nn.engine.composed`` in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

EPSILON = 1e-5  # added to a variance


class Arrays(Protocol):
    """The operations in which a cell is written, on arrays whose rows are those of a batch."""

    def product(self, x: Any, weight: Any, bias: Any) -> Any:
        """Return bias + x Wᵀ of x (B, I), W (O, I) and bias (O,) or None: (B, O)."""

    def sigmoid(self, a: Any) -> Any:
        """Return 1 / (1 + e^−a), of any shape."""

    def tanh(self, a: Any) -> Any:
        """Return tanh(a), of any shape."""

    def relu(self, a: Any) -> Any:
        """Return max(0, a), of any shape."""

    def norm(self, v: Any) -> Any:
        """Return norm(v) of each row of v (B, N)."""

    def split(self, a: Any, count: int) -> Sequence[Any]:
        """Return ``count`` equal parts of the last axis."""


class Start(NamedTuple):
    """Inputs of a step."""

    product: Any  # (B, G·H), ``product_of_x`` at this step
    h: Any  # (B, P), the state before the step
    met: Any  # (B, P), the same as the products meet it: mask ⊙ h
    c: Any  # (B, M·H), the memories before the step, one after another
    x: Any = None  # (B, I), for a way back that is written by hand


class Made(NamedTuple):
    """Outputs of a step: the new state, and the activations that the way back needs."""

    h: Any  # (B, P)
    c: Any  # (B, M·H)
    saved: tuple[Any, ...]  # (B, ·) each, in the order of the kernels' saved slots


def product_of_x(xp: Arrays, cell: str, w: Any, x: Any) -> Any:
    """Return b_ih + W x of all lines x (N, I) at once, or W x if the cell normalises it first: (N, G·H)."""
    return xp.product(x, w.w_ih, None if cell in NORMALISED else w.b_ih)


def _of_h(xp: Arrays, w: Any, at: Start) -> Any:
    return xp.product(at.met, w.w_hh, w.b_hh)


def _normalised(xp: Arrays, gain: Any, product: Any, bias: Any) -> Any:
    scaled = gain * xp.norm(product)
    return scaled if bias is None else bias + scaled


def _rnn_tanh(xp: Arrays, w: Any, at: Start) -> Made:
    return Made(xp.tanh(at.product + _of_h(xp, w, at)), at.c, ())


def _rnn_relu(xp: Arrays, w: Any, at: Start) -> Made:
    return Made(xp.relu(at.product + _of_h(xp, w, at)), at.c, ())


def _gru_gates(xp: Arrays, x_part: Any, h_part: Any, at: Start) -> Made:
    x_r, x_z, x_n = xp.split(x_part, 3)
    h_r, h_z, m = xp.split(h_part, 3)
    r, z = xp.sigmoid(x_r + h_r), xp.sigmoid(x_z + h_z)
    n = xp.tanh(x_n + r * m)
    return Made((1 - z) * n + z * at.h, at.c, (r, z, n, m))


def _gru(xp: Arrays, w: Any, at: Start) -> Made:
    return _gru_gates(xp, at.product, _of_h(xp, w, at), at)


def _gru_layer_norm(xp: Arrays, w: Any, at: Start) -> Made:
    gain_ih, gain_hh = xp.split(w.own, 2)
    raw = xp.product(at.met, w.w_hh, None)
    x_part, h_part = _normalised(xp, gain_ih, at.product, w.b_ih), _normalised(xp, gain_hh, raw, w.b_hh)
    made = _gru_gates(xp, x_part, h_part, at)
    return made._replace(saved=(*made.saved, at.product, raw))


def _gru_reset_before(xp: Arrays, w: Any, at: Start) -> Made:
    H = at.h.shape[1]
    b, b_n = (None, None) if w.b_hh is None else (w.b_hh[: 2 * H], w.b_hh[2 * H :])
    x_r, x_z, x_n = xp.split(at.product, 3)
    h_r, h_z = xp.split(xp.product(at.met, w.w_hh[: 2 * H], b), 2)
    r, z = xp.sigmoid(x_r + h_r), xp.sigmoid(x_z + h_z)
    n = xp.tanh(x_n + xp.product(r * at.met, w.w_hh[2 * H :], b_n))
    return Made((1 - z) * n + z * at.h, at.c, (r, z, n))


def _lstm(xp: Arrays, w: Any, at: Start) -> Made:
    i_pre, f_pre, g_pre, o_pre = xp.split(at.product + _of_h(xp, w, at), 4)
    i, f, g, o = xp.sigmoid(i_pre), xp.sigmoid(f_pre), xp.tanh(g_pre), xp.sigmoid(o_pre)
    c = f * at.c + i * g
    m = o * xp.tanh(c)
    return Made(m if w.w_hr is None else m @ w.w_hr.T, c, (i, f, g, o, c))


def _lstm_coupled(xp: Arrays, w: Any, at: Start) -> Made:
    f_pre, g_pre, o_pre = xp.split(at.product + _of_h(xp, w, at), 3)
    f, g, o = xp.sigmoid(f_pre), xp.tanh(g_pre), xp.sigmoid(o_pre)
    c = f * at.c + (1 - f) * g
    return Made(o * xp.tanh(c), c, (f, g, o, c))


def _lstm_peephole(xp: Arrays, w: Any, at: Start) -> Made:
    p_i, p_f, p_o = xp.split(w.own, 3)
    i_pre, f_pre, g_pre, o_pre = xp.split(at.product + _of_h(xp, w, at), 4)
    i, f, g = xp.sigmoid(i_pre + p_i * at.c), xp.sigmoid(f_pre + p_f * at.c), xp.tanh(g_pre)
    c = f * at.c + i * g
    o = xp.sigmoid(o_pre + p_o * c)
    return Made(o * xp.tanh(c), c, (i, f, g, o, c))


def _lstm_layer_norm(xp: Arrays, w: Any, at: Start) -> Made:
    H = at.c.shape[1]
    gain_ih, gain_hh, gain_c, shift_c = w.own[: 4 * H], w.own[4 * H : 8 * H], w.own[8 * H : 9 * H], w.own[9 * H :]
    raw = xp.product(at.met, w.w_hh, None)
    pre = _normalised(xp, gain_ih, at.product, w.b_ih) + _normalised(xp, gain_hh, raw, w.b_hh)
    i_pre, f_pre, g_pre, o_pre = xp.split(pre, 4)
    i, f, g, o = xp.sigmoid(i_pre), xp.sigmoid(f_pre), xp.tanh(g_pre), xp.sigmoid(o_pre)
    c = f * at.c + i * g
    return Made(o * xp.tanh(_normalised(xp, gain_c, c, shift_c)), c, (i, f, g, o, c, at.product, raw))


NORMALISED = frozenset({"gru_layer_norm", "lstm_layer_norm"})  # cells whose biases are added after a normaliser
STEPS: dict[str, Callable[[Arrays, Any, Start], Made]] = {
    "rnn_tanh": _rnn_tanh,
    "rnn_relu": _rnn_relu,
    "gru": _gru,
    "gru_reset_before": _gru_reset_before,
    "gru_layer_norm": _gru_layer_norm,
    "lstm": _lstm,
    "lstm_peephole": _lstm_peephole,
    "lstm_coupled": _lstm_coupled,
    "lstm_layer_norm": _lstm_layer_norm,
}
