"""The two raw operations of torch, ``anaphora::recurrent_forward`` and ``anaphora::recurrent_backward``.

Each has an implementation on the CPU, a function that says the shapes of its results, and a batching rule for
``torch.vmap``. An optional input is None, an absent result is an empty tensor (0,). ``derivative`` joins both.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from anaphora.kernels.row_index import Noise
from anaphora.nn.engine import batching, kernels_on_tensors
from anaphora.nn.engine.cached_index import CachedIndex, split
from anaphora.nn.engine.call import Inputs, LayerCall

# Both operations begin with these inputs; ``lines`` is ``CachedIndex.tensor``.
_INPUTS = (
    "str cell, int directions, SymInt T, bool whole, Tensor lines, Tensor x, Tensor? h0, Tensor? c0, "
    "Tensor?[] weights, Tensor? mask, Tensor? keep_h, Tensor? keep_c, int segment"
)
_SCHEMAS = (
    f"recurrent_forward({_INPUTS}, bool save) -> (Tensor y, Tensor h_n, Tensor c_n, Tensor saved)",
    f"recurrent_backward({_INPUTS}, float clip, Tensor y, Tensor saved, Tensor? dy, Tensor? dh_n, Tensor? dc_n, "
    "bool[] want) -> (Tensor dx, Tensor dh0, Tensor dc0, Tensor[] dweights)",
)


def _forward(cell: str, directions: int, T: int, whole: bool, lines: Tensor, *inputs: Any) -> tuple[Tensor, ...]:
    """``recurrent_forward`` on the CPU."""
    x, h0, c0, weights, mask, keep_h, keep_c, segment, save = inputs
    index = CachedIndex(T, whole, split(T, lines))
    noise = Noise(mask, keep_h, keep_c)
    found = kernels_on_tensors.forward(cell, directions, index, x, h0, c0, weights, noise, segment, save)
    return tuple(x.new_empty(0) if tensor is None else tensor for tensor in found)


def _backward(
    cell: str, directions: int, T: int, whole: bool, lines: Tensor, *inputs: Any
) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """``recurrent_backward`` on the CPU."""
    x, h0, c0, weights, mask, keep_h, keep_c, segment, clip, y, saved, *arriving, want = inputs
    call = LayerCall(cell, directions, CachedIndex(T, whole, split(T, lines)), segment, clip)
    given = Inputs(x, h0, c0, weights, Noise(mask, keep_h, keep_c))
    wanted = (*want[:3], False, False, False, want[3])
    found = kernels_on_tensors.backward(call, given, y, saved, arriving, wanted)
    dx, dh0, dc0 = (x.new_empty(0) if tensor is None else tensor for tensor in found[:3])
    return dx, dh0, dc0, [tensor for tensor in found[6:] if tensor is not None]


def _forward_shaped(*inputs: Any) -> tuple[Tensor, ...]:
    """The shape function of ``recurrent_forward``."""
    cell, D, T, _, lines, x, _, _, weights, *noise, segment, save = inputs
    B = _rows(T, lines)
    shapes = kernels_on_tensors.output_shapes(cell, D, x.shape[:-1], T, B, weights, Noise(*noise), segment, save)
    return tuple(x.new_empty((0,) if shape is None else shape) for shape in shapes)


def _backward_shaped(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """The shape function of ``recurrent_backward``."""
    cell, D, T, _, lines, x, _, _, weights = inputs[:9]
    B, (_, P, M) = _rows(T, lines), kernels_on_tensors.widths(cell, weights)
    want_x, want_h0, want_c0, want_weights = inputs[-1]
    return (
        x.new_empty(x.shape if want_x else (0,)),
        x.new_empty((D, B, P) if want_h0 else (0,)),
        x.new_empty((D, B, M) if want_c0 else (0,)),
        [x.new_empty(w.shape) for w in weights if w is not None] if want_weights else [],
    )


def _rows(T: Any, lines: Tensor) -> Any:
    """B, of symbols if need be."""
    return (lines.size(0) - T) // 2


_LIBRARY = torch.library.Library("anaphora", "DEF")
for _schema, _kernel, _shaped, _batched in zip(
    _SCHEMAS,
    (_forward, _backward),
    (_forward_shaped, _backward_shaped),
    (batching.forward, batching.backward),
    strict=True,
):
    _name = _LIBRARY.define(_schema, tags=(torch.Tag.pt2_compliant_tag,))
    _LIBRARY.impl(_name, _kernel, "CPU")
    torch.library.register_fake(f"anaphora::{_name}", _shaped, lib=_LIBRARY)
    torch.library.register_vmap(f"anaphora::{_name}", _batched, lib=_LIBRARY)
recurrent_forward: Any = torch.ops.anaphora.recurrent_forward.default
recurrent_backward: Any = torch.ops.anaphora.recurrent_backward.default
