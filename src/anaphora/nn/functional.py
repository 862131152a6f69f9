"""One recurrent layer as a torch operation: the only file that names both torch and the kernels.

    y, h_n, c_n = recurrent(cell, x, weights, directions, lines, h0, c0)

Two raw operations, ``anaphora::recurrent_forward`` and ``anaphora::recurrent_backward``, lend a CPU tensor's memory to
the kernels; each has a shape function and a batching rule. One ``torch.autograd.Function`` joins them. Optional inputs
are None, absent outputs are empty tensors, and whether forward keeps the gates for backward is decided outside, by
``save``.

Differs from torch's own recurrent operations: forward-mode differentiation refuses by name, and a second derivative
walks again in plain torch (``composed``), in the layer's own dtype; so does ``torch.func.grad``, which always asks for
derivatives that can be derived again. Under autocast the layer still computes in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from anaphora import kernels
from anaphora.lines import Lines, Weights
from anaphora.nn import batching, composed
from anaphora.nn.integers import as_numpy

_Outputs = tuple[Tensor, Tensor, Tensor, Tensor]
# The first nine arguments of both raw operations; ``lines`` holds time_offset (T,), row_offset (B,) and lengths (B,).
_INPUTS = (
    "str cell, int directions, SymInt T, bool whole, Tensor lines, Tensor x, Tensor? h0, Tensor? c0, Tensor[] weights"
)
_SCHEMAS = (
    f"recurrent_forward({_INPUTS}, bool save) -> (Tensor y, Tensor h_n, Tensor c_n, Tensor saved)",
    f"recurrent_backward({_INPUTS}, Tensor y, Tensor saved, Tensor? dy, Tensor? dh_n, Tensor? dc_n, bool[] want) "
    "-> (Tensor dx, Tensor dh0, Tensor dc0, Tensor[] dweights)",
)


class Walk(NamedTuple):
    """``anaphora.lines.Lines`` the way operations take them: one int64 tensor, and what need not be read from it."""

    T: int
    whole: bool  # whether every line of x is in use
    lines: Tensor  # (T + 2·B,): time_offset (T,), row_offset (B,), lengths (B,)

    @property
    def rows(self) -> int:
        """How many rows walk: B."""
        return (self.lines.size(0) - self.T) // 2

    @classmethod
    def of(cls, lines: Lines, N: int) -> Walk:
        """A walk over some of N lines."""
        return cls(len(lines.time_offset), int(lines.lengths.sum()) == N, torch.from_numpy(np.concatenate(lines)))

    @classmethod
    def dense(cls, T: int, B: int, batch_first: bool = False) -> Walk:
        """A walk in which every row has T steps, over (T, B, ·) or (B, T, ·)."""
        if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
            time, row = torch.arange(T), torch.arange(B)
            offsets = (time, row * T) if batch_first else (time * B, row)
            return cls(T, True, torch.cat([*offsets, torch.full((B,), T)]))
        return _dense(T, B, batch_first)


@lru_cache(maxsize=64)
def _dense(T: int, B: int, batch_first: bool) -> Walk:
    with torch.inference_mode(False):  # what is kept here serves training too
        return Walk.of(Lines.batch_first(B, T) if batch_first else Lines.dense(T, B), T * B)


def recurrent(
    cell: str,
    x: Tensor,  # (N, I)
    weights: Sequence[Tensor],
    directions: int,
    walk: Walk,
    h0: Tensor | None = None,  # (D, B, P)
    c0: Tensor | None = None,  # (D, B, H)
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer over all rows of a float32 CPU batch: y (N, D·P), h_n (D, B, P) and, for the lstm, c_n (D, B, H).

    ``weights`` are torch's, in torch's order (w_ih, w_hh, b_ih, b_hh, w_hr; biases and projection may be missing), one
    direction after the other. Lines past a row's end come out as 0. Nothing is kept for backward unless some input
    wants a gradient. Raises NotImplementedError under forward-mode differentiation.
    """
    transforming = torch._C._are_functorch_transforms_active()
    save = torch.is_grad_enabled() and (
        transforming
        or x.requires_grad
        or (h0 is not None and h0.requires_grad)
        or (c0 is not None and c0.requires_grad)
        or any(w.requires_grad for w in weights)
    )
    if torch.compiler.is_compiling():
        y, h_n, c_n, _ = _apply_compiled(cell, directions, *walk, x, h0, c0, save, *weights)
    elif transforming:
        y, h_n, c_n, _ = _apply(cell, directions, *walk, x, h0, c0, save, *weights)
    elif save or forward_ad._current_level >= 0:
        y, h_n, c_n, _ = _apply_now(cell, directions, *walk, x, h0, c0, save, *weights)
    else:
        y, h_n, c_n, _ = _forward_op(cell, directions, *walk, x, h0, c0, weights, False)
    return y, h_n, c_n


