"""Every cell in plain torch operations, one step forward; autograd knows the way back.

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

norm(v) = (v − mean v) / √(var v + ε) over the values of all gates of one row. The gradient of every product with x or
h, before its nonlinearity or its normaliser, is clipped to ±clip where clip is not 0 (Graves, 2013); so is what flows
back through it a second time, on the way to a second derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-5  # added to a variance


class Weights(NamedTuple):
    """``anaphora.kernels.row_index.Weights`` as tensors: of one direction of one layer, in torch's gate order."""

    w_ih: Tensor  # (G·H, I)
    w_hh: Tensor  # (G·H, P)
    b_ih: Tensor | None  # (G·H,)
    b_hh: Tensor | None  # (G·H,)
    w_hr: Tensor | None  # (P, H)
    own: Tensor | None  # (V·H,)


class Start(NamedTuple):
    """What a step begins with."""

    product: Tensor  # (B, G·H), ``of_x`` at this step
    h: Tensor  # (B, P), the state before the step
    met: Tensor  # (B, P), the same as the products meet it: mask ⊙ h
    c: Tensor  # (B, H), unused by a cell without a memory


class Made(NamedTuple):
    """What a step leaves behind: the new state, and its activations."""

    h: Tensor  # (B, P)
    c: Tensor  # (B, H)
    saved: tuple[Tensor, ...]  # (B, ·) each


class Cell(NamedTuple):
    """One kind of cell: its gates, whether it has a memory c, whether it normalises its products, a step."""

    gates: int
    memory: bool
    normalised: bool
    step: Callable[[Weights, Start, float], Made]  # …, clip


def of_x(cell: str, w: Weights, x: Tensor, clip: float) -> Tensor:
    """b_ih + W x of all lines at once, or W x where the cell normalises it first: (N, G·H)."""
    return _product(x, w.w_ih, None if CELLS[cell].normalised else w.b_ih, clip)


def _of_h(w: Weights, at: Start, clip: float) -> Tensor:
    return _product(at.met, w.w_hh, w.b_hh, clip)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None, clip: float) -> Tensor:
    product = F.linear(x, weight, bias)
    return _clipped(product, clip) if clip else product


