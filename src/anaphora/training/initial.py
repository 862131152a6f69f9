"""The initial weights of a model: torch's own, with two exceptions that help the first steps.

    b_f = 1, other recurrent biases 0      an LSTM's forget gate begins open, so that memory lasts
    W_embedding ~ N(0, 1/size) if tied     so that logits W·h begin small

The first is Jozefowicz, Zaremba and Sutskever's (ICML 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from anaphora.bundle import spec
from anaphora.nn.build import Parts, Stack, assemble
from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.initial import forget_bias_


def first_model(tree: spec.Block, seed: int, begin: Callable[[Any], None]) -> Stack | Parts:
    """Return a model with the initial weights of a training from this seed; `begin` sets weights that follow from the
    data.

    Torch's random generator continues from there.
    """
    torch.manual_seed(seed)
    model = assemble(tree)
    initialise(model)
    begin(model)
    return model


def initialise(model: Stack | Parts) -> None:
    """Draw the first weights of every block that does not use torch's defaults."""
    tables: dict[str, nn.Embedding] = {}
    for path, block in spec.walk(model.tree):
        module = model.get_submodule(path)
        if isinstance(module, RecurrentBase):
            _open_gates(module)
        elif isinstance(module, nn.Embedding):
            tables[block["name"]] = module
        elif block["kind"] == "tied_output":
            weight = tables[block["embedding"]].weight
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


def _open_gates(module: RecurrentBase) -> None:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith("bias"):
                parameter.zero_()
    if module.bias and "forget" in module.gates:
        forget_bias_(module, 1.0)
