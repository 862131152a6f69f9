"""A learned initial state: the state before the first step is a parameter, the same for all rows.

    h_0 (L·D, 1, P) and, for a cell with M memories, c_0 (L·D, 1, M·H), zeros at first;   dh_0 = Σ over rows

They replace the zeros when ``hx`` is None, and at a ``reset``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.modifier import Modifier, attach

Module = TypeVar("Module", bound=RecurrentBase)


def learned_state(module: Module) -> Module:
    """Give a module the parameters ``h_0`` (L·D, 1, P) and, for M memories, ``c_0`` (L·D, 1, M·H).

    Changes the module and returns it. Raises TypeError for a module that is not one of anaphora.nn.
    """
    attach(module, "learned_state", LearnedState())
    if "h_0" not in module._parameters:
        layers, like = len(module.suffixes), next(module.parameters())
        module.h_0 = torch.nn.Parameter(like.new_zeros(layers, 1, module.proj_size or module.hidden_size))
        if module.has_memory:
            module.c_0 = torch.nn.Parameter(like.new_zeros(layers, 1, module.memory_width))
    return module


@dataclass(frozen=True)
class LearnedState(Modifier):
    """Use the module's parameters as the initial state."""

    def initial_state(self, module: Any, rows: int) -> Any:
        """Return the parameters for all rows: h_0 (L·D, rows, P), or the pair with c_0 (L·D, rows, M·H)."""
        h_0 = module.h_0.expand(-1, rows, -1)
        return (h_0, module.c_0.expand(-1, rows, -1)) if module.has_memory else h_0

    def unknown_to_torch(self, training: bool) -> bool:
        """Return False: torch's operation takes an initial state too."""
        return False

    def __str__(self) -> str:
        return "True"
