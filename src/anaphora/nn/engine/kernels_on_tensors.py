"""The kernels on CPU tensors: the only file that calls the kernels on tensors.

    y, h_n, c_n = walk(x; W, U, b, h_0, c_0)                    forward
    dx, dW, dU, db, dh_0, dc_0 = walk back(dy, dh_n, dc_n)      backward

A tensor lends its memory to the kernels, and results are NumPy's memory, which torch takes over without a copy. All
tensors are float32 on the CPU. ``csrc/kernels.h`` says in which order each row is summed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from anaphora import _kernels, kernels
from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.engine.call import Inputs, LayerCall

kernels.share_threads()  # torch's threads: two pools on the same cores slow each other down


def forward(
    cell: str,
    directions: int,
    index: CachedIndex,
    x: Tensor,  # (…, I), N lines
    h0: Tensor | None,  # (D, B, P)
    c0: Tensor | None,  # (D, B, M·H)
    weights: Sequence[Tensor | None],
    noise: Noise,
    segment: int,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """Walk every row: y (…, D·P), h_n (D, B, P), c_n (D, B, M·H) of a cell with M memories, and with ``save`` the
    values for backward, (D, N, S·H) or with ``segment`` (D, ⌈T / segment⌉, B, M·H).
    """
    rows = index.known
    assert rows is not None  # torch traces the operations' shape functions, never this
    shapes = output_shapes(cell, directions, x.shape[:-1], index.T, len(rows.lengths), weights, noise, segment, save)
    y, h_n = kernels.empty(shapes[0]), np.empty(shapes[1], np.float32)
    c_n = None if shapes[2] is None else np.empty(shapes[2], np.float32)
    saved = None if shapes[3] is None else kernels.empty(shapes[3])
    if not index.whole:
        y.fill(0)
    in_order: list[Any] = []
    for weight in weights:  # a loop and the conditions in place: calls of functions would take longer than a short walk
        plain = weight is None or (weight.is_contiguous() and not weight.is_neg())
        in_order.append(weight if plain else _in_order(weight))
    if not x.is_contiguous() or x.is_neg():
        x = _in_order(x)
    if h0 is not None or c0 is not None:
        h0, c0 = _in_order(h0), _in_order(c0)
    noise = noise if noise is SILENT else _arrays(noise)
    arguments: tuple[Any, ...] = (x, *rows, h0, c0, y, h_n, c_n, saved, *noise, segment)
    _kernels.forward(_kernels.pack(cell, in_order), *arguments)
    return (
        torch.from_numpy(y),
        torch.from_numpy(h_n),
        None if c_n is None else torch.from_numpy(c_n),
        None if saved is None else torch.from_numpy(saved),
    )


def backward(
    call: LayerCall,
    given: Inputs,
    y: Tensor,
    saved: Tensor,
    arriving: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients of ``given.tensors`` in their order and shapes, None where ``wanted`` is False.

    ``y`` (…, D·P) and ``saved`` are those of ``forward``; ``arriving`` are the gradients of y (…, D·P), h_n (D, B, P)
    and c_n (D, B, M·H), None for zeros.
    """
    cell, D, index, segment, clip = call
    x, h0, c0, weights, noise = given
    dy, dh_n, dc_n = arriving
    rows = index.arrays
    B, (_, P, M) = len(rows.lengths), widths(cell, weights)
    dx = kernels.empty(x.shape) if wanted[0] else None
    dh0 = kernels.empty((D, B, P)) if wanted[1] else None
    dc0 = kernels.empty((D, B, M)) if wanted[2] else None
    dweights = [None if w is None else kernels.empty(w.shape) for w in weights] if True in wanted[6:] else []
    if dx is not None and not index.whole:
        dx.fill(0)
    dc_n = dc_n if M else None
    lines, *rest = map(_in_order, (x, h0, c0, y, saved, dy, dh_n, dc_n))
    arguments: tuple[Any, ...] = (lines, *rows, *rest, dx, dweights, dh0, dc0, *_arrays(noise), clip, segment)
    _kernels.backward(cell, [*map(_in_order, weights)], *arguments)
    found = (dx, dh0, dc0, None, None, None, *(dweights or [None] * len(weights)))
    return [None if array is None else torch.from_numpy(array) for array in found]


def output_shapes(
    cell: str,
    D: int,
    lines: Any,
    T: Any,
    B: Any,
    weights: Sequence[Any],
    noise: Noise,
    segment: int,
    save: bool,
) -> tuple[Any, Any, Any, Any]:
    """Return the shapes of ``forward``'s results, of symbols if need be; None for a result that is absent.

    ``lines`` is the shape of x (…, I) without I, ``weights`` begin with w_ih (G·H, I) and w_hh (G·H, P).
    """
    H, P, M = widths(cell, weights)
    saved: tuple[Any, ...] | None = None
    if save and segment:  # the memories before each segment
        saved = (D, -(-T // segment), B, M) if M else (0,)
    elif save:  # the activations of each line
        saved = (D, math.prod(lines), kernels.saved_slots(cell, noise) * H)
    return (*lines, D * P), (D, B, P), (D, B, M) if M else None, saved


def widths(cell: str, weights: Sequence[Any]) -> tuple[int, int, int]:
    """Return H, P and M·H, the width of all memories, from a direction's weights w_ih (G·H, I), w_hh (G·H, P), …"""
    rows, P = weights[1].shape
    traits = kernels.TRAITS[cell]
    H = rows // traits.gates
    return H, P, traits.memories * H


def _in_order(tensor: Tensor | None) -> Any:
    """The tensor (…) with its numbers in order of memory and without a pending sign, as the kernels take it."""
    if tensor is None or (tensor.is_contiguous() and not tensor.is_neg()):
        return tensor
    return tensor.resolve_neg().contiguous()


def _arrays(noise: Noise) -> Noise:
    """The noise as NumPy arrays: unlike empty tensors, empty arrays have an address."""
    if noise.mask is noise.keep_h is noise.keep_c is None:
        return SILENT
    return Noise(*(None if tensor is None else tensor.contiguous().numpy(force=True) for tensor in noise))
