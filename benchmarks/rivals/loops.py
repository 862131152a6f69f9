"""What people write today: every variant as a loop over time in plain torch, from the weights of our module.

    pre = W x + b for all steps at once;   for each step: h, c = step(pre_t, h, c)

Each is written as one who wants speed would: the input's product outside of the loop, the gates of a step in one
product, masks drawn for all steps at once. ``names`` are our module's parameters without their suffix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

Weights = dict[str, Tensor]
State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], State]


def over_time(step: Step, pre: Tensor, state: State) -> Tensor:
    """The loop itself: (T, B, ·) to (T, B, H)."""
    hidden = []
    for pre_t in pre.unbind(0):
        state = step(pre_t, state)
        hidden.append(state[0])
    return torch.stack(hidden)


def zeros(w: Weights, x: Tensor) -> Tensor:
    """A state of zeros."""
    return x.new_zeros(x.size(1), w["weight_hh"].size(1))


def projected(w: Weights, x: Tensor) -> Tensor:
    """The input's part of every gate of every step, with both biases."""
    return F.linear(x, w["weight_ih"], w["bias_ih"] + w["bias_hh"])


def lstm_gates(z: Tensor, c: Tensor) -> State:
    """From pre-activations to the next state."""
    i, f, g, o = z.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_step(w: Weights) -> Step:
    """One step of a plain LSTM."""
    u = w["weight_hh"].t()
    return lambda pre, state: lstm_gates(torch.addmm(pre, state[0], u), state[1])


