"""Every cell's equations a second time, for one row at a time in float64, for torch's autograd to differentiate.

It shares no line with ``anaphora.kernels.reference`` nor with ``anaphora.nn``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, sigmoid, tanh
from torch.nn.functional import layer_norm

from laws.layers import Layer


class Held(torch.autograd.Function):
    """The identity, whose gradient is held between −limit and limit."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, limit: float) -> Tensor:
        ctx.limit = limit
        return value.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return torch.clamp(gradient, -ctx.limit, ctx.limit), None


class Row:
    """One row walking in one direction: its weights by name, and the limit of its products' gradients, 0 for none."""

    def __init__(self, cell: str, weights: dict[str, Tensor], limit: float) -> None:
        self.cell, self.w, self.limit = cell, weights, limit

    def product(self, matrix: str, factor: Tensor, bias: str = "", rows: slice = slice(None)) -> Tensor:
        value = (self.w[matrix][rows] * factor).sum(dim=1)
        if bias in self.w:
            value = value + self.w[bias][rows]
        return Held.apply(value, self.limit) if self.limit else value

    def normalised(self, matrix: str, factor: Tensor, gain: Tensor, bias: str) -> Tensor:
        raw = self.product(matrix, factor)
        return gain * layer_norm(raw, raw.shape, eps=1e-5) + self.w.get(bias, 0.0)

    def step(self, x: Tensor, h: Tensor, seen: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        w, H = self.w, len(c)
        if self.cell == "gru_reset_before":
            from_x = self.product("w_ih", x, "b_ih")
            r, z = sigmoid(from_x[: 2 * H] + self.product("w_hh", seen, "b_hh", slice(0, 2 * H))).split(H)
            n = tanh(from_x[2 * H :] + self.product("w_hh", r * seen, "b_hh", slice(2 * H, 3 * H)))
            return (1 - z) * n + z * h, c
        if self.cell.endswith("layer_norm"):
            G = 4 if self.cell.startswith("lstm") else 3
            from_x = self.normalised("w_ih", x, w["own"][: G * H], "b_ih")
            from_h = self.normalised("w_hh", seen, w["own"][G * H : 2 * G * H], "b_hh")
        else:
            from_x, from_h = self.product("w_ih", x, "b_ih"), self.product("w_hh", seen, "b_hh")
        if self.cell.startswith("rnn"):
            return (from_x + from_h).tanh() if self.cell == "rnn_tanh" else (from_x + from_h).relu(), c
        if self.cell.startswith("gru"):
            (x_r, x_z, x_n), (h_r, h_z, m) = from_x.split(H), from_h.split(H)
            z = sigmoid(x_z + h_z)
            return z * h + (1 - z) * tanh(x_n + sigmoid(x_r + h_r) * m), c
        pre = (from_x + from_h).split(H)
        if self.cell == "lstm_coupled":
            forget, new = sigmoid(pre[0]), tanh(pre[1])
            memory = forget * c + (1 - forget) * new
            return sigmoid(pre[2]) * tanh(memory), memory
        if self.cell == "lstm_peephole":
            p_i, p_f, p_o = w["own"].split(H)
            memory = sigmoid(pre[1] + p_f * c) * c + sigmoid(pre[0] + p_i * c) * tanh(pre[2])
            return sigmoid(pre[3] + p_o * memory) * tanh(memory), memory
        memory = sigmoid(pre[1]) * c + sigmoid(pre[0]) * tanh(pre[2])
        if self.cell == "lstm_layer_norm":
            gain, shift = w["own"][8 * H :].split(H)
            return sigmoid(pre[3]) * tanh(gain * layer_norm(memory, (H,), eps=1e-5) + shift), memory
        shown = sigmoid(pre[3]) * tanh(memory)
        return (w["w_hr"] * shown).sum(dim=1) if "w_hr" in w else shown, memory


def differentiated(layer: Layer, limit: float = 0.0) -> dict[str, np.ndarray]:
    """Outputs and last states, and every gradient of Σ y·dy + Σ h_n·dh_n + Σ c_n·dc_n, by name."""

    def leaf(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).clone().requires_grad_()

    D, B, P = layer.h0.shape
    H, T = layer.H, layer.lengths
    memory = layer.c0 is not None
    x, h0, c0 = leaf(layer.x), leaf(layer.h0), leaf(layer.c0) if memory else torch.zeros(D, B, H)
    weights = [{k: leaf(a) for k, a in w._asdict().items() if a is not None} for w in layer.directions]
    mask, keep_h, keep_c = [None if a is None else torch.from_numpy(a) for a in layer.noise]
    outputs: dict[tuple[int, int], Tensor] = {}
    ends: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
    for d, b in np.ndindex(D, B):
        row = Row(layer.options.kernel, weights[d], limit)
        h, c = h0[d, b], c0[d, b]
        lines = range(sum(T[:b]), sum(T[: b + 1]))
        for line in reversed(lines) if d else lines:
            new_h, new_c = row.step(x[line], h, h if mask is None else mask[d, b] * h, c)
            if keep_h is not None:
                k = keep_h[line if len(keep_h) > 1 else 0].view(D, P)[d]
                new_h = k * h + (1 - k) * new_h
            if keep_c is not None:
                k = keep_c[line if len(keep_c) > 1 else 0].view(D, H)[d]
                new_c = k * c + (1 - k) * new_c
            h, c = new_h, new_c
            outputs[line, d] = h
        ends[d, b] = h, c
    y = torch.stack([torch.cat([outputs[line, d] for d in range(D)]) for line in range(sum(T))])
    h_n, c_n = [torch.stack([torch.stack([ends[d, b][i] for b in range(B)]) for d in range(D)]) for i in (0, 1)]
    arrived = [(y, layer.dy), (h_n, layer.dh_n)] + ([(c_n, layer.dc_n)] if memory else [])
    sum((value * torch.from_numpy(d)).sum() for value, d in arrived).backward()
    found = {"y": y, "h_n": h_n, "dx": x.grad, "h_0": h0.grad}
    if memory:
        found |= {"c_n": c_n, "c_0": c0.grad}
    for d, group in enumerate(weights):
        found |= {f"{name} {d}": value.grad for name, value in group.items()}
    return {name: value.detach().numpy() for name, value in found.items()}
