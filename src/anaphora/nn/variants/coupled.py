"""The LSTM whose input gate is 1 − forget (Greff et al., IEEE TNNLS 2017, who find it as good as the full LSTM).

f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)        o_t likewise
g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)
c_t = f_t ⊙ c_{t−1} + (1 − f_t) ⊙ g_t
h_t = o_t ⊙ tanh(c_t)
"""

from __future__ import annotations

from anaphora.nn.variants.variant import Variant


class CoupledLSTM(Variant):
    """An LSTM whose input gate is 1 − f (Greff et al., 2017).

    ``weight_ih_l{k}`` (3·H, I), ``weight_hh_l{k}`` (3·H, H), biases (3·H,), gates in the order f g o. Output
    (T, B, D·H), state the pair h and c (L·D, B, H); see ``RecurrentBase.forward``.
    """

    cell = "lstm_coupled"
    gates = ("forget", "cell", "output")
