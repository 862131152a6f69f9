"""DropConnect on the recurrent weights (Wan et al., ICML 2013; for language models Merity et al., ICLR 2018).

    U ← m ⊙ U        m ∈ {0, 1/(1 − p)}, drawn for every weight in every call

All rows and steps of a call have the same weights. In eval mode nothing is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.modifiers import random_masks
from anaphora.nn.modifiers.modifier import Modifier, attach, probability

Module = TypeVar("Module", bound=RecurrentBase)


def weight_drop(module: Module, p: float) -> Module:
    """Drop each weight of every ``weight_hh`` with probability ``p`` while training.

    Changes the module and returns it; 0 removes it. Raises ValueError for anything but a probability, TypeError for
    a module that is not one of anaphora.nn.
    """
    p = probability("weight_drop", p)
    return attach(module, "weight_drop", WeightDrop(p) if p else None)


@dataclass(frozen=True)
class WeightDrop(Modifier):
    """Drop recurrent weights with probability ``p``."""

    p: float

    def recurrent_weight(self, weight: Tensor, training: bool) -> Tensor:
        """Return the weights (G·H, P) of this call: ``weight`` (G·H, P) times the mask while training."""
        return weight * random_masks.dropout(weight.shape, self.p, weight) if training else weight

    def __str__(self) -> str:
        return f"{self.p}"
