"""minGRU: the gate and the new value depend on the input only, so a step is linear in h, and all steps can run at once.

    z  = σ(W_z x + b_z),   h̃ = W_h x + b_h
    h' = (1 − z) ⊙ h + z ⊙ h̃

Feng, Tung, Ahmed, Bengio and Hajimirsadeghi, "Were RNNs all we needed?", arXiv:2410.01201, 2024, section 3.1.

``parallel`` computes h_t = a_t ⊙ h_{t−1} + b_t with cumulative products in blocks of √T steps. First all blocks walk
side by side from zero. Then the states between blocks are computed one after another. Last, P_t ⊙ h is added to each
state, with h the state before its block and P_t the product of a from the block's start to t (Blelloch, "Prefix sums
and their applications", 1990). This takes some 3·√T operations instead of T, and the work grows with T, not T log T.
The paper's appendix takes logarithms instead, which needs h̃ > 0 and loses digits as the sums grow. Here nothing is
divided, and a product that underflows means that the past is forgotten.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


class MinGRU(torch.nn.Module):
    """A cell with input x (N, I) and state h (B, H); W_z stands above W_h in ``of_x``."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.of_x = torch.nn.Linear(input_size, 2 * hidden_size)

    def reset_parameters(self) -> None:
        """Draw all weights like ``torch.nn.Linear``."""
        self.of_x.reset_parameters()

    def inputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """a = 1 − z and b = z ⊙ h̃, each (N, H), of x (N, I)."""
        z_pre, new = self.of_x(x).chunk(2, dim=-1)
        return torch.sigmoid(-z_pre), torch.sigmoid(z_pre) * new

    def step(self, pre: tuple[Tensor, Tensor], h: Tensor) -> tuple[Tensor, Tensor]:
        """h' = a ⊙ h + b (B, H), as the output and as the next state, of a, b and h (B, H)."""
        h = torch.addcmul(pre[1], pre[0], h)
        return h, h

    def initial_state(self, batch: int, like: Tensor) -> Tensor:
        """h_0 = 0: zeros (batch, H) of the dtype and on the device of ``like`` (N, I)."""
        return like.new_zeros(batch, self.hidden_size)

    def parallel(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All steps of x (T, B, I) from h0 (B, H) at once: outputs (T, B, H) and the last state (B, H).

        The numbers are those of T steps up to rounding; ``h0`` of None is zeros.
        """
        h0 = self.initial_state(x.size(1), x) if h0 is None else h0
        y = scan(*self.inputs(x), h0)
        return y, y[-1] if len(y) else h0


def scan(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """h_t = a_t ⊙ h_{t−1} + b_t for all t: (T, …) of a and b (T, …) and h0 (…)."""
    T = a.size(0)
    K = max(1, math.isqrt(T))  # steps of a block; the last block is filled with steps of zeros
    fill = [0, 0] * (a.dim() - 1) + [0, -T % K]
    a, b = (F.pad(tensor, fill).unflatten(0, (-1, K)).unbind(1) for tensor in (a, b))  # K × (blocks, …)
    product, state = [a[0]], [b[0]]
    for a_t, b_t in zip(a[1:], b[1:], strict=True):
        product.append(a_t * product[-1])
        state.append(torch.addcmul(b_t, a_t, state[-1]))
    before = [h0]
    for whole, end in zip(product[-1], state[-1], strict=True):
        before.append(torch.addcmul(end, whole, before[-1]))
    P, h = torch.stack(product, dim=1), torch.stack(state, dim=1)  # (blocks, K, …)
    return torch.addcmul(h, P, torch.stack(before)[:-1].unsqueeze(1)).flatten(0, 1)[:T]
