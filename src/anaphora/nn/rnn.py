"""Elman's network (Cognitive Science, 1990), drop-in for ``torch.nn.RNN``.

    h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)

φ is tanh or relu.
"""

from __future__ import annotations

import torch

from anaphora.nn.engine.base import RecurrentBase


class RNN(RecurrentBase, torch.nn.RNN):
    """h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh): arguments, parameters and results of ``torch.nn.RNN``.

    ``RNN(input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0,
    bidirectional=False, device=None, dtype=None)``. Weights ``weight_ih_l{k}`` (H, I), ``weight_hh_l{k}`` (H, H),
    ``bias_ih_l{k}`` and ``bias_hh_l{k}`` (H,), with ``_reverse`` for the second direction. Output (T, B, D·H), state
    (L·D, B, H); ``RecurrentBase.forward`` lists the layouts that it takes beyond torch's.
    """
