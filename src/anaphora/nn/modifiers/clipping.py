"""Gradients limited inside backpropagation through time (Graves, arXiv:1308.0850, 2013).

    d_pre ← min(max(d_pre, −limit), limit)        at every step, before it reaches W, U, b, x and h_{t−1}

d_pre is the gradient of a gate's pre-activation; in a layer-normalised cell, that of the products W x and U h. Clipping
the norm of all gradients after backward (``torch.nn.utils.clip_grad_norm_``) cannot undo an explosion during backward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import torch

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.modifier import LayerContext, LayerEffects, Modifier, attach

Module = TypeVar("Module", bound=RecurrentBase)


def clip_gradients(module: Module, limit: float) -> Module:
    """Limit the gradient of every pre-activation to ±``limit`` at every step of backward.

    Changes the module and returns it; 0 removes it. Raises ValueError for a limit that is negative or not finite,
    TypeError for a module that is not one of anaphora.nn.
    """
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not math.isfinite(limit) or limit < 0:
        raise ValueError(f"clip_gradients: expected a limit of 0 or more, got {limit!r}")
    return attach(module, "clip_gradients", Clipping(float(limit)) if limit else None)


@dataclass(frozen=True)
class Clipping(Modifier):
    """Limit gradients to ±``limit``."""

    limit: float

    def effects(self, effects: LayerEffects, layer: LayerContext) -> LayerEffects:
        """Set the limit."""
        return effects._replace(clip=self.limit)

    def unknown_to_torch(self, training: bool) -> bool:
        """Return True while gradients are recorded."""
        return torch.is_grad_enabled()

    def __str__(self) -> str:
        return f"{self.limit}"
