"""The gated recurrent unit (Cho et al., EMNLP 2014), drop-in for ``torch.nn.GRU``.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t−1} + b_hn))
    h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}

Like torch, and unlike the paper, the reset gate acts after the product, on a sum that has a bias of its own.
"""

from __future__ import annotations

import torch

from anaphora.nn.engine.base import RecurrentBase


class GRU(RecurrentBase, torch.nn.GRU):
    """h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}: arguments, parameters and results of ``torch.nn.GRU``.

    ``GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
    device=None, dtype=None)``. Weights ``weight_ih_l{k}`` (3·H, I), ``weight_hh_l{k}`` (3·H, H), ``bias_ih_l{k}`` and
    ``bias_hh_l{k}`` (3·H,), gates in the order r z n, with ``_reverse`` for the second direction. Output (T, B, D·H),
    state (L·D, B, H); ``RecurrentBase.forward`` lists the layouts that it takes beyond torch's.
    """

    gates = ("reset", "update", "new")
