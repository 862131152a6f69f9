"""The base of what a function such as ``zoneout`` attaches to a module: a modifier, which acts in every walk.

A modifier may draw noise for the states, limit gradients, walk in segments, replace the recurrent weights or give rows
their initial state. Each modifier has one effect, and effects combine. The module's type and ``state_dict`` stay as
they were, except that a learned initial state adds parameters.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine.batch_layout import BatchLayout


class LayerEffects(NamedTuple):
    """The last arguments of ``functional.recurrent``: noise in the states, the gradients' limit, steps of a segment."""

    noise: Noise = SILENT
    clip: float = 0.0
    segment: int = 0


NO_EFFECTS = LayerEffects()


class LayerContext(NamedTuple):
    """The layer that is about to walk, as its modifiers see it."""

    layout: BatchLayout
    D: int
    P: int
    memory_width: int  # M·H, 0 for a cell without a memory
    training: bool
    like: Tensor  # weight_hh (G·H, P), for its device and dtype

    @property
    def rows(self) -> int:
        """The number of rows that walk, segments counted as rows."""
        return self.layout.row_index.rows


class Modifier:
    """A modifier without any effect. Its ``str`` stands in the module's ``repr``."""

    def effects(self, effects: LayerEffects, layer: LayerContext) -> LayerEffects:
        """Return the effects of the modifiers before this one, with this one's added."""
        return effects

    def recurrent_weight(self, weight: Tensor, training: bool) -> Tensor:
        """Return the recurrent weights (G·H, P) of one walk, in place of weight_hh (G·H, P)."""
        return weight

    def initial_state(self, module: Any, rows: int) -> Any:
        """Return h_0 (L·D, rows, P), or with c_0 (L·D, rows, M·H), of rows without a given state; None for zeros."""
        return None

    def unknown_to_torch(self, training: bool) -> bool:
        """Return whether torch's own operation does not have the effect."""
        return training


Module = TypeVar("Module", bound=torch.nn.Module)


def attach(module: Module, name: str, modifier: Modifier | None) -> Module:
    """Attach a modifier to a module in place of an earlier one of that name; None removes the earlier one.

    Raises TypeError for a module that is not a recurrent module of anaphora.nn.
    """
    before = getattr(module, "modifiers", None)
    if not isinstance(before, dict):
        raise TypeError(f"{name}: expected a recurrent module of anaphora.nn, got {type(module).__name__}")
    after = {**before, name: modifier}
    # In one order whatever the order of calls: one seed draws one set of masks.
    module.modifiers = {key: value for key, value in sorted(after.items()) if value is not None}  # type: ignore[assignment]
    return module


def probability(name: str, value: float) -> float:
    """Return the value as a float; raise ValueError if it is not a probability in [0, 1], naming ``name``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a probability between 0 and 1, got {value!r}")
    return float(value)
