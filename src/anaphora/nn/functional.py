"""One recurrent layer as a function of tensors: it chooses how the walk runs.

    y, h_n, c_n = recurrent(cell, x, weights, directions, index, h0, c0, noise, clip, segment)

    plain tensors, no observer            the kernels, called directly        ``fast_path``
    torch.jit.trace                       the equations in plain torch        ``composed``
    compilation, transforms, observers    torch's dispatcher                  ``operations``, ``derivative``

Differs from torch's own recurrent operations: forward-mode differentiation raises an error. A second derivative walks
again in plain torch (``composed``), in the layer's own dtype; so does ``torch.func.grad``, whose derivatives can always
be derived again. Under autocast the layer still computes in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine import composed, derivative, fast_path, kernels_on_tensors, operations
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.engine.call import Inputs, LayerCall, any_requires_grad


def recurrent(
    cell: str,
    x: Tensor,  # (…, I), N lines
    weights: Sequence[Tensor | None],
    directions: int,
    index: CachedIndex,
    h0: Tensor | None = None,  # (D, B, P)
    c0: Tensor | None = None,  # (D, B, M·H)
    noise: Noise = SILENT,
    clip: float = 0.0,
    segment: int = 0,
    keep: bool = False,
) -> tuple[Tensor, Tensor, Any, Any]:
    """Walk one layer over all rows of a float32 CPU batch: y (…, D·P), h_n (D, B, P), c_n (D, B, M·H) of M memories.

    ``weights`` are the six of ``row_index.Weights``, None where there is none, one direction after the other.
    Lines past a row's end come out as 0. ``clip`` bounds the gradient of every pre-activation at every step;
    with ``segment`` backward computes the gates again, that many steps at a time. The activations are saved only if
    some input requires a gradient. With ``keep`` the last result is the activations of all steps (D, N, S·H), into
    which no gradient flows. Raises NotImplementedError under forward-mode differentiation.
    """
    segment = 0 if keep else segment
    if (
        not torch.compiler.is_dynamo_compiling()
        and index.known is not None
        and fast_path.is_open(x, h0, c0, *noise, *weights)
    ):
        if torch.is_grad_enabled() and any_requires_grad(x, h0, c0, *weights):
            call = LayerCall(cell, directions, index, segment, clip)
            return fast_path.differentiable(call, Inputs(x, h0, c0, weights, noise), keep)
        return kernels_on_tensors.forward(cell, directions, index, x, h0, c0, weights, noise, segment, keep)
    if torch._C._get_tracing_state() is not None:  # torch.jit.trace knows no list in which a tensor may be missing
        return composed.recurrent(cell, x, weights, directions, index, h0, c0, noise, clip)
    return _dispatched(LayerCall(cell, directions, index, segment, clip), Inputs(x, h0, c0, weights, noise), keep)


def _dispatched(call: LayerCall, given: Inputs, keep: bool) -> tuple[Tensor, Tensor, Any, Any]:
    """``recurrent`` through torch's dispatcher, so that transforms, modes and compilation see the operations."""
    cell, directions, index, segment, clip = call
    transforming = torch._C._are_functorch_transforms_active()
    wanted = torch.is_grad_enabled() and (transforming or any_requires_grad(*given[:3], *given.weights))
    along = (cell, directions, index.T, index.whole, index.tensor)
    if torch.compiler.is_compiling():
        from torch.fx.experimental.symbolic_shapes import guard_scalar  # compilation brings it; it takes a second

        numbers = guard_scalar(segment), guard_scalar(clip)  # as they are now, not symbols that the graph takes
        return derivative.apply_compiled(*along, *numbers, wanted or keep, *given.tensors)
    if transforming:
        return derivative.apply(*along, segment, clip, wanted or keep, *given.tensors)
    if wanted or forward_ad._current_level >= 0:
        return derivative.apply_now(*along, segment, clip, wanted or keep, *given.tensors)
    found: tuple[Tensor, Tensor, Tensor, Tensor]
    found = operations.recurrent_forward(*along, *given[:4], *given.noise, segment, keep)
    return found
