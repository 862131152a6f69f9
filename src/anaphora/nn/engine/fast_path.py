"""The fast path: plain tensors without an observer go to the kernels without torch's dispatcher.

    is_open?   ->   ``kernels_on_tensors.forward``, or ``differentiable`` where some input requires a gradient

The dispatcher costs more than a short walk. It is needed for whoever observes or replaces operations: subclasses of
tensors, transforms, modes, dual numbers, traces and profilers. Values and gradients are the same bits on both paths.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from anaphora.nn.engine import derivative, kernels_on_tensors
from anaphora.nn.engine.call import Inputs, LayerCall, without_noise

_PLAIN = frozenset({Tensor, torch.nn.Parameter, type(None)})


def is_open(*tensors: Tensor | None) -> bool:
    """Return whether all tensors, of any shape (N, …), are plain ones and nothing observes their operations."""
    if (
        torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
        or torch._C._get_tracing_state() is not None
        or torch._C._autograd._profiler_enabled()
        or forward_ad._current_level >= 0
    ):
        return False
    for tensor in tensors:  # noqa: SIM110, a loop is quicker than all(...) and this runs in every step
        if type(tensor) not in _PLAIN:
            return False
    return True


def differentiable(call: LayerCall, given: Inputs, keep: bool) -> tuple[Tensor, Tensor, Any, Any]:
    """Return y (…, D·P), h_n (D, B, P), c_n (D, B, M·H) with a gradient, and with ``keep`` saved (D, N, S·H)."""
    return _apply(call, given, keep, *given.tensors)


class FastRecurrentFunction(torch.autograd.Function):
    """``derivative.RecurrentFunction`` without the dispatcher."""

    @staticmethod
    def forward(ctx: Any, call: LayerCall, given: Inputs, keep: bool, *tensors: Tensor | None) -> Any:
        """Return y (…, D·P), h_n (D, B, P), c_n (D, B, M·H) and with ``keep`` the activations (D, N, S·H)."""
        cell, directions, index, segment, _ = call
        results = kernels_on_tensors.forward(cell, directions, index, *given, segment, True)
        y, h_n, c_n, saved = results
        ctx.call = call
        ctx.save_for_backward(y, saved, *tensors)
        ctx.set_materialize_grads(False)
        if not keep:
            return y, h_n, c_n, None
        ctx.mark_non_differentiable(saved)
        return results

    @staticmethod
    def backward(ctx: Any, *arriving: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of all inputs from those of y (…, D·P), h_n (D, B, P) and c_n (D, B, M·H)."""
        call, (y, saved, *tensors) = ctx.call, ctx.saved_tensors
        given, wanted = Inputs.of(tensors), without_noise(ctx.needs_input_grad[3:])
        if torch.is_grad_enabled() or derivative.is_batched(*arriving):
            found = derivative.composed_gradients(call, given, arriving[:3], wanted)
        elif is_open(y, saved, *arriving, *tensors):
            found = kernels_on_tensors.backward(call, given, y, saved, arriving[:3], wanted)
        else:
            found = derivative.gradients(call, given, y, saved, arriving[:3], wanted)
        return (None, None, None, *found)


# The method of torch's base class: ``Function.apply`` binds default arguments through inspect.signature, 40 µs a call.
_apply: Callable[..., tuple[Tensor, Tensor, Any, Any]] = super(torch.autograd.Function, FastRecurrentFunction).apply
