"""One recurrent layer as a torch operation: the only file that names both torch and the kernels.

    y, h_n, c_n = recurrent(cell, x, weights, directions, lines, h0, c0)

Two raw operations, ``anaphora::recurrent_forward`` and ``anaphora::recurrent_backward``, lend a CPU tensor's memory to
the kernels; each has a shape function and a batching rule. One ``torch.autograd.Function`` joins them. Optional inputs
are None, absent outputs are empty tensors, and whether forward keeps the gates for backward is decided outside, by
``save``.

Differs from torch's own recurrent operations: forward-mode differentiation refuses by name, and a second derivative
walks again in plain torch (``composed``), in the layer's own dtype. Under autocast the layer still computes in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor
from torch.autograd import forward_ad

from anaphora import reference as kernels
from anaphora.lines import Lines, Weights
from anaphora.nn import batching, composed

_INPUTS = (
    "str cell, int directions, Tensor time_offset, Tensor row_offset, Tensor lengths, "
    "Tensor x, Tensor? h0, Tensor? c0, Tensor[] weights"
)
_SCHEMAS = (
    f"recurrent_forward({_INPUTS}, bool save) -> (Tensor y, Tensor h_n, Tensor c_n, Tensor saved)",
    f"recurrent_backward({_INPUTS}, Tensor y, Tensor saved, Tensor? dy, Tensor? dh_n, Tensor? dc_n, bool[] want) "
    "-> (Tensor dx, Tensor dh0, Tensor dc0, Tensor[] dweights)",
)
_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}


class LineTensors(NamedTuple):
    """``anaphora.lines.Lines`` as int64 CPU tensors, the way operations take them."""

    time_offset: Tensor  # (T,)
    row_offset: Tensor  # (B,)
    lengths: Tensor  # (B,)

    @classmethod
    def of(cls, lines: Lines) -> LineTensors:
        """The same memory as tensors."""
        return cls(*map(torch.from_numpy, lines))

    @classmethod
    def whole(cls, T: int, B: int, batch_first: bool = False) -> LineTensors:
        """Lines of a dense batch in which every row has T steps."""
        if torch.compiler.is_compiling():
            time, row = torch.arange(T), torch.arange(B)
            return cls(time, row * T, row * 0 + T) if batch_first else cls(time * B, row, row * 0 + T)
        return _whole(T, B, batch_first)


@lru_cache(maxsize=64)
def _whole(T: int, B: int, batch_first: bool) -> LineTensors:
    return LineTensors.of(Lines.batch_first(B, T) if batch_first else Lines.dense(T, B))


def recurrent(
    cell: str,
    x: Tensor,  # (N, I)
    weights: Sequence[Tensor],
    directions: int,
    lines: LineTensors,
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
        or any(w.requires_grad for w in weights)
        or (h0 is not None and h0.requires_grad)
        or (c0 is not None and c0.requires_grad)
    )
    if transforming or torch.compiler.is_compiling():
        y, h_n, c_n, _ = _apply(cell, directions, *lines, x, h0, c0, save, *weights)
    elif save or forward_ad._current_level >= 0:
        y, h_n, c_n, _ = _apply_now(cell, directions, *lines, x, h0, c0, save, *weights)
    else:
        y, h_n, c_n, _ = _forward_op(cell, directions, *lines, x, h0, c0, weights, False)
    return y, h_n, c_n


class _Recurrent(torch.autograd.Function):
    """The layer and its derivative: backpropagation through time, in the kernels."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        cell: str,
        directions: int,
        time_offset: Tensor,
        row_offset: Tensor,
        lengths: Tensor,
        x: Tensor,
        h0: Tensor | None,
        c0: Tensor | None,
        save: bool,
        *weights: Tensor,
    ) -> Any:
        return _forward_op(cell, directions, time_offset, row_offset, lengths, x, h0, c0, weights, save)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
        cell, directions, time_offset, row_offset, lengths, x, h0, c0, _, *weights = inputs
        y, _, c_n, saved = output
        ctx.cell, ctx.directions = cell, directions
        ctx.save_for_backward(time_offset, row_offset, lengths, y, saved, x, h0, c0, *weights)
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*((saved,) if cell == "lstm" else (saved, c_n)))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        *lines, y, saved, x, h0, c0 = ctx.saved_tensors[:8]
        weights = ctx.saved_tensors[8:]
        want_x, want_h0, want_c0, _, *want_weights = ctx.needs_input_grad[5:]
        want = [want_x, want_h0, want_c0, any(want_weights)]
        if torch.is_grad_enabled():
            found = _composed_gradients(ctx.cell, ctx.directions, lines, (x, h0, c0, *weights), gradients[:3], want)
        else:
            dx, dh0, dc0, dweights = _backward_op(
                ctx.cell, ctx.directions, *lines, x, h0, c0, weights, y, saved, *gradients[:3], want
            )
            found = (dx, dh0, dc0, *(dweights or [None] * len(weights)))
        dx, dh0, dc0 = (d if wanted else None for d, wanted in zip(found, want[:3], strict=False))
        return (None, None, None, None, None, dx, dh0, dc0, None, *found[3:])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> NoReturn:
        raise NotImplementedError(
            "anaphora's recurrent layers have no forward-mode derivative (torch.func.jvp, jacfwd, forward_ad): "
            "use reverse mode (torch.func.vjp, jacrev, torch.autograd.grad), "
            "or module.double() with float64 inputs, which runs torch's own operation"
        )


