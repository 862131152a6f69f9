"""Zoneout (Krueger et al., ICLR 2017): random units keep their last value, where dropout would set them to zero.

    h_t = k_h ⊙ h_{t−1} + (1 − k_h) ⊙ h̃_t        k_h ~ Bernoulli(p_h), drawn for every step and unit
    c_t = k_c ⊙ c_{t−1} + (1 − k_c) ⊙ c̃_t        k_c ~ Bernoulli(p_c);  h̃_t is computed from c̃_t

In eval mode k is its expectation, p. The masks come from torch's generator; one seed gives each step of each row the
same masks in every layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.modifier import LayerContext, LayerEffects, Modifier, attach, probability

Module = TypeVar("Module", bound=RecurrentBase)


def zoneout(module: Module, hidden: float = 0.05, memory: float = 0.5) -> Module:
    """Let each unit of h keep its value with probability ``hidden``, each of a memory c with ``memory``.

    Changes the module and returns it; both 0 removes it. Raises ValueError for anything but probabilities, and for a
    projected LSTM, TypeError for a module that is not one of anaphora.nn.
    """
    hidden, memory = probability("zoneout", hidden), probability("zoneout", memory)
    if getattr(module, "proj_size", 0):
        raise ValueError(f"zoneout: a projected h has no units of its own, got proj_size={module.proj_size}")
    memory = memory if getattr(module, "has_memory", False) else 0.0
    return attach(module, "zoneout", Zoneout(hidden, memory) if hidden or memory else None)


@dataclass(frozen=True)
class Zoneout(Modifier):
    """Keep h with probability ``hidden``, c with ``memory``."""

    hidden: float
    memory: float

    def effects(self, effects: LayerEffects, layer: LayerContext) -> LayerEffects:
        """Draw both masks, (N, D·P) and (N, D·M·H), or in eval mode take their expectations."""
        keep_h = _keep(self.hidden, layer.D * layer.P, layer)
        keep_c = _keep(self.memory, layer.D * layer.memory_width, layer)
        return effects._replace(noise=effects.noise._replace(keep_h=keep_h, keep_c=keep_c))

    def unknown_to_torch(self, training: bool) -> bool:
        """Return True: torch has no zoneout, in eval mode neither."""
        return True

    def __str__(self) -> str:
        return f"({self.hidden}, {self.memory})"


def _keep(p: float, features: int, layer: LayerContext) -> Tensor | None:
    if not p or not layer.layout.N:
        return None
    return layer.layout.draw(features, p, layer.like) if layer.training else layer.like.new_full((1, features), p)
