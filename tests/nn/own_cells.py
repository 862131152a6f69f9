"""Cells of one's own that the tests of ``Recurrent`` walk: torch's two written anew, and one like none of torch's."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

I, H = 3, 5


class Gru(torch.nn.Module):
    """torch.nn.GRU's equations on torch.nn.GRUCell's weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.GRUCell(I, H)
        self.rows_stepped = 0

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        return (x @ self.weights.weight_ih.T + self.weights.bias_ih).chunk(3, dim=1)

    def step(self, pre: tuple[Tensor, ...], h: Tensor) -> tuple[Tensor, Tensor]:
        self.rows_stepped += h.size(0)
        r, z, n = (h @ self.weights.weight_hh.T + self.weights.bias_hh).chunk(3, dim=1)
        r, z = torch.sigmoid(pre[0] + r), torch.sigmoid(pre[1] + z)
        h = (1 - z) * torch.tanh(pre[2] + r * n) + z * h
        return h, h

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        return like.new_zeros(batch, H)

    def reset_parameters(self) -> None:
        self.weights.reset_parameters()


class Memory(NamedTuple):
    h: Tensor
    c: Tensor


class Lstm(torch.nn.Module):
    """torch.nn.LSTM's equations on torch.nn.LSTMCell's weights, with a named state."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.LSTMCell(I, H)

    def inputs(self, x: Tensor) -> Tensor:
        return x @ self.weights.weight_ih.T + self.weights.bias_ih

    def step(self, pre: Tensor, state: Memory) -> tuple[Tensor, Memory]:
        i, f, g, o = (pre + state.h @ self.weights.weight_hh.T + self.weights.bias_hh).chunk(4, dim=1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, Memory(h, c)

    def initial_state(self, batch: int, like: Tensor) -> Memory:
        return Memory(like.new_zeros(batch, H), like.new_zeros(batch, H))


class Counting(torch.nn.Module):
    """A learned initial state, an output of another width, a state of three parts of which one counts."""

    def __init__(self) -> None:
        super().__init__()
        self.of_x, self.of_h, self.out = torch.nn.Linear(I, H), torch.nn.Linear(H, H), torch.nn.Linear(H, 2)
        self.start = torch.nn.Parameter(torch.randn(H))

    def inputs(self, x: Tensor) -> Tensor:
        return self.of_x(x)

    def step(self, pre: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, total, steps = state
        h = torch.tanh(pre + self.of_h(h) + steps.unsqueeze(1) / 8)
        return self.out(h + total), (h, total + h**2, steps + 1)

    def initial_state(self, batch: int, like: Tensor) -> tuple[Tensor, ...]:
        steps = torch.zeros(batch, dtype=torch.int64)
        return self.start.expand(batch, H), like.new_zeros(batch, H), steps


def double(cell: Any) -> Any:
    draw = torch.Generator().manual_seed(7)
    for parameter in cell.parameters():
        parameter.data = 0.7 * torch.randn(parameter.shape, dtype=torch.float64, generator=draw)
    return cell