_Outputs = tuple[Tensor, Tensor, Tensor, Tensor]
_apply: Callable[..., _Outputs] = _Recurrent.apply
# Function.apply binds default arguments through inspect.signature, some 40 µs a call; outside of transforms and
# compilation, the method of its base class does the same work without.
_apply_now: Callable[..., _Outputs] = super(torch.autograd.Function, _Recurrent).apply


def _composed_gradients(
    cell: str,
    directions: int,
    lines: Sequence[Tensor],
    inputs: Sequence[Any],
    gradients: Sequence[Tensor | None],
    want: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """The gradients as a graph of plain torch operations, so that they have gradients in turn."""
    x, h0, c0, *weights = inputs
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        outputs = composed.recurrent(cell, x, weights, directions, Lines(*(line.numpy() for line in lines)), h0, c0)
    wanted = [*want[:3], *[want[3]] * len(weights)]
    sources = [tensor for tensor, wanted_here in zip(inputs, wanted, strict=True) if wanted_here]
    arrived = [(y, dy) for y, dy in zip(outputs, gradients, strict=True) if dy is not None and y.requires_grad]
    ys, dys = zip(*arrived, strict=True) if arrived else ((), ())
    found = iter(torch.autograd.grad(ys, sources, dys, create_graph=True, materialize_grads=True, allow_unused=True))
    return tuple(next(found) if wanted_here else None for wanted_here in wanted)


def _grouped(tensors: Sequence[Tensor], directions: int) -> list[Weights]:
    """Torch's flat list of weights as one ``Weights`` per direction."""
    arrays: list[Any] = [tensor.detach().contiguous().numpy() for tensor in tensors]
    each = len(arrays) // directions
    bias, projection = each > 3, each in (3, 5)
    return [
        Weights(
            arrays[at],
            arrays[at + 1],
            arrays[at + 2] if bias else None,
            arrays[at + 3] if bias else None,
            arrays[at + each - 1] if projection else None,
        )
        for at in range(0, len(arrays), each)
    ]


def _array(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().contiguous().numpy()


def _sizes(cell: str, directions: int, lengths: Tensor, x: Tensor, weights: Sequence[Tensor]) -> tuple[int, ...]:
    """D, N, B, H, P."""
    return directions, x.size(0), lengths.size(0), weights[0].size(0) // _GATES[cell], weights[1].size(1)


def _empty_forward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    cell, directions, _, _, lengths, x, _, _, weights, save = inputs
    D, N, B, H, P = _sizes(cell, directions, lengths, x, weights)
    slots = kernels.saved_slots(cell) if save else 0
    return (
        x.new_empty((N, D * P)),
        x.new_empty((D, B, P)),
        x.new_empty((D, B, H) if cell == "lstm" else 0),
        x.new_empty((D, N, slots * H) if slots else 0),
    )


def _forward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    cell, directions, time_offset, row_offset, lengths, x, h0, c0, weights, _ = inputs
    y, h_n, c_n, saved = _empty_forward(*inputs)
    lines = Lines(time_offset.numpy(), row_offset.numpy(), lengths.numpy())
    if lines.lengths.sum() != x.size(0):
        y.zero_()
    kernels.forward(
        kernels.pack(cell, _grouped(weights, directions)),
        _array(x),
        lines,
        _array(h0),
        _array(c0),
        y.numpy(),
        h_n.numpy(),
        c_n.numpy() if cell == "lstm" else None,
        saved.numpy() if saved.dim() > 1 else None,
    )
    return y, h_n, c_n, saved


def _empty_backward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    cell, directions, _, _, lengths, x, _, _, weights = inputs[:9]
    D, _, B, H, P = _sizes(cell, directions, lengths, x, weights)
    want_x, want_h0, want_c0, want_weights = inputs[-1]
    return (
        x.new_empty(x.shape if want_x else 0),
        x.new_empty((D, B, P) if want_h0 else 0),
        x.new_empty((D, B, H) if want_c0 else 0),
        [w.new_empty(w.shape) for w in weights] if want_weights else [],
    )


def _backward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    cell, directions, time_offset, row_offset, lengths, x, h0, c0, weights, y, saved, dy, dh_n, dc_n, want = inputs
    dx, dh0, dc0, dweights = _empty_backward(*inputs)
    lines = Lines(time_offset.numpy(), row_offset.numpy(), lengths.numpy())
    if lines.lengths.sum() != x.size(0):
        dx.zero_()
    kernels.backward(
        cell,
        _grouped(weights, directions),
        _array(x),
        lines,
        _array(h0),
        _array(c0),
        _array(y),
        _array(saved) if saved.dim() > 1 else None,
        _array(dy),
        _array(dh_n),
        _array(dc_n),
        dx.numpy() if want[0] else None,
        _grouped(dweights, directions) if want[3] else None,
        dh0.numpy() if want[1] else None,
        dc0.numpy() if want[2] else None,
    )
    return dx, dh0, dc0, dweights


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
