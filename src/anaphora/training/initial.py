"""The weights a model begins with: torch's own, but for two things that decide how the first steps go.

    b_f = 1, other recurrent biases 0      an LSTM's forget gate begins open, so that memory lasts
    W_embedding ~ N(0, 1/size) if tied     so that logits W·h begin small

The first is Jozefowicz, Zaremba and Sutskever's (ICML 2015).
"""

from __future__ import annotations

import torch
from torch import nn

from anaphora import spec
from anaphora.nn.blocks import Stack


def initialise(model: Stack) -> None:
    """Draw the first weights of every block whose torch defaults are not what we want."""
    blocks = list(spec.walk(model.tree))
    paths = {block["name"]: path for path, block in blocks}
    with torch.no_grad():
        for path, block in blocks:
            if block["kind"] in ("rnn", "gru", "lstm"):
                H = block["hidden_size"]
                for name, parameter in model.get_submodule(path).named_parameters():
                    if name.startswith("bias"):
                        parameter.zero_()
                    if name.startswith("bias_ih") and block["kind"] == "lstm":
                        parameter[H : 2 * H] = 1.0
            elif block["kind"] == "tied_output":
                table = model.get_parameter(f"{paths[block['embedding']]}.weight")
                nn.init.normal_(table, std=table.shape[1] ** -0.5)
