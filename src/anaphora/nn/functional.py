"""One recurrent layer as a torch operation: the only file that names both torch and the kernels.

    y, h_n, c_n = recurrent(cell, x, weights, directions, walk, h0, c0, noise, clip, segment)

Two raw operations, ``anaphora::recurrent_forward`` and ``anaphora::recurrent_backward``, lend a CPU tensor's memory to
the kernels; each has a shape function and a batching rule, and ``derivative`` joins them. Optional inputs are None,
absent outputs are empty tensors, and whether forward keeps the gates for backward is decided outside, by ``save``.
Where nothing but plain tensors are computed with, no transform, mode, trace or profiler watching, the same functions
are called without torch's dispatcher, which costs more than a short walk.

Differs from torch's own recurrent operations: forward-mode differentiation refuses by name, and a second derivative
walks again in plain torch (``composed``), in the layer's own dtype; so does ``torch.func.grad``, which always asks for
derivatives that can be derived again. Under autocast the layer still computes in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from anaphora import kernels
from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine import batching, composed, derivative
from anaphora.nn.engine.cached_index import Walk, split
from anaphora.nn.engine.call import Call, Inputs, asked

__all__ = ["Walk", "recurrent"]

# What both raw operations begin with; ``lines`` holds time_offset (T,), row_offset (B,) and lengths (B,).
_INPUTS = (
    "str cell, int directions, SymInt T, bool whole, Tensor lines, Tensor x, Tensor? h0, Tensor? c0, "
    "Tensor?[] weights, Tensor? mask, Tensor? keep_h, Tensor? keep_c, int segment"
)
_SCHEMAS = (
    f"recurrent_forward({_INPUTS}, bool save) -> (Tensor y, Tensor h_n, Tensor c_n, Tensor saved)",
    f"recurrent_backward({_INPUTS}, float clip, Tensor y, Tensor saved, Tensor? dy, Tensor? dh_n, Tensor? dc_n, "
    "bool[] want) -> (Tensor dx, Tensor dh0, Tensor dc0, Tensor[] dweights)",
)


def recurrent(
    cell: str,
    x: Tensor,  # (…, I), N lines
    weights: Sequence[Tensor | None],
    directions: int,
    walk: Walk,
    h0: Tensor | None = None,  # (D, B, P)
    c0: Tensor | None = None,  # (D, B, H)
    noise: Noise = SILENT,
    clip: float = 0.0,
    segment: int = 0,
    keep: bool = False,
) -> tuple[Tensor, Tensor, Any, Any]:
    """One layer over all rows of a float32 CPU batch: y (…, D·P), h_n (D, B, P), and c_n (D, B, H) of a memory.

    ``weights`` are the six of ``row_index.Weights``, None where there is none, one direction after the other.
    Lines past a row's end come out as 0. ``clip`` bounds the gradient of every pre-activation at every step;
    ``segment`` has the way back compute the gates again, that many steps at a time. Nothing is kept for backward
    unless some input wants a gradient. With ``keep`` the last result is what all steps saved (D, N, S·H), which no
    gradient flows into. Raises NotImplementedError under forward-mode differentiation.
    """
    segment = 0 if keep else segment
    transforming = torch._C._are_functorch_transforms_active()
    wanted = torch.is_grad_enabled() and (transforming or _any_requires_grad(x, h0, c0, *weights))
    compiling = torch.compiler.is_compiling()
    given = Inputs(x, h0, c0, weights, noise)
    tensors = given.tensors
    if not compiling and walk.known is not None and _at_hand(*tensors):
        call = Call(cell, directions, walk, segment, clip)
        return _apply_at_hand(call, given, keep, *tensors) if wanted else _walk_forward(call, given, keep)
    if torch._C._get_tracing_state() is not None:  # torch.jit.trace knows no list in which a tensor may be missing
        return composed.recurrent(cell, x, weights, directions, walk, h0, c0, noise, clip)
    along = (cell, directions, walk.T, walk.whole, walk.lines)
    if compiling:
        from torch.fx.experimental.symbolic_shapes import guard_scalar  # compilation brings it; it takes a second

        numbers = guard_scalar(segment), guard_scalar(clip)  # as they are now, not symbols that the graph takes
        return derivative.apply_compiled(*along, *numbers, wanted or keep, *tensors)
    if transforming:
        return derivative.apply(*along, segment, clip, wanted or keep, *tensors)
    if wanted or forward_ad._current_level >= 0:
        return derivative.apply_now(*along, segment, clip, wanted or keep, *tensors)
    found: tuple[Tensor, Tensor, Tensor, Tensor] = _forward_op(*along, *given[:4], *noise, segment, keep)
    return found


def _any_requires_grad(*tensors: Tensor | None) -> bool:
    for tensor in tensors:  # noqa: SIM110, a loop is quicker than any(...) and this runs in every step
        if tensor is not None and tensor.requires_grad:
            return True
    return False


def _at_hand(*tensors: Tensor | None) -> bool:
    """Whether these are plain tensors and nobody is watching: no transform, mode, dual number, trace or profiler."""
    if (
        torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
        or torch._C._get_tracing_state() is not None
        or torch._C._autograd._profiler_enabled()
        or forward_ad._current_level >= 0
    ):
        return False
    for tensor in tensors:  # noqa: SIM110
        if type(tensor) not in _PLAIN:
            return False
    return True


_PLAIN = frozenset({Tensor, torch.nn.Parameter, type(None)})


class RecurrentAtHand(torch.autograd.Function):
    """``derivative.Recurrent`` for plain tensors: it calls what stands behind the operations."""

    @staticmethod
    def forward(ctx: Any, call: Call, given: Inputs, keep: bool, *tensors: Tensor | None) -> Any:
        y, h_n, c_n, saved = _walk_forward(call, given, True)
        ctx.call = call
        ctx.save_for_backward(y, saved, *tensors)
        ctx.set_materialize_grads(False)
        if not keep:
            return y, h_n, c_n, None
        ctx.mark_non_differentiable(saved)
        return y, h_n, c_n, saved

    @staticmethod
    def backward(ctx: Any, *arriving: Tensor | None) -> tuple[Tensor | None, ...]:
        call, (y, saved, *tensors) = ctx.call, ctx.saved_tensors
        given, wanted = Inputs.of(tensors), asked(ctx.needs_input_grad[3:])
        if torch.is_grad_enabled() or derivative.batched(*arriving):
            found = derivative.composed_gradients(call, given, arriving[:3], wanted)
        elif _at_hand(y, saved, *arriving, *tensors):
            found = _walk_back(call, given, y, saved, arriving[:3], wanted)
        else:
            found = derivative.gradients(call, given, y, saved, arriving[:3], wanted)
        return (None, None, None, *found)


_apply_at_hand: Callable[..., tuple[Tensor, Tensor, Any, Any]] = super(torch.autograd.Function, RecurrentAtHand).apply


def _lent(tensor: Tensor | None) -> Any:
    """A tensor as the kernels take it: with its numbers in order."""
    if tensor is None or (tensor.is_contiguous() and not tensor.is_neg()):
        return tensor
    return tensor.resolve_neg().contiguous()


def _noise(noise: Noise) -> Noise:
    """As arrays, which have an address even if they hold nothing."""
    if noise.mask is noise.keep_h is noise.keep_c is None:
        return SILENT
    return Noise(*(None if tensor is None else tensor.contiguous().numpy(force=True) for tensor in noise))


def _walk_forward(call: Call, given: Inputs, save: bool) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """The kernels on tensors: y, h_n, c_n of a memory, and what is saved if asked for."""
    cell, D, walk, segment, _ = call
    x, h0, c0, weights, tensors = given
    lines, noise = walk.numbers, _noise(tensors)
    T, B, H, P = walk.T, len(lines.lengths), *_widths(cell, weights)
    shapes = _forward_shapes(cell, T, D, x.shape[:-1], B, H, P, noise, segment, save)
    y, h_n = kernels.empty(shapes[0]), kernels.empty(shapes[1])
    c_n, saved = (None if shape is None else kernels.empty(shape) for shape in shapes[2:])
    if not walk.whole:
        y.fill(0)
    packed = kernels.pack(cell, [[_lent(weight) for weight in weights]])
    kernels.forward(packed, _lent(x), lines, _lent(h0), _lent(c0), y, h_n, c_n, saved, noise, segment)
    return (
        torch.from_numpy(y),
        torch.from_numpy(h_n),
        None if c_n is None else torch.from_numpy(c_n),
        None if saved is None else torch.from_numpy(saved),
    )


def _walk_back(
    call: Call, given: Inputs, y: Tensor, saved: Tensor, arriving: Sequence[Tensor | None], wanted: Sequence[bool]
) -> list[Tensor | None]:
    """The kernels back on tensors: gradients of what was given, its tensors in a row, None where none is ``wanted``.

    ``arriving`` are the gradients of y, h_n and c_n.
    """
    cell, D, walk, segment, clip = call
    x, h0, c0, weights, noise = given
    dy, dh_n, dc_n = arriving
    lines = walk.numbers
    B, H, P = len(lines.lengths), *_widths(cell, weights)
    dx = kernels.empty(x.shape) if wanted[0] else None
    dh0 = kernels.empty((D, B, P)) if wanted[1] else None
    dc0 = kernels.empty((D, B, H)) if wanted[2] else None
    dweights = [None if w is None else kernels.empty(w.shape) for w in weights] if True in wanted[6:] else []
    if dx is not None and not walk.whole:
        dx.fill(0)
    kernels.backward(
        cell,
        [[_lent(weight) for weight in weights]],
        _lent(x),
        lines,
        _lent(h0),
        _lent(c0),
        _lent(y),
        _lent(saved),
        _lent(dy),
        _lent(dh_n),
        _lent(dc_n) if cell in kernels.MEMORY else None,
        dx,
        [dweights],
        dh0,
        dc0,
        _noise(noise),
        clip,
        segment,
    )
    found = (dx, dh0, dc0, None, None, None, *(dweights or [None] * len(weights)))
    return [None if array is None else torch.from_numpy(array) for array in found]


def _widths(cell: str, weights: Sequence[Any]) -> tuple[int, int]:
    """H and P."""
    return weights[0].size(0) // kernels.GATES[cell], weights[1].size(1)


def _forward_shapes(
    cell: str, T: Any, D: int, lines: Any, B: Any, H: int, P: int, noise: Noise, segment: int, save: bool
) -> tuple[Any, Any, Any, Any]:
    """Of y, h_n, c_n of a memory, and what is saved: each line's activations, or the memory before each segment."""
    memories = kernels.TRAITS[cell].memories
    kept: tuple[Any, ...] | None = None
    if save and segment:
        kept = (D, -(-T // segment), B, memories * H) if memories else (0,)
    elif save:
        kept = (D, math.prod(lines), kernels.saved_slots(cell, noise) * H)
    return (*lines, D * P), (D, B, P), (D, B, memories * H) if memories else None, kept


def _sizes(*inputs: Any) -> tuple[Any, ...]:
    """D, the shape of x's lines, B, H, P, of symbols if need be."""
    cell, D, T, _, lines, x, _, _, weights = inputs[:9]
    return D, x.shape[:-1], (lines.size(0) - T) // 2, *_widths(cell, weights)


def _forward_shaped(*inputs: Any) -> tuple[Tensor, ...]:
    """The shape function of ``recurrent_forward``."""
    D, shape, B, H, P = _sizes(*inputs)
    shapes = _forward_shapes(inputs[0], inputs[2], D, shape, B, H, P, Noise(*inputs[9:12]), inputs[12], inputs[13])
    return tuple(inputs[5].new_empty((0,) if shape is None else shape) for shape in shapes)


def _forward(cell: str, directions: int, T: int, whole: bool, lines: Tensor, *inputs: Any) -> tuple[Tensor, ...]:
    """``recurrent_forward`` on the CPU."""
    x, h0, c0, weights, mask, keep_h, keep_c, segment, save = inputs
    call = Call(cell, directions, Walk(T, whole, split(T, lines)), segment)
    found = _walk_forward(call, Inputs(x, h0, c0, weights, Noise(mask, keep_h, keep_c)), save)
    return tuple(x.new_empty(0) if tensor is None else tensor for tensor in found)


def _backward_shaped(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """The shape function of ``recurrent_backward``."""
    D, _, B, H, P = _sizes(*inputs)
    x, weights, (want_x, want_h0, want_c0, want_weights) = inputs[5], inputs[8], inputs[19]
    return (
        x.new_empty(x.shape if want_x else (0,)),
        x.new_empty((D, B, P) if want_h0 else (0,)),
        x.new_empty((D, B, H) if want_c0 else (0,)),
        [x.new_empty(w.shape) for w in weights if w is not None] if want_weights else [],
    )


def _backward(
    cell: str, directions: int, T: int, whole: bool, lines: Tensor, *inputs: Any
) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """``recurrent_backward`` on the CPU."""
    x, h0, c0, weights, mask, keep_h, keep_c, segment, clip, y, saved, *arriving, want = inputs
    call = Call(cell, directions, Walk(T, whole, split(T, lines)), segment, clip)
    given = Inputs(x, h0, c0, weights, Noise(mask, keep_h, keep_c))
    found = _walk_back(call, given, y, saved, arriving, (*want[:3], False, False, False, want[3]))
    dx, dh0, dc0 = (x.new_empty(0) if tensor is None else tensor for tensor in found[:3])
    return dx, dh0, dc0, [tensor for tensor in found[6:] if tensor is not None]


kernels.share_threads()  # torch's own: two pools on the same cores slow each other down
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
_forward_op: Any = torch.ops.anaphora.recurrent_forward.default
