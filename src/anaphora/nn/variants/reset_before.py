"""The GRU as first written (Cho et al., EMNLP 2014): the reset gate acts before the product.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)
    n_t = tanh(W_in x_t + b_in + W_hn (r_t ⊙ h_{t−1}) + b_hn)
    h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}

Keras calls it ``GRU(reset_after=False)``. Torch's GRU resets after the product, which takes one product in each step;
this GRU takes two, one after the other.
"""

from __future__ import annotations

from anaphora.nn.variants.variant import Variant


class ResetBeforeGRU(Variant):
    """A GRU that resets before the product (Cho et al., 2014).

    Names and shapes of weights, gates in the order r z n, output (T, B, D·H) and state (L·D, B, H) are those of
    ``GRU``; see ``RecurrentBase.forward``.
    """

    cell = "gru_reset_before"
    gates = ("reset", "update", "new")
