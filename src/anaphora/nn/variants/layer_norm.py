"""Layer-normalised LSTM and GRU (Ba, Kiros & Hinton, arXiv:1607.06450, 2016): each product is normalised over its row.

    norm(v) = (v − mean v) / √(var v + 10⁻⁵)          over all gates of one step of one row
    a = gain_ih ⊙ norm(W_ih x_t) + b_ih               b = gain_hh ⊙ norm(W_hh h_{t−1}) + b_hh

    LSTM   i, f, o = σ(a + b),  g = tanh(a + b)       GRU   r, z = σ(a + b)
           c_t = f ⊙ c_{t−1} + i ⊙ g                        n   = tanh(a_n + r ⊙ b_n)
           h_t = o ⊙ tanh(gain_c ⊙ norm(c_t) + shift_c)     h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}

The biases take the place of the paper's shifts. The paper normalises the GRU's r and z apart from its n; here, as in
the LSTM, one norm spans all gates.
"""

from __future__ import annotations

from typing import ClassVar

from anaphora.nn.variants.variant import Variant


class LayerNormLSTM(Variant):
    """An LSTM whose products and memory are normalised over each row (Ba et al., 2016).

    Beside an LSTM's weights ``gain_ih_l{k}`` and ``gain_hh_l{k}`` (4·H,), gates in the order i f g o, ``gain_c_l{k}``
    and ``shift_c_l{k}`` (H,). Output (T, B, D·H), state the pair h and c (L·D, B, H); see ``RecurrentBase.forward``.
    """

    cell = "lstm_layer_norm"
    gates = ("input", "forget", "cell", "output")
    first_values: ClassVar = {"gain_ih": 1.0, "gain_hh": 1.0, "gain_c": 1.0, "shift_c": 0.0}


class LayerNormGRU(Variant):
    """A GRU whose products are normalised over each row (Ba et al., 2016).

    Beside a GRU's weights ``gain_ih_l{k}`` and ``gain_hh_l{k}`` (3·H,), gates in the order r z n. Output (T, B, D·H),
    state (L·D, B, H); see ``RecurrentBase.forward``.
    """

    cell = "gru_layer_norm"
    gates = ("reset", "update", "new")
    first_values: ClassVar = {"gain_ih": 1.0, "gain_hh": 1.0}
