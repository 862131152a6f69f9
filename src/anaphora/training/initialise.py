"""First weights of several tasks: small embeddings, and an output equal to the frequencies.

W_embedding ~ N(0, s²)       b_output = ln p, or ln(p/(1 − p)) if several labels apply       W_output · 0.1
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.recurrent_dropout import recurrent_dropout


def small_embeddings(model: nn.Module, deviation: float) -> None:
    """Draw every embedding anew, with this standard deviation, so that learning decides the first steps."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=deviation)


def small_output(model: nn.Module, weight: str) -> None:
    """Divide an output's weight by ten, so that its bias decides the first steps."""
    with torch.no_grad():
        model.get_parameter(weight).mul_(0.1)


def expect(model: nn.Module, bias: str, counts: NDArray[np.generic]) -> None:
    """Set an output's bias to the log frequencies of its symbols, counted (V,) plus one each."""
    more = np.asarray(counts) + 1.0
    _set(model, bias, np.log(more / more.sum()))


def expect_several(model: nn.Module, bias: str, counts: NDArray[np.generic], rows: int) -> None:
    """Set an output's bias to the log odds of labels that may apply together, counted (K,) among the rows."""
    share = (np.asarray(counts) + 1) / (rows + 2)
    _set(model, bias, np.log(share / (1 - share)))


def drop_recurrently(model: nn.Module, share: float, ending: str = "") -> None:
    """Set variational dropout inside the recurrent layers with such a path."""
    for name, module in model.named_modules():
        if isinstance(module, RecurrentBase) and name.endswith(ending):
            recurrent_dropout(module, share)


def _set(model: nn.Module, name: str, values: NDArray[np.floating]) -> None:
    with torch.no_grad():
        model.get_parameter(name).copy_(torch.from_numpy(values))
