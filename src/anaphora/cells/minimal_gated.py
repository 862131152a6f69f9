"""The minimal gated unit: a GRU whose one gate both resets and updates.

    f  = σ(W_f x + b_f + U_f h)
    h̃  = tanh(W_h x + b_h + U_h (f ⊙ h))
    h' = (1 − f) ⊙ h + f ⊙ h̃

Zhou, Wu, Zhang and Zhou, "Minimal gated unit for recurrent neural networks", International Journal of Automation and
Computing, 2016. Two thirds of a GRU's weights; note that f lets the new value in where a GRU's z keeps the old.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class MinimalGatedUnit(torch.nn.Module):
    """x (·, I), h (B, H); W_f stands above W_h in ``of_x``."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.of_x = torch.nn.Linear(input_size, 2 * hidden_size)
        self.gate_of_h = torch.nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.new_of_h = torch.nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within ± 1/√H, as ``torch.nn.GRU`` draws."""
        for weight in self.parameters():
            torch.nn.init.uniform_(weight, -1 / math.sqrt(self.hidden_size), 1 / math.sqrt(self.hidden_size))

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """W_f x + b_f and W_h x + b_h."""
        return self.of_x(x).chunk(2, dim=-1)  # type: ignore[no-any-return]

    def step(self, pre: tuple[Tensor, Tensor], h: Tensor) -> tuple[Tensor, Tensor]:
        """The output is the state."""
        f = torch.addmm(pre[0], h, self.gate_of_h.T).sigmoid()
        new = torch.addmm(pre[1], f * h, self.new_of_h.T).tanh()
        h = torch.addcmul(h, f, new - h)
        return h, h

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """Zeros."""
        return like.new_zeros(batch, self.hidden_size)
