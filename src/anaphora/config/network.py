"""Types of fields that several networks share (width, number of layers, share), and presets of a network.

hidden: Width = option(256, "units per layer and direction (H)")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from anaphora.config.declare import Preset, Values

Width = Annotated[int, Field(ge=1, le=2**16)]
Layers = Annotated[int, Field(ge=1, le=64)]
Rows = Annotated[int, Field(ge=1, le=2**20)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


def option(default: Any, description: str, **bounds: Any) -> Any:
    """Return a field with its default, its meaning, and the bounds `ge`, `gt`, `le` or `lt` of its values."""
    return Field(default=default, description=description, **bounds)


RECURRENT_DROPOUT = option(
    0.0,
    "variational dropout on h(t−1): probability that a unit is masked, one mask per sequence (Gal & Ghahramani 2016)",
)


def network_preset(**network: Any) -> Preset:
    """Return a preset that sets fields of the section `model`."""

    def preset(wished: Values) -> Mapping[str, Mapping[str, Any]]:
        return {"model": network}

    return preset