class _Recurrent(torch.autograd.Function):
    """The layer and its derivative: backpropagation through time, in the kernels."""

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
        save: bool,
        *weights: Tensor,
    ) -> Any:
        return _forward_op(cell, directions, T, whole, lines, x, h0, c0, weights, save)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: _Outputs) -> None:
        y, _, c_n, saved = output
        ctx.walk = inputs[:4]
        ctx.save_for_backward(y, saved, *inputs[4:8], *inputs[9:])
        ctx.set_materialize_grads(False)
        if inputs[0] == "lstm":
            ctx.mark_non_differentiable(saved)
        else:
            ctx.mark_non_differentiable(saved, c_n)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        y, saved, lines, x, h0, c0, *weights = ctx.saved_tensors
        _, _, _, _, _, want_x, want_h0, want_c0, _, *want_weights = ctx.needs_input_grad
        want = [want_x, want_h0, want_c0, True in want_weights]
        if torch.is_grad_enabled():
            found = _composed_gradients(ctx.walk, lines, (x, h0, c0, *weights), gradients[:3], want)
            return (None, None, None, None, None, *found[:3], None, *found[3:])
        dx, dh0, dc0, dweights = _backward_op(*ctx.walk, lines, x, h0, c0, weights, y, saved, *gradients[:3], want)
        return (
            *(None, None, None, None, None),
            dx if want_x else None,
            dh0 if want_h0 else None,
            dc0 if want_c0 else None,
            None,
            *(dweights if want[3] else [None] * len(weights)),
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> NoReturn:
        raise NotImplementedError(
            "anaphora's recurrent layers have no forward-mode derivative (torch.func.jvp, jacfwd, forward_ad): "
            "use reverse mode (torch.func.vjp, jacrev, torch.autograd.grad), "
            "or module.double() with float64 inputs, which runs torch's own operation"
        )


class _Compiled(_Recurrent):
    """The same for ``torch.compile``, which takes no function with a forward mode of its own; torch's refuses too."""

    jvp = torch.autograd.Function.jvp


_apply: Callable[..., _Outputs] = _Recurrent.apply
_apply_compiled: Callable[..., _Outputs] = _Compiled.apply
# Function.apply binds default arguments through inspect.signature, some 40 µs a call; outside of transforms and
# compilation, the method of its base class does the same work without.
_apply_now: Callable[..., _Outputs] = super(torch.autograd.Function, _Recurrent).apply


def _composed_gradients(
    walk: tuple[str, int, int, bool],
    lines: Tensor,
    inputs: Sequence[Any],
    gradients: Sequence[Tensor | None],
    want: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """The gradients as a graph of plain torch operations, so that they have gradients in turn."""
    (cell, directions, T, _), (x, h0, c0, *weights) = walk, inputs
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        outputs = composed.recurrent(cell, x, weights, directions, _lines(T, as_numpy(lines)), h0, c0)
    wanted = [*want[:3], *[want[3]] * len(weights)]
    sources = [tensor for tensor, wanted_here in zip(inputs, wanted, strict=True) if wanted_here]
    arrived = [(y, dy) for y, dy in zip(outputs, gradients, strict=True) if dy is not None and y.requires_grad]
    ys, dys = zip(*arrived, strict=True) if arrived else ((), ())
    found = iter(torch.autograd.grad(ys, sources, dys, create_graph=True, materialize_grads=True, allow_unused=True))
    return tuple(next(found) if wanted_here else None for wanted_here in wanted)


def _lines(T: int, lines: Any) -> Lines:
    B = (lines.size - T) // 2
    return Lines(lines[:T], lines[T : T + B], lines[T + B :])


def _grouped(tensors: Sequence[Tensor], directions: int) -> list[Weights]:
    """Torch's flat list of weights as one ``Weights`` per direction."""
    arrays: list[Any] = [tensor.detach().contiguous().numpy() for tensor in tensors]
    each = len(arrays) // directions
    return [_weights(*arrays[at : at + each]) for at in range(0, len(arrays), each)]


def _weights(w_ih: Any, w_hh: Any, *rest: Any) -> Weights:
    """Torch's order says which are missing: none, the biases, the projection, or both."""
    if len(rest) == 1:
        return Weights(w_ih, w_hh, None, None, rest[0])
    return Weights(w_ih, w_hh, *rest)


def _array(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().contiguous().numpy()


def _sizes(*inputs: Any) -> tuple[int, ...]:
    """D, N, B, H, P."""
    cell, D, T, _, lines, x, _, _, (w_ih, w_hh, *_) = inputs[:9]
    return D, x.size(0), (lines.size(0) - T) // 2, w_ih.size(0) // kernels.GATES[cell], w_hh.size(1)


_New = Callable[[Sequence[int]], Tensor]
_SMALL = 2**16  # floats below which torch's own memory is as good


def _kept(shape: Sequence[int]) -> Tensor:
    """Memory that is kept between calls: fresh pages cost more than filling them."""
    if math.prod(shape) < _SMALL:
        return torch.empty(shape)
    return torch.from_numpy(kernels.buffer(shape))


def _empty_forward(*inputs: Any, new: _New | None = None) -> _Outputs:
    cell, x, save = inputs[0], inputs[5], inputs[9]
    D, N, B, H, P = _sizes(*inputs)
    new = new or x.new_empty
    return (
        new((N, D * P)),
        new((D, B, P)),
        new((D, B, H) if cell == "lstm" else (0,)),
        new((D, N, kernels.saved_slots(cell) * H) if save else (0,)),
    )


def _forward(*inputs: Any) -> _Outputs:
    cell, directions, T, whole, lines, x, h0, c0, weights, save = inputs
    y, h_n, c_n, saved = _empty_forward(*inputs, new=_kept)
    kernels.forward(
        kernels.pack(cell, _grouped(weights, directions)),
        _array(x),
        _lines(T, lines.numpy()),
        _array(h0),
        _array(c0),
        (y if whole else y.zero_()).numpy(),
        h_n.numpy(),
        c_n.numpy() if cell == "lstm" else None,
        saved.numpy() if save else None,
    )
    return y, h_n, c_n, saved


def _empty_backward(*inputs: Any, new: _New | None = None) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    x, weights = inputs[5], inputs[8]
    D, _, B, H, P = _sizes(*inputs)
    want_x, want_h0, want_c0, want_weights = inputs[14]
    new = new or x.new_empty
    return (
        new(x.shape if want_x else (0,)),
        new((D, B, P) if want_h0 else (0,)),
        new((D, B, H) if want_c0 else (0,)),
        [new(w.shape) for w in weights] if want_weights else [],
    )


def _backward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    cell, directions, T, whole, lines, x, h0, c0, weights, y, saved, dy, dh_n, dc_n, want = inputs
    dx, dh0, dc0, dweights = _empty_backward(*inputs, new=_kept)
    kernels.backward(
        cell,
        _grouped(weights, directions),
        _array(x),
        _lines(T, lines.numpy()),
        _array(h0),
        _array(c0),
        _array(y),
        _array(saved),
        _array(dy),
        _array(dh_n),
        _array(dc_n) if cell == "lstm" else None,
        (dx if whole else dx.zero_()).numpy() if want[0] else None,
        _grouped(dweights, directions) if want[3] else None,
        dh0.numpy() if want[1] else None,
        dc0.numpy() if want[2] else None,
    )
    return dx, dh0, dc0, dweights


kernels.share_threads()  # torch's own: two pools on the same cores slow each other down
_LIBRARY = torch.library.Library("anaphora", "DEF")
for _schema, _kernel, _shapes, _batched in zip(
    _SCHEMAS,
    (_forward, _backward),
    (_empty_forward, _empty_backward),
    (batching.forward, batching.backward),
    strict=True,
):
    _name = _LIBRARY.define(_schema, tags=(torch.Tag.pt2_compliant_tag,))
    _LIBRARY.impl(_name, _kernel, "CPU")
    torch.library.register_fake(f"anaphora::{_name}", _shapes, lib=_LIBRARY)
    torch.library.register_vmap(f"anaphora::{_name}", _batched, lib=_LIBRARY)
_forward_op: Any = torch.ops.anaphora.recurrent_forward.default
_backward_op: Any = torch.ops.anaphora.recurrent_backward.default
