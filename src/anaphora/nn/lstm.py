"""Long short-term memory (Hochreiter & Schmidhuber, 1997; forget gate: Gers et al., 2000), drop-in for torch's LSTM.

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi)        f_t, o_t likewise
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)
    c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
    h_t = o_t ⊙ tanh(c_t)

With ``proj_size`` the state is smaller than the memory: h_t = W_hr (o_t ⊙ tanh(c_t)) (Sak et al., Interspeech 2014).
"""

from __future__ import annotations

import torch

from anaphora.nn.engine.base import RecurrentBase


class LSTM(RecurrentBase, torch.nn.LSTM):
    """c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t: arguments, parameters and results of ``torch.nn.LSTM``.

    ``LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
    proj_size=0, device=None, dtype=None)``. Weights ``weight_ih_l{k}`` (4·H, I), ``weight_hh_l{k}`` (4·H, P),
    ``bias_ih_l{k}`` and ``bias_hh_l{k}`` (4·H,), gates in the order i f g o, with ``proj_size`` ``weight_hr_l{k}``
    (P, H), all with ``_reverse`` for the second direction. Output (T, B, D·P), state the pair h (L·D, B, P) and
    c (L·D, B, H); ``RecurrentBase.forward`` lists the layouts that it takes beyond torch's.
    """

    gates = ("input", "forget", "cell", "output")
