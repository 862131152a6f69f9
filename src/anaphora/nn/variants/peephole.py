"""The LSTM whose gates depend on the memory (Gers & Schmidhuber, IJCNN 2000; Gers et al., JMLR 2002).

i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi + p_i ⊙ c_{t−1})        f_t likewise, with p_f
g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)
c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t
o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho + p_o ⊙ c_t)
h_t = o_t ⊙ tanh(c_t)
"""

from __future__ import annotations

from anaphora.nn.variants.variant import Variant


class PeepholeLSTM(Variant):
    """An LSTM whose gates depend on the memory (Gers & Schmidhuber, 2000).

    Beside an LSTM's weights ``weight_peephole_l{k}`` (3·H,): p_i p_f p_o. Output (T, B, D·H), state the pair h and c
    (L·D, B, H); see ``RecurrentBase.forward``.
    """

    cell = "lstm_peephole"
    gates = ("input", "forget", "cell", "output")
