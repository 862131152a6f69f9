"""What ``torch.vmap`` does with a recurrent layer: V batches of B rows are one batch of V·B rows.

Rows never meet, so the V batches are laid one after another and walked once. Where each batch brings its own weights,
or wants its own weight gradients, there are V walks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def forward(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[tuple[Tensor, ...], tuple[int | None, ...]]:
    """The batching rule of ``anaphora::recurrent_forward``."""
    V, (x, weights) = info.batch_size, (inputs[5], inputs[8])
    if any(dim is not None for dim in in_dims[8]):
        return _one_by_one(torch.ops.anaphora.recurrent_forward, V, in_dims, inputs)
    x, h0, c0 = (_front(tensor, dim, V) for tensor, dim in zip(inputs[5:8], in_dims[5:8], strict=True))
    y, *rest = torch.ops.anaphora.recurrent_forward(
        *inputs[:4],
        _repeated(inputs[2], inputs[4], V, x.size(1)),
        x.flatten(0, 1),
        _side(h0),
        _side(c0),
        weights,
        inputs[9],
    )
    rest = [tensor if tensor.dim() == 1 else tensor.unflatten(1, (V, -1)) for tensor in rest]
    return (y.unflatten(0, (V, -1)), *rest), (0, *(None if tensor.dim() == 1 else 1 for tensor in rest))


def backward(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Any, Any]:
    """The batching rule of ``anaphora::recurrent_backward``."""
    V, weights, want = info.batch_size, inputs[8], inputs[14]
    if want[3] or any(dim is not None for dim in in_dims[8]):
        return _one_by_one(torch.ops.anaphora.recurrent_backward, V, in_dims, inputs)
    x, h0, c0, y, saved, dy, dh_n, dc_n = (_front(inputs[at], in_dims[at], V) for at in (5, 6, 7, 9, 10, 11, 12, 13))
    dx, dh0, dc0, _ = torch.ops.anaphora.recurrent_backward(
        *inputs[:4],
        _repeated(inputs[2], inputs[4], V, x.size(1)),
        x.flatten(0, 1),
        _side(h0),
        _side(c0),
        weights,
        y.flatten(0, 1),
        _side(saved),
        None if dy is None else dy.flatten(0, 1),
        _side(dh_n),
        _side(dc_n),
        want,
    )
    dx, dx_dim = (dx.unflatten(0, (V, -1)), 0) if want[0] else (dx, None)
    dh0, dh0_dim = (dh0.unflatten(1, (V, -1)), 1) if want[1] else (dh0, None)
    dc0, dc0_dim = (dc0.unflatten(1, (V, -1)), 1) if want[2] else (dc0, None)
    return (dx, dh0, dc0, []), (dx_dim, dh0_dim, dc0_dim, [])


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


def _front(tensor: Any, dim: int | None, V: int) -> Any:
    """The tensor with the mapped dimension first; one that isn't mapped is the same V times."""
    if tensor is None:
        return None
    return tensor.expand(V, *tensor.shape) if dim is None else tensor.movedim(dim, 0)


def _side(tensor: Tensor | None) -> Tensor | None:
    """(V, D, B, ·) as (D, V·B, ·): the rows of all batches side by side."""
    return None if tensor is None else tensor.movedim(0, 1).flatten(1, 2)


def _repeated(T: int, lines: Tensor, V: int, N: int) -> Tensor:
    """The lines of one batch of N as those of V batches, one after another."""
    B = (lines.size(0) - T) // 2
    time_offset, row_offset, lengths = lines.split([T, B, B])
    batch = torch.arange(V).repeat_interleave(B)
    return torch.cat([time_offset, row_offset.repeat(V) + batch * N, lengths.repeat(V)])