class _Clipped(torch.autograd.Function):
    """The identity, whose gradient is clipped to ±limit."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, limit: float) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.limit = inputs[1]

    @staticmethod
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor, None]:
        return d.clamp(-ctx.limit, ctx.limit), None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> Tensor:
        return tangent.view_as(tangent)


_clipped: Callable[[Tensor, float], Tensor] = _Clipped.apply


def _norm(v: Tensor) -> Tensor:
    return F.layer_norm(v, v.shape[-1:], eps=EPSILON)


def _normalised(gain: Tensor, product: Tensor, bias: Tensor | None) -> Tensor:
    scaled = gain * _norm(product)
    return scaled if bias is None else bias + scaled


def _rnn_tanh(w: Weights, at: Start, clip: float) -> Made:
    return Made(torch.tanh(at.product + _of_h(w, at, clip)), at.c, ())


def _rnn_relu(w: Weights, at: Start, clip: float) -> Made:
    return Made(torch.relu(at.product + _of_h(w, at, clip)), at.c, ())


def _gru_gates(x_part: Tensor, h_part: Tensor, at: Start) -> Made:
    x_r, x_z, x_n = x_part.chunk(3, dim=1)
    h_r, h_z, m = h_part.chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * m)
    return Made((1 - z) * n + z * at.h, at.c, (r, z, n, m))


def _gru(w: Weights, at: Start, clip: float) -> Made:
    return _gru_gates(at.product, _of_h(w, at, clip), at)


def _gru_layer_norm(w: Weights, at: Start, clip: float) -> Made:
    gain_ih, gain_hh = _own(w).chunk(2)
    raw = _product(at.met, w.w_hh, None, clip)
    made = _gru_gates(_normalised(gain_ih, at.product, w.b_ih), _normalised(gain_hh, raw, w.b_hh), at)
    return made._replace(saved=(*made.saved, at.product, raw))


def _gru_reset_before(w: Weights, at: Start, clip: float) -> Made:
    H = at.h.size(1)
    U, U_n = w.w_hh.split([2 * H, H])
    b, b_n = (None, None) if w.b_hh is None else w.b_hh.split([2 * H, H])
    x_r, x_z, x_n = at.product.chunk(3, dim=1)
    h_r, h_z = _product(at.met, U, b, clip).chunk(2, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + _product(r * at.met, U_n, b_n, clip))
    return Made((1 - z) * n + z * at.h, at.c, (r, z, n))


def _lstm(w: Weights, at: Start, clip: float) -> Made:
    i_pre, f_pre, g_pre, o_pre = (at.product + _of_h(w, at, clip)).chunk(4, dim=1)
    i, f, g, o = torch.sigmoid(i_pre), torch.sigmoid(f_pre), torch.tanh(g_pre), torch.sigmoid(o_pre)
    c = f * at.c + i * g
    m = o * torch.tanh(c)
    return Made(m if w.w_hr is None else F.linear(m, w.w_hr), c, (i, f, g, o, c))


def _lstm_coupled(w: Weights, at: Start, clip: float) -> Made:
    f_pre, g_pre, o_pre = (at.product + _of_h(w, at, clip)).chunk(3, dim=1)
    f, g, o = torch.sigmoid(f_pre), torch.tanh(g_pre), torch.sigmoid(o_pre)
    c = f * at.c + (1 - f) * g
    return Made(o * torch.tanh(c), c, (f, g, o, c))


def _lstm_peephole(w: Weights, at: Start, clip: float) -> Made:
    p_i, p_f, p_o = _own(w).chunk(3)
    i_pre, f_pre, g_pre, o_pre = (at.product + _of_h(w, at, clip)).chunk(4, dim=1)
    i, f, g = torch.sigmoid(i_pre + p_i * at.c), torch.sigmoid(f_pre + p_f * at.c), torch.tanh(g_pre)
    c = f * at.c + i * g
    o = torch.sigmoid(o_pre + p_o * c)
    return Made(o * torch.tanh(c), c, (i, f, g, o, c))


def _lstm_layer_norm(w: Weights, at: Start, clip: float) -> Made:
    H = at.c.size(1)
    gain_ih, gain_hh, gain_c, shift_c = _own(w).split([4 * H, 4 * H, H, H])
    raw = _product(at.met, w.w_hh, None, clip)
    pre = _normalised(gain_ih, at.product, w.b_ih) + _normalised(gain_hh, raw, w.b_hh)
    i_pre, f_pre, g_pre, o_pre = pre.chunk(4, dim=1)
    i, f, g, o = torch.sigmoid(i_pre), torch.sigmoid(f_pre), torch.tanh(g_pre), torch.sigmoid(o_pre)
    c = f * at.c + i * g
    return Made(o * torch.tanh(_normalised(gain_c, c, shift_c)), c, (i, f, g, o, c, at.product, raw))


def _own(w: Weights) -> Tensor:
    assert w.own is not None
    return w.own


CELLS = {
    "rnn_tanh": Cell(1, False, False, _rnn_tanh),
    "rnn_relu": Cell(1, False, False, _rnn_relu),
    "gru": Cell(3, False, False, _gru),
    "gru_reset_before": Cell(3, False, False, _gru_reset_before),
    "gru_layer_norm": Cell(3, False, True, _gru_layer_norm),
    "lstm": Cell(4, True, False, _lstm),
    "lstm_peephole": Cell(4, True, False, _lstm_peephole),
    "lstm_coupled": Cell(3, True, False, _lstm_coupled),
    "lstm_layer_norm": Cell(4, True, True, _lstm_layer_norm),
}
