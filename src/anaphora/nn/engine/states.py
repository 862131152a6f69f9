"""The initial state of a recurrent module: checked, in the weights' dtype, one for each row that walks."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from anaphora.nn.engine.batch_layout import BatchLayout

State = Tensor | tuple[Tensor, Tensor]


class Layers(Protocol):
    """A module of recurrent layers, as far as its states ask."""

    num_layers: int
    hidden_size: int
    proj_size: int
    bidirectional: bool

    @property
    def has_memory(self) -> bool:
        """True if the state is the pair (h, c), False if it is h alone."""

    @property
    def memory_width(self) -> int:
        """M·H, the size of a row's c."""

    def anew(self, rows: int) -> tuple[Tensor | None, Tensor | None]:
        """Return h_0 (L·D, rows, P) and c_0 (L·D, rows, M·H) of rows for which no state is given; None for zeros."""


def initial_state(module: Layers, hx: Any, layout: BatchLayout, like: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return h_0 (L·D, S, P) and c_0 (L·D, S, M·H) for the S rows that walk, segments counted as rows; None for zeros.

    ``hx``: h_0 (L·D, B, P), or the pair with c_0 (L·D, B, M·H), or None; without B for one sequence. ``like``: a
    weight, of any shape (·, ·). Raises RuntimeError for a state of another form, shape or dtype.
    """
    if hx is None:
        return module.anew(layout.row_index.rows)
    pair, name = module.has_memory, type(module).__name__
    states = hx if isinstance(hx, (tuple, list)) else (hx,)
    if len(states) != (2 if pair else 1) or isinstance(hx, Tensor) == pair:
        expected = "the pair (h_0, c_0)" if pair else "the tensor h_0"
        raise RuntimeError(f"{name}: expected hx to be {expected}, got {type(hx).__name__}")
    sizes = (module.proj_size or module.hidden_size, module.memory_width)
    names = ("hidden[0] size", "hidden[1] size") if pair else ("hidden size",)
    D = 2 if module.bidirectional else 1
    checked = [
        _checked(state, (module.num_layers * D, layout.rows, size), name, layout, like)
        for state, size, name in zip(states, sizes, names, strict=False)
    ]
    if layout.segments is not None:
        rows = layout.row_index.rows
        for number, (state, default) in enumerate(zip(checked, module.anew(rows), strict=False)):
            default = state.new_zeros(state.size(0), rows, state.size(2)) if default is None else default
            checked[number] = layout.segments.begin(state, default, D)
    return checked[0], checked[1] if pair else None


def _checked(state: Tensor, shape: tuple[int, int, int], name: str, layout: BatchLayout, like: Tensor) -> Tensor:
    expected = shape if layout.batched else (shape[0], shape[2])
    if state.shape != expected:
        raise RuntimeError(f"Expected {name} {expected}, got {list(state.shape)}")
    if state.dtype is not like.dtype and not torch.is_autocast_enabled(like.device.type):
        raise RuntimeError(
            f"Expected hx of dtype {like.dtype} like the weights, got {state.dtype}: hx.to({like.dtype})"
        )
    return (state if layout.batched else state.unsqueeze(1)).to(like.device, like.dtype)