def peephole(w: Weights, x: Tensor, _: bool) -> Tensor:
    """Gates that see the memory."""
    u = w["weight_hh"].t()
    p_i, p_f, p_o = w["weight_peephole"].chunk(3)

    def step(pre: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = torch.addmm(pre, h, u).chunk(4, 1)
        c, before = torch.sigmoid(f + p_f * c) * c, c
        c = c + torch.sigmoid(i + p_i * before) * torch.tanh(g)
        return torch.sigmoid(o + p_o * c) * torch.tanh(c), c

    return over_time(step, projected(w, x), (zeros(w, x), zeros(w, x)))


def coupled(w: Weights, x: Tensor, _: bool) -> Tensor:
    """An input gate that is 1 − forget."""
    u = w["weight_hh"].t()

    def step(pre: Tensor, state: State) -> State:
        h, c = state
        f, g, o = torch.addmm(pre, h, u).chunk(3, 1)
        c = torch.lerp(torch.tanh(g), c, torch.sigmoid(f))
        return torch.sigmoid(o) * torch.tanh(c), c

    return over_time(step, projected(w, x), (zeros(w, x), zeros(w, x)))


def reset_before(w: Weights, x: Tensor, _: bool) -> Tensor:
    """A GRU that resets before the product."""
    H = w["weight_hh"].size(1)
    u_rz, u_n = w["weight_hh"][: 2 * H].t(), w["weight_hh"][2 * H :].t()

    def step(pre: Tensor, state: State) -> State:
        (h,) = state
        r, z = torch.sigmoid(torch.addmm(pre[:, : 2 * H], h, u_rz)).chunk(2, 1)
        n = torch.tanh(torch.addmm(pre[:, 2 * H :], r * h, u_n))
        return (torch.lerp(n, h, z),)

    return over_time(step, projected(w, x), (zeros(w, x),))


def layer_norm_lstm(w: Weights, x: Tensor, _: bool) -> Tensor:
    """An LSTM with both products and the memory normalised."""
    u = w["weight_hh"].t()
    H = w["weight_hh"].size(1)
    pre = F.layer_norm(x @ w["weight_ih"].t(), (4 * H,), w["gain_ih"], w["bias_ih"])

    def step(pre: Tensor, state: State) -> State:
        h, c = state
        z = pre + F.layer_norm(h @ u, (4 * H,), w["gain_hh"], w["bias_hh"])
        i, f, g, o = z.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(F.layer_norm(c, (H,), w["gain_c"], w["shift_c"])), c

    return over_time(step, pre, (zeros(w, x), zeros(w, x)))


def layer_norm_gru(w: Weights, x: Tensor, _: bool) -> Tensor:
    """A GRU with both products normalised."""
    u = w["weight_hh"].t()
    H = w["weight_hh"].size(1)
    pre = F.layer_norm(x @ w["weight_ih"].t(), (3 * H,), w["gain_ih"], w["bias_ih"])

    def step(pre: Tensor, state: State) -> State:
        (h,) = state
        b = F.layer_norm(h @ u, (3 * H,), w["gain_hh"], w["bias_hh"])
        r, z = torch.sigmoid(pre[:, : 2 * H] + b[:, : 2 * H]).chunk(2, 1)
        n = torch.tanh(pre[:, 2 * H :] + r * b[:, 2 * H :])
        return (torch.lerp(n, h, z),)

    return over_time(step, pre, (zeros(w, x),))


def zoneout(w: Weights, x: Tensor, training: bool, hidden: float, memory: float) -> Tensor:
    """Units of h and c that keep their last value by chance."""
    plain, H = lstm_step(w), w["weight_hh"].size(1)
    pre = projected(w, x)
    if training:
        keep_h = torch.empty(*x.shape[:2], H).bernoulli_(hidden)
        keep_c = torch.empty(*x.shape[:2], H).bernoulli_(memory)
    else:
        keep_h, keep_c = (torch.full((x.size(0), 1, H), p) for p in (hidden, memory))
    state, ys = (zeros(w, x), zeros(w, x)), []
    for pre_t, k_h, k_c in zip(pre.unbind(0), keep_h.unbind(0), keep_c.unbind(0), strict=True):
        h, c = plain(pre_t, state)
        state = torch.lerp(h, state[0], k_h), torch.lerp(c, state[1], k_c)
        ys.append(state[0])
    return torch.stack(ys)


def recurrent_dropout(w: Weights, x: Tensor, training: bool, p: float) -> Tensor:
    """One mask on h for all steps of a row."""
    plain = lstm_step(w)
    mask = F.dropout(torch.ones_like(zeros(w, x)), p, training)
    return over_time(
        lambda pre, state: plain(pre, (state[0] * mask, state[1])), projected(w, x), (zeros(w, x), zeros(w, x))
    )


def weight_drop(w: Weights, x: Tensor, training: bool, p: float) -> Tensor:
    """One mask on the recurrent weights for a call."""
    plain = lstm_step({**w, "weight_hh": F.dropout(w["weight_hh"], p, training)})
    return over_time(plain, projected(w, x), (zeros(w, x), zeros(w, x)))


def learned_state(w: Weights, x: Tensor, _: bool) -> Tensor:
    """An initial state that is a parameter."""
    state = tuple(w[name][0].expand(x.size(1), -1) for name in ("h_0", "c_0"))
    return over_time(lstm_step(w), projected(w, x), state)


def clip_gradients(w: Weights, x: Tensor, _: bool, limit: float) -> Tensor:
    """Every step's gradient of the pre-activations clipped."""
    u = w["weight_hh"].t()

    def step(pre: Tensor, state: State) -> State:
        z = torch.addmm(pre, state[0], u)
        if z.requires_grad:
            z.register_hook(lambda gradient: gradient.clamp(-limit, limit))
        return lstm_gates(z, state[1])

    return over_time(step, projected(w, x), (zeros(w, x), zeros(w, x)))


def recompute(w: Weights, x: Tensor, _: bool, steps: int) -> Tensor:
    """Segments that are walked again on the way back."""
    plain = lstm_step(w)

    def segment(pre: Tensor, *state: Tensor) -> Any:
        ys = []
        for pre_t in pre.unbind(0):
            state = plain(pre_t, state)
            ys.append(state[0])
        return torch.stack(ys), *state

    state, ys = (zeros(w, x), zeros(w, x)), []
    for pre in projected(w, x).split(steps):
        y, *state = checkpoint(segment, pre, *state, use_reentrant=False)
        ys.append(y)
    return torch.cat(ys)


def reset(w: Weights, x: Tensor, _: bool, where: Tensor) -> Tensor:
    """A state that returns to zeros before the steps where it is told to."""
    plain = lstm_step(w)
    state, ys = (zeros(w, x), zeros(w, x)), []
    for pre_t, keep in zip(projected(w, x).unbind(0), (~where).float()[:, :, None].unbind(0), strict=True):
        state = plain(pre_t, (state[0] * keep, state[1] * keep))
        ys.append(state[0])
    return torch.stack(ys)
