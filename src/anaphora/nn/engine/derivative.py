"""A recurrent layer with its derivative, backpropagation through time, as a ``torch.autograd.Function``.

    dx, dW, dU, db, dh_0, dc_0 = walk back(dy, dh_n, dc_n)

It calls the raw operations through torch's dispatcher. Derivatives that are to be derived again (``create_graph=True``,
``torch.func``) come from ``composed``. No gradient flows into noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor

from anaphora.nn.engine import composed
from anaphora.nn.engine.cached_index import CachedIndex
from anaphora.nn.engine.call import Inputs, LayerCall, without_noise

Outputs = tuple[Tensor, Tensor, Tensor, Tensor]
Gradients = Sequence[Tensor | None]


class RecurrentFunction(torch.autograd.Function):
    """y, h_n, c_n and the saved activations as a function of x, h_0, c_0 and the weights."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        cell: str,
        directions: int,
        T: int,
        whole: bool,
        lines: Tensor,
        segment: int,
        clip: float,
        save: bool,
        *tensors: Tensor | None,
    ) -> Any:
        """Return y (…, D·P), h_n (D, B, P), c_n (D, B, M·H) and saved (D, N, S·H) of ``Inputs.tensors``."""
        given = Inputs.of(tensors)
        inputs = (cell, directions, T, whole, lines, *given[:4], *given.noise, segment)
        return torch.ops.anaphora.recurrent_forward.default(*inputs, save)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
        """Keep the inputs and y (…, D·P), saved (D, N, S·H) for backward."""
        y, _, c_n, saved = output
        ctx.call = (*inputs[:4], *inputs[5:7])
        ctx.save_for_backward(y, saved, inputs[4], *inputs[8:])
        ctx.set_materialize_grads(False)
        if c_n.dim() == 3:
            ctx.mark_non_differentiable(saved)
        else:  # a cell without a memory
            ctx.mark_non_differentiable(saved, c_n)

    @staticmethod
    def backward(ctx: Any, *arriving: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of all inputs from those of y (…, D·P), h_n (D, B, P) and c_n (D, B, M·H)."""
        cell, directions, T, whole, segment, clip = ctx.call
        y, saved, lines, *tensors = ctx.saved_tensors
        call = LayerCall(cell, directions, CachedIndex(T, whole, None, lines), segment, clip)
        given, wanted = Inputs.of(tensors), without_noise(ctx.needs_input_grad[8:])
        if torch.is_grad_enabled() or is_batched(*arriving):
            found = composed_gradients(call, given, arriving[:3], wanted)
        else:
            found = gradients(call, given, y, saved, arriving[:3], wanted)
        return (*[None] * 8, *found)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> NoReturn:
        raise NotImplementedError(
            "anaphora's recurrent layers have no forward-mode derivative (torch.func.jvp, jacfwd, forward_ad): "
            "use reverse mode (torch.func.vjp, jacrev, torch.autograd.grad), "
            "or module.double() with float64 inputs, which runs in plain torch"
        )


class _CompiledRecurrentFunction(RecurrentFunction):
    """The same for ``torch.compile``, which takes no function that defines a forward mode; torch's own refuses it."""

    jvp = torch.autograd.Function.jvp


apply: Callable[..., Outputs] = RecurrentFunction.apply
apply_compiled: Callable[..., Outputs] = _CompiledRecurrentFunction.apply
# Outside of transforms and compilation: ``Function.apply`` binds default arguments through inspect.signature, some
# 40 µs a call; the method of torch's base class does the same work without.
apply_now: Callable[..., Outputs] = super(torch.autograd.Function, RecurrentFunction).apply


def is_batched(*arriving: Tensor | None) -> bool:
    """Return whether ``is_grads_batched`` maps the gradients (N, …): only plain torch operations know such a batch."""
    if torch.compiler.is_compiling():
        return False
    for d in arriving:  # noqa: SIM110, a loop is quicker than any(...) and this runs in every backward
        if d is not None and torch._C._functorch.is_legacy_batchedtensor(d):
            return True
    return False


def gradients(
    call: LayerCall, given: Inputs, y: Tensor, saved: Tensor, arriving: Gradients, wanted: Sequence[bool]
) -> list[Tensor | None]:
    """Return gradients of ``given.tensors`` in their order and shapes by the raw operation, None if not ``wanted``.

    ``y`` (…, D·P) and ``saved`` (D, N, S·H) are results of forward; ``arriving`` are the gradients of y (…, D·P), h_n
    (D, B, P) and c_n (D, B, M·H).
    """
    cell, directions, index, segment, clip = call
    want = [*wanted[:3], True in wanted[6:]]
    inputs = (cell, directions, index.T, index.whole, index.tensor, *given[:4], *given.noise, segment, clip)
    *found, dweights = torch.ops.anaphora.recurrent_backward.default(*inputs, y, saved, *arriving, want)
    each = iter(dweights)
    return [
        *(gradient if one else None for gradient, one in zip(found, want[:3], strict=True)),
        *(None, None, None),
        *(next(each) if want[3] and weight is not None else None for weight in given.weights),
    ]


def composed_gradients(
    call: LayerCall, given: Inputs, arriving: Gradients, wanted: Sequence[bool]
) -> list[Tensor | None]:
    """Compute ``gradients`` as a graph of plain torch operations, so that they can be derived again.

    ``arriving`` are the gradients of y (…, D·P), h_n (D, B, P) and c_n (D, B, M·H).
    """
    cell, directions, index, _, clip = call
    tensors: list[Any] = [*map(_alive, given.tensors)]
    for at, one in enumerate(wanted):
        if one and not tensors[at].requires_grad:
            tensors[at] = tensors[at].detach().requires_grad_()
    x, h0, c0, weights, noise = Inputs.of(tensors)
    with torch.enable_grad():
        outputs = composed.recurrent(cell, x, weights, directions, index, h0, c0, noise, clip)[:3]
    sources = [tensor for tensor, one in zip(tensors, wanted, strict=True) if one]
    arrived = [(y, dy) for y, dy in zip(outputs, arriving, strict=True) if dy is not None]
    ys, dys = zip(*arrived, strict=True) if arrived else ((), ())
    found = iter(torch.autograd.grad(ys, sources, dys, create_graph=True, materialize_grads=True, allow_unused=True))
    return [next(found) if one else None for one in wanted]


def _alive(tensor: Tensor | None) -> Any:
    """The tensor without the wrapper of a ``torch.func.vjp`` that has ended: plain operations do not remove it."""
    return None if tensor is None else torch._C._functorch.unwrap_if_dead(tensor)
