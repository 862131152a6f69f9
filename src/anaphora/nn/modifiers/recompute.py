"""Backpropagation through time in less memory (Chen et al., arXiv:1604.06174, 2016): recompute instead of saving.

    saved: c before steps 0, k, 2k, …        instead of every gate of every step

Backward walks each segment of k steps once more to compute its gates again. Memory falls from T to T/k + k lines of
gates, least at k = √T, for about half as much time again; the gradients are the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers.modifier import LayerContext, LayerEffects, Modifier, attach

Module = TypeVar("Module", bound=RecurrentBase)


def recompute(module: Module, steps: int) -> Module:
    """Save the state of every ``steps``-th step only, and recompute the others in backward.

    Changes the module and returns it; 0 removes it. It changes nothing where torch's operations run. Raises ValueError
    for anything but a whole number, TypeError for a module that is not one of anaphora.nn.
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise ValueError(f"recompute: expected a number of steps, 1 or more, or 0, got {steps!r}")
    return attach(module, "recompute", Recompute(steps) if steps else None)


@dataclass(frozen=True)
class Recompute(Modifier):
    """Walk in segments of ``steps``."""

    steps: int

    def effects(self, effects: LayerEffects, layer: LayerContext) -> LayerEffects:
        """Set the length of a segment."""
        return effects._replace(segment=self.steps)

    def unknown_to_torch(self, training: bool) -> bool:
        """Return False: recomputing changes no result."""
        return False

    def __str__(self) -> str:
        return f"{self.steps}"
