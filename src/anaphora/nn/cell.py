"""One step at a time: drop-in for ``torch.nn.RNNCell``, ``GRUCell`` and ``LSTMCell``.

    h' = cell(x, h),   (h', c') = LSTMCell(x, (h, c))

A cell is its layer with T = 1 and runs the same operation, so T calls give the bits of one walk over T steps. The
equations stand in ``rnn``, ``gru`` and ``lstm``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from anaphora.nn import functional
from anaphora.nn.engine.base import runs_here
from anaphora.nn.engine.cached_index import CachedIndex


def _step(
    module: RNNCell | GRUCell | LSTMCell, cell: str, data: Tensor, states: tuple[Tensor, ...] | None
) -> tuple[Tensor, Tensor] | None:
    """The next h (B, H), or (H,) for one row, and for an LSTM the next c; None where torch's operation runs."""
    biases = (module.bias_ih, module.bias_hh) if module.bias else (None, None)
    weights = [module.weight_ih, module.weight_hh, *biases, None, None]
    if data.dim() not in (1, 2) or not runs_here(data, weights):
        return None
    x = data if data.dim() == 2 else data.unsqueeze(0)
    B, H, name = x.size(0), module.hidden_size, type(module).__name__
    if x.size(1) != module.input_size:
        raise RuntimeError(f"{name}: expected input of {module.input_size} features, got {x.size(1)}")
    initial: list[Tensor] = []
    for state in states or ():
        if state.shape != (*data.shape[:-1], H):
            raise RuntimeError(f"{name}: expected hidden {(*data.shape[:-1], H)}, got {tuple(state.shape)}")
        if state.dtype is not torch.float32 and not torch.is_autocast_enabled("cpu"):
            raise RuntimeError(f"{name}: expected hidden of dtype torch.float32, got {state.dtype}: hx.float()")
        initial.append(state.to("cpu", torch.float32).reshape(1, B, H))
    h0, c0 = (*initial, None, None)[:2]
    _, h, c, _ = functional.recurrent(cell, x.float(), weights, 1, CachedIndex.dense(1, B), h0, c0)
    return (h[0], c[0] if cell == "lstm" else c) if data.dim() == 2 else (h[0, 0], c[0, 0] if cell == "lstm" else c)


class RNNCell(torch.nn.RNNCell):
    """h' = φ(W_ih x + b_ih + W_hh h + b_hh), φ = tanh or relu: x (B, I) or (I,), h (B, H) or (H,), zeros if None."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:  # noqa: A002
        """One step: ``input`` (B, I) and ``hx`` (B, H) give h' (B, H); without B for one row.

        Raises ValueError or RuntimeError for a wrong rank or size, like torch's cell.
        """
        step = _step(self, f"rnn_{self.nonlinearity}", input, None if hx is None else (hx,))
        return super().forward(input, hx) if step is None else step[0]


class GRUCell(torch.nn.GRUCell):
    """h' = (1 − z) ⊙ n + z ⊙ h, reset after the product: x (B, I) or (I,), h (B, H) or (H,), zeros if None."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:  # noqa: A002
        """One step: ``input`` (B, I) and ``hx`` (B, H) give h' (B, H); without B for one row.

        Raises ValueError or RuntimeError for a wrong rank or size, like torch's cell.
        """
        step = _step(self, "gru", input, None if hx is None else (hx,))
        return super().forward(input, hx) if step is None else step[0]


class LSTMCell(torch.nn.LSTMCell):
    """c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c'): x (B, I) or (I,), the pair (h, c) each (B, H) or (H,), zeros if None."""

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:  # noqa: A002
        """One step: ``input`` (B, I) and the pair ``hx``, h and c (B, H), give h' and c' (B, H); without B for one row.

        Raises ValueError or RuntimeError for a wrong rank or size, like torch's cell.
        """
        step = _step(self, "lstm", input, hx)
        return super().forward(input, hx) if step is None else step
