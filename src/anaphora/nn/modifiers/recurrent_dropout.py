"""Variational dropout of the recurrent input (Gal & Ghahramani, NeurIPS 2016): one mask for all steps of a row.

    h_{t−1} enters every product as m ⊙ h_{t−1}        m ∈ {0, 1/(1 − p)}, drawn for every row and unit

A term without a product (a GRU's z ⊙ h_{t−1}, zoneout) takes h_{t−1} without the mask. In eval mode nothing is dropped.
A reset begins another sequence, which has its own mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers import random_masks
from anaphora.nn.modifiers.modifier import LayerContext, LayerEffects, Modifier, attach, probability

Module = TypeVar("Module", bound=RecurrentBase)


def recurrent_dropout(module: Module, p: float) -> Module:
    """Drop each unit of h with probability ``p`` from all recurrent products of a row while training.

    Changes the module and returns it; 0 removes it. Raises ValueError for anything but a probability, TypeError for
    a module that is not one of anaphora.nn.
    """
    p = probability("recurrent_dropout", p)
    return attach(module, "recurrent_dropout", RecurrentDropout(p) if p else None)


@dataclass(frozen=True)
class RecurrentDropout(Modifier):
    """Drop units of h with probability ``p``."""

    p: float

    def effects(self, effects: LayerEffects, layer: LayerContext) -> LayerEffects:
        """Draw the mask (D, rows, P) of this walk."""
        if not layer.training:
            return effects
        mask = random_masks.dropout((layer.D, layer.rows, layer.P), self.p, layer.like)
        return effects._replace(noise=effects.noise._replace(mask=mask))

    def __str__(self) -> str:
        return f"{self.p}"
