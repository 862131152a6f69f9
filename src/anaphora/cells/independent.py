"""The independently recurrent network: each unit has one weight to its own past, and none to another unit's.

    h' = relu(W x + b + u ⊙ h)

Li, Li, Cook, Zhu and Gao, "Independently recurrent neural network (IndRNN): building a longer and deeper RNN", CVPR
2018. Over T steps a unit's gradient is multiplied by u^T. With |u| ≤ 2^(1/T) it does not explode, and near |u| = 1 it
does not vanish. Only the next layer's W connects the units, so stack several layers.
"""

from __future__ import annotations

import torch
from torch import Tensor


class IndRNN(torch.nn.Module):
    """A cell with input x (N, I) and state h (B, H)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.of_x = torch.nn.Linear(input_size, hidden_size)
        self.of_h = torch.nn.Parameter(torch.empty(hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw u uniform between 0 and 1, so that units have different time spans; W and b as ``torch.nn.Linear``."""
        self.of_x.reset_parameters()
        torch.nn.init.uniform_(self.of_h)

    def inputs(self, x: Tensor) -> Tensor:
        """W x + b (N, H) of x (N, I)."""
        return self.of_x(x)  # type: ignore[no-any-return]

    def step(self, pre: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """h' (B, H), as the output and as the next state, of pre (B, H) and h (B, H)."""
        h = torch.addcmul(pre, self.of_h, h).relu()
        return h, h

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """h_0 = 0: zeros (batch, H) of the dtype and on the device of ``like`` (N, I)."""
        return like.new_zeros(batch, self.hidden_size)

    def limit_(self, longest: int) -> None:
        """Clip u to ± 2^(1/T), T = ``longest`` steps; the paper does so after every update."""
        with torch.no_grad():
            self.of_h.clamp_(-(2 ** (1 / longest)), 2 ** (1 / longest))
