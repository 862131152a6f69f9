"""What a function such as ``zoneout`` does to a module: it leaves a `Change` with it, which every walk asks.

A change may draw noise for the states, limit gradients, walk in segments, replace the recurrent weights or give the
state a row begins with; each says only what is its own, and they compose. The module's type and its ``state_dict`` stay
as they were, but for the parameters of a learned initial state.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine.batch_layout import Layout


class Extras(NamedTuple):
    """What the operation takes beside the walk: noise in the states, the limit of gradients, steps walked again."""

    noise: Noise = SILENT
    clip: float = 0.0
    segment: int = 0


PLAIN = Extras()


class Place(NamedTuple):
    """The walk of one layer: what a change may ask before it."""

    layout: Layout
    D: int
    P: int
    H: int
    training: bool
    like: Tensor  # a weight: device and dtype

    @property
    def rows(self) -> int:
        """How many rows walk, segments counted as rows."""
        return self.layout.walk.rows


class Change:
    """One change, by default none of what it could be. ``str`` of it stands in the module's ``repr``."""

    def extras(self, extras: Extras, place: Place) -> Extras:
        """Add to what the operation takes."""
        return extras

    def recurrent_weight(self, weight: Tensor, training: bool) -> Tensor:
        """Replace weight_hh (G·H, P) in one walk."""
        return weight

    def initial_state(self, module: Any, rows: int) -> Any:
        """The state that rows begin with when none is given; None leaves it."""
        return None

    def walks_on_its_own(self, training: bool) -> bool:
        """Whether torch's own operation can't do it."""
        return training


Module = TypeVar("Module", bound=torch.nn.Module)


def leave(module: Module, name: str, change: Change | None) -> Module:
    """Leave a change with a module in place of an earlier one of that name; None takes it away.

    Raises TypeError for a module that isn't one of ours.
    """
    before = getattr(module, "changes", None)
    if not isinstance(before, dict):
        raise TypeError(f"{name}: expected a recurrent module of anaphora.nn, got {type(module).__name__}")
    after = {**before, name: change}
    # In one order whatever the order of calls: one seed draws one set of masks.
    module.changes = {key: value for key, value in sorted(after.items()) if value is not None}  # type: ignore[assignment]
    return module


def probability(name: str, value: float) -> float:
    """A probability in [0, 1], or raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a probability between 0 and 1, got {value!r}")
    return float(value)
