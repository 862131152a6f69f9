"""The minimal gated unit: a GRU whose one gate both resets and updates.

    f  = σ(W_f x + b_f + U_f h)
    h̃  = tanh(W_h x + b_h + U_h (f ⊙ h))
    h' = (1 − f) ⊙ h + f ⊙ h̃

Zhou, Wu, Zhang and Zhou, "Minimal gated unit for recurrent neural networks", International Journal of Automation and
Computing, 2016. It has two thirds of a GRU's weights. Note that f admits the new value, whereas a GRU's z keeps the old
one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class MinimalGatedUnit(torch.nn.Module):
    """A cell with input x (N, I) and state h (B, H); W_f stands above W_h in ``of_x``."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.of_x = torch.nn.Linear(input_size, 2 * hidden_size)
        self.gate_of_h = torch.nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.new_of_h = torch.nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights uniform within ± 1/√H, like ``torch.nn.GRU``."""
        for weight in self.parameters():
            torch.nn.init.uniform_(weight, -1 / math.sqrt(self.hidden_size), 1 / math.sqrt(self.hidden_size))

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """W_f x + b_f and W_h x + b_h, each (N, H), of x (N, I)."""
        return self.of_x(x).chunk(2, dim=-1)  # type: ignore[no-any-return]

    def step(self, pre: tuple[Tensor, Tensor], h: Tensor) -> tuple[Tensor, Tensor]:
        """h' (B, H), as the output and as the next state, of both parts of pre (B, H) and h (B, H)."""
        f = torch.addmm(pre[0], h, self.gate_of_h.T).sigmoid()
        new = torch.addmm(pre[1], f * h, self.new_of_h.T).tanh()
        h = torch.addcmul(h, f, new - h)
        return h, h

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """h_0 = 0: zeros (batch, H) of the dtype and on the device of ``like`` (N, I)."""
        return like.new_zeros(batch, self.hidden_size)
