"""The compiled kernels as NumPy functions; in `anaphora.kernels.reference` the same in plain NumPy."""

from __future__ import annotations

from anaphora.kernels.calls import (
    Directions,
    Float,
    Packed,
    PackedLinear,
    Stepper,
    arch,
    backward,
    empty,
    flat,
    forward,
    get_threads,
    linear,
    pack,
    pack_linear,
    set_threads,
    share_threads,
    threads_source,
)
from anaphora.kernels.traits import TRAITS, CellTraits, saved_slots

__all__ = [
    "TRAITS", "CellTraits", "Directions", "Float", "Packed", "PackedLinear", "Stepper", "arch", "backward", "empty",
    "flat", "forward", "get_threads", "linear", "pack", "pack_linear", "saved_slots", "set_threads", "share_threads",
    "threads_source",
]  # fmt: skip
