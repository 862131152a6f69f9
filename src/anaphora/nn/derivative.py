"""A recurrent layer and its derivative, backpropagation through time, as a ``torch.autograd.Function`` of the raw ops.

    dx, dW, dU, db, dh_0, dc_0 = walk back(dy, dh_n, dc_n)

Derivatives that are to be derived again (``create_graph=True``, ``torch.func``) are those of ``composed``. No gradient
flows into noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor

from anaphora.lines import Noise
from anaphora.nn import composed
from anaphora.nn.walk import Walk, split

Outputs = tuple[Tensor, Tensor, Tensor, Tensor]
Gradients = Sequence[Tensor | None]


class Recurrent(torch.autograd.Function):
    """y, h_n, c_n and what is saved, a function of x, h_0, c_0 and the weights."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        cell: str,
        directions: int,
        T: int,
        whole: bool,
        lines: Tensor,
        x: Tensor,
        h0: Tensor | None,
        c0: Tensor | None,
        mask: Tensor | None,
        keep_h: Tensor | None,
        keep_c: Tensor | None,
        segment: int,
        clip: float,
        save: bool,
        *weights: Tensor | None,
    ) -> Any:
        given = (cell, directions, T, whole, lines, x, h0, c0, weights, mask, keep_h, keep_c, segment)
        return torch.ops.anaphora.recurrent_forward.default(*given, save)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
        y, _, c_n, saved = output
        ctx.call = (*inputs[:4], *inputs[11:13])
        ctx.save_for_backward(y, saved, *inputs[4:11], *inputs[14:])
        ctx.set_materialize_grads(False)
        if c_n.dim() == 3:
            ctx.mark_non_differentiable(saved)
        else:  # a cell without a memory
            ctx.mark_non_differentiable(saved, c_n)

    @staticmethod
    def backward(ctx: Any, *arriving: Tensor | None) -> tuple[Tensor | None, ...]:
        cell, directions, T, whole, segment, clip = ctx.call
        y, saved, lines, x, h0, c0, mask, keep_h, keep_c, *weights = ctx.saved_tensors
        wanted = (*ctx.needs_input_grad[5:8], *ctx.needs_input_grad[14:])
        inputs = (x, h0, c0, weights, mask, keep_h, keep_c)
        if torch.is_grad_enabled() or batched(*arriving):
            walk = Walk(T, whole, split(T, lines))
            found = composed_gradients(cell, directions, walk, *inputs, clip, arriving[:3], wanted)
        else:
            given = (cell, directions, T, whole, lines, *inputs, segment, clip, y, saved, *arriving[:3])
            found = gradients(*given, wanted)
        return (None, None, None, None, None, *found[:3], None, None, None, None, None, None, *found[3:])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> NoReturn:
        raise NotImplementedError(
            "anaphora's recurrent layers have no forward-mode derivative (torch.func.jvp, jacfwd, forward_ad): "
            "use reverse mode (torch.func.vjp, jacrev, torch.autograd.grad), "
            "or module.double() with float64 inputs, which runs in plain torch"
        )


class _Compiled(Recurrent):
    """The same for ``torch.compile``, which takes no function with a forward mode of its own; torch's refuses too."""

    jvp = torch.autograd.Function.jvp


apply: Callable[..., Outputs] = Recurrent.apply
apply_compiled: Callable[..., Outputs] = _Compiled.apply
# Function.apply binds default arguments through inspect.signature, some 40 µs a call; outside of transforms and
# compilation, the method of its base class does the same work without.
apply_now: Callable[..., Outputs] = super(torch.autograd.Function, Recurrent).apply


def batched(*arriving: Tensor | None) -> bool:
    """Whether ``is_grads_batched`` is at work, whose kind of batch plain torch operations alone know."""
    if torch.compiler.is_compiling():
        return False
    for d in arriving:  # noqa: SIM110, a loop is quicker than any(...) and this runs on every way back
        if d is not None and torch._C._functorch.is_legacy_batchedtensor(d):
            return True
    return False


def gradients(*given: Any) -> list[Tensor | None]:
    """Of x, h_0, c_0 and each weight by the raw operation; ``given`` ends with which of them are wanted."""
    *inputs, wanted = given
    weights, want_weights = inputs[8], True in wanted[3:]
    want = [*wanted[:3], want_weights]
    *found, dweights = torch.ops.anaphora.recurrent_backward.default(*inputs, want)
    each = iter(dweights)
    return [
        *(gradient if asked else None for gradient, asked in zip(found, want[:3], strict=True)),
        *(next(each) if want_weights and weight is not None else None for weight in weights),
    ]


def composed_gradients(
    cell: str,
    directions: int,
    walk: Walk,
    x: Tensor,
    h0: Tensor | None,
    c0: Tensor | None,
    weights: Sequence[Tensor | None],
    mask: Tensor | None,
    keep_h: Tensor | None,
    keep_c: Tensor | None,
    clip: float,
    arriving: Gradients,  # of y, h_n and c_n
    wanted: Sequence[bool],  # of x, h_0, c_0 and each weight
) -> list[Tensor | None]:
    """Of the same as a graph of plain torch operations, so that they have gradients in turn."""
    noise = Noise(*map(_alive, (mask, keep_h, keep_c)))
    inputs: list[Any] = [*map(_alive, (x, h0, c0, *weights))]
    for at, asked in enumerate(wanted):
        if asked and not inputs[at].requires_grad:
            inputs[at] = inputs[at].detach().requires_grad_()
    x, h0, c0, *weights = inputs
    with torch.enable_grad():
        outputs = composed.recurrent(cell, x, weights, directions, walk, h0, c0, noise, clip)[:3]
    sources = [tensor for tensor, asked in zip(inputs, wanted, strict=True) if asked]
    arrived = [(y, dy) for y, dy in zip(outputs, arriving, strict=True) if dy is not None and y.requires_grad]
    ys, dys = zip(*arrived, strict=True) if arrived else ((), ())
    found = iter(torch.autograd.grad(ys, sources, dys, create_graph=True, materialize_grads=True, allow_unused=True))
    return [next(found) if asked else None for asked in wanted]


def _alive(tensor: Tensor | None) -> Any:
    """What ``torch.func.vjp`` saved outlives the transform that wrapped it; plain operations would miss the wrapper."""
    return None if tensor is None else torch._C._functorch.unwrap_if_dead(tensor)
