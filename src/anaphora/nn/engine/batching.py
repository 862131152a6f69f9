"""The batching rules of ``torch.vmap`` for a recurrent layer: V batches of B rows are one batch of V·B rows.

No row depends on another, so the V batches are laid one after another and walked once. If each batch brings its own
weights, or needs its own weight gradients, there are V walks.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

# Positions in the inputs of the two operations: see the schemas in ``operations``.
_T, _LINES, _X, _H0, _C0, _WEIGHTS, _MASK, _KEEP_H, _KEEP_C, _SEGMENT = (2, *range(4, 13))
_Y, _SAVED, _DY, _DH_N, _DC_N, _WANT = range(14, 20)


def forward(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[tuple[Tensor, ...], tuple[int | None, ...]]:
    """Apply the batching rule of ``anaphora::recurrent_forward``."""
    V, operation = info.batch_size, torch.ops.anaphora.recurrent_forward
    if any(dim is not None for dim in in_dims[_WEIGHTS]):
        return _one_by_one(operation, V, in_dims, inputs)
    y, h_n, c_n, saved = operation(*_as_one_batch(V, in_dims, inputs), *inputs[_SEGMENT:])
    (c_n, c_dim), (saved, saved_dim) = _unmerged(c_n, 1, V), _unmerged(saved, 2 if inputs[_SEGMENT] else 1, V)
    return (y.unflatten(0, (V, -1)), h_n.unflatten(1, (V, -1)), c_n, saved), (0, 1, c_dim, saved_dim)


def backward(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, Any]:
    """Apply the batching rule of ``anaphora::recurrent_backward``."""
    V, want, operation = info.batch_size, inputs[_WANT], torch.ops.anaphora.recurrent_backward
    if want[3] or any(dim is not None for dim in in_dims[_WEIGHTS]):
        return _one_by_one(operation, V, in_dims, inputs)
    y, saved, dy, dh_n, dc_n = (_mapped_first(inputs[at], in_dims[at], V) for at in (_Y, _SAVED, _DY, _DH_N, _DC_N))
    if saved.dim() > 2:  # an absent one is (0,)
        saved = _merged(saved) if not inputs[_SEGMENT] else saved.movedim(0, 2).flatten(2, 3)
    else:
        saved = saved[0]
    dx, dh0, dc0, _ = operation(
        *_as_one_batch(V, in_dims, inputs),
        *inputs[_SEGMENT:_Y],
        y.flatten(0, 1),
        saved,
        None if dy is None else dy.flatten(0, 1),
        _merged(dh_n),
        _merged(dc_n),
        want,
    )
    (dx, dx_dim), (dh0, dh0_dim), (dc0, dc0_dim) = _unmerged(dx, 0, V), _unmerged(dh0, 1, V), _unmerged(dc0, 1, V)
    return (dx, dh0, dc0, []), (dx_dim, dh0_dim, dc0_dim, [])


def _as_one_batch(V: int, in_dims: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs of both operations up to the noise, for all batches as one."""
    x, h0, c0, mask = (_mapped_first(inputs[at], in_dims[at], V) for at in (_X, _H0, _C0, _MASK))
    N = math.prod(x.shape[1:-1])
    keeps = (_keep(inputs[at], in_dims[at], V, N) for at in (_KEEP_H, _KEEP_C))
    lines = _lines_of_all(inputs[_T], inputs[_LINES], V, N)
    return (*inputs[:_LINES], lines, x.flatten(0, 1), _merged(h0), _merged(c0), inputs[_WEIGHTS], _merged(mask), *keeps)


def _keep(keep: Tensor | None, dim: int | None, V: int, N: int) -> Tensor | None:
    """(N, ·), or (1, ·) for all lines, as (V·N, ·); (1, ·) stays if it is the same in all batches."""
    if keep is None or (dim is None and keep.size(0) == 1):
        return keep
    lines: Tensor = _mapped_first(keep, dim, V)
    return lines.expand(V, N, lines.size(2)).flatten(0, 1)


def _unmerged(tensor: Tensor, dim: int, V: int) -> tuple[Tensor, int | None]:
    """The result with a dimension of V batches, and the position of that; an absent result is (0,)."""
    return (tensor, None) if tensor.dim() == 1 else (tensor.unflatten(dim, (V, -1)), dim)


def _one_by_one(operation: Any, V: int, in_dims: tuple[Any, ...], inputs: tuple[Any, ...]) -> tuple[Any, Any]:
    results = [operation(*(_pick(value, dim, v) for value, dim in zip(inputs, in_dims, strict=True))) for v in range(V)]
    outputs = tuple(_stacked(column) for column in zip(*results, strict=True))
    return outputs, tuple([0] * len(value) if isinstance(value, list) else 0 for value in outputs)


def _stacked(column: tuple[Any, ...]) -> Any:
    if isinstance(column[0], list):
        return [torch.stack(each) for each in zip(*column, strict=True)]
    return torch.stack(column)


def _pick(value: Any, dim: Any, v: int) -> Any:
    if isinstance(dim, (list, tuple)):
        return [_pick(each, its_dim, v) for each, its_dim in zip(value, dim, strict=True)]
    return value if dim is None else value.select(dim, v)


def _mapped_first(tensor: Any, dim: int | None, V: int) -> Any:
    """The tensor with the mapped dimension first, (V, …); a tensor that is not mapped is repeated V times."""
    if tensor is None:
        return None
    return tensor.expand(V, *tensor.shape) if dim is None else tensor.movedim(dim, 0)


def _merged(tensor: Tensor | None) -> Tensor | None:
    """(V, D, B, ·) as (D, V·B, ·)."""
    return None if tensor is None else tensor.movedim(0, 1).flatten(1, 2)


def _lines_of_all(T: int, lines: Tensor, V: int, N: int) -> Tensor:
    """``CachedIndex.tensor`` (T + 2·B,) of a batch of N lines, for V batches one after another: (T + 2·V·B,)."""
    B = (lines.size(0) - T) // 2
    time_offset, row_offset, lengths = lines.split([T, B, B])
    batch = torch.arange(V).repeat_interleave(B)
    return torch.cat([time_offset, row_offset.repeat(V) + batch * N, lengths.repeat(V)])
