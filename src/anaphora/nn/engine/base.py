"""The skeleton that every recurrent module shares: layers × directions over any layout of a batch.

    y⁰ = x,   (yˡ⁺¹, hˡ_n) = layer l over dropout(yˡ),   l = 0 … L − 1      (no dropout before the first layer)

Differs from ``torch.nn``: accepts ``Ragged`` and, after torch's own arguments, ``lengths`` and ``reset``; rows may be
empty; a sequence of no steps gives no output and its initial state; a packed sequence costs what its steps cost. For
float32 on the CPU our kernels run. Elsewhere torch's own operation does for the cells it knows, and the equations in
plain torch for all others.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from anaphora.nn import functional
from anaphora.nn.engine import composed, torch_fallback
from anaphora.nn.engine.batch_layout import Layout, Lengths, read
from anaphora.nn.modifiers.modifier import PLAIN, Change, Extras, Place

State = Tensor | tuple[Tensor, Tensor]
_KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class RecurrentBase(torch.nn.RNNBase):
    """What ``forward`` means for every recurrent module; comes before torch's class in a module's bases."""

    gates: ClassVar[tuple[str, ...]] = ()  # in the order of the weights
    has_memory: ClassVar[bool] = False  # whether the state is the pair (h, c)
    known_to_torch: ClassVar[bool] = True
    cell: str  # the kernels' name

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cell = self.mode.lower()
        self.changes: dict[str, Change] = {}
        held, six = self._parameters, (*_KINDS, None)
        names = [[kind and f"{kind}_{suffix}" for kind in six] for suffix in self.suffixes]
        self._names = [name if name in held else None for six in names for name in six]
        self._joined: dict[int, list[str]] = {}  # place in _names: the names of own vectors that make one

    @property
    def suffixes(self) -> list[str]:
        """How the names of each layer's and direction's parameters end: l0, l0_reverse, l1, …"""
        ends = ("", "_reverse") if self.bidirectional else ("",)
        return [f"l{layer}{end}" for layer in range(self.num_layers) for end in ends]

    def reset_parameters(self) -> None:
        """Draw all weights like torch; a learned initial state begins at zero."""
        super().reset_parameters()
        for name in ("h_0", "c_0"):
            if name in self._parameters:
                torch.nn.init.zeros_(getattr(self, name))

    def extra_repr(self) -> str:
        """Torch's, and what was changed."""
        return "".join([super().extra_repr(), *(f", {name}={change}" for name, change in self.changes.items())])

    def forward(  # torch's name for the first argument
        self,
        input: Any,  # noqa: A002
        hx: State | None = None,
        *,
        lengths: Lengths | None = None,
        reset: Any = None,
    ) -> tuple[Any, Any]:
        """Walk through time.

        ``input``: (T, B, I), (B, T, I) with ``batch_first``, one sequence (T, I), a ``PackedSequence`` or a ``Ragged``.
        ``hx``: h_0 (L·D, B, P), for an LSTM the pair with c_0 (L·D, B, H), rows in the caller's order; zeros if None.
        ``lengths``: (B,) with a padded input; output past a row's end is 0, a row of length 0 keeps its initial state.
        ``reset``: a boolean for each step, shaped like ``input`` without its features, (N,) along the data of a
        ``PackedSequence`` or a ``Ragged``. Before that step the state returns to what a row begins with when ``hx``
        is None; the second direction, which comes from the other side, starts anew at the step before.

        Returns the output in the type of the input, and the state after each row's last step.
        Raises TypeError, ValueError or RuntimeError like torch's modules, saying what was expected and what came.
        """
        weights = self._weights()
        data = input if isinstance(input, Tensor) else getattr(input, "data", None)
        if not isinstance(data, Tensor) or runs_here(data, weights):
            return self._walk(self._read(input, lengths, reset), hx, weights, functional.recurrent)
        if reset is None and self._torch_can():
            return torch_fallback.by_torch(self, super().forward, input, hx, lengths)
        return self._walk(self._read(input, lengths, reset), hx, weights, composed.recurrent)

    def _weights(self) -> list[Any]:
        """Six for each direction of each layer: w_ih, w_hh, b_ih, b_hh, w_hr, own; None where there is none."""
        held = self._parameters
        weights: list[Any] = [held[n] if n in held else n and getattr(self, n) for n in self._names]
        for at, names in self._joined.items():
            weights[at] = torch.cat([getattr(self, name) for name in names])
        for change in self.changes.values():
            weights[1::6] = [change.recurrent_weight(weight, self.training) for weight in weights[1::6]]
        return weights

    def _torch_can(self) -> bool:
        return self.known_to_torch and not any(c.walks_on_its_own(self.training) for c in self.changes.values())

    def _read(self, batch: Any, lengths: Lengths | None, reset: Any) -> Layout:
        layout = read(batch, lengths, self.batch_first, type(self).__name__, reset)
        if layout.x.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {layout.x.size(-1)}"
            )
        return layout

    def _walk(self, layout: Layout, hx: Any, weights: list[Any], operation: Any) -> tuple[Any, Any]:
        """Every layer in turn, through ``operation``."""
        x, like = layout.x, weights[0]
        if x.dtype is not like.dtype or x.device != like.device:
            x = self._converted(x, like)
        h0, c0 = self._initial(hx, layout, like)
        D, cut, pair = 2 if self.bidirectional else 1, layout.cut, self.has_memory
        if self.num_layers == 1 and not self.changes and cut is None:
            y, h_n, c_n, _ = operation(self.cell, x, weights, D, layout.walk, h0, c0)
        else:
            y, hs, cs = x, [], []
            for layer in range(self.num_layers):
                if layer > 0 and self.training and self.dropout > 0:
                    y = layout.dropout(y, self.dropout)
                mine = weights[layer * 6 * D : (layer + 1) * 6 * D]
                h_first = None if h0 is None else h0.narrow(0, layer * D, D)
                c_first = None if c0 is None else c0.narrow(0, layer * D, D)
                extras = self._extras(layout, mine[1])
                y, h, c, _ = operation(self.cell, y, mine, D, layout.walk, h_first, c_first, *extras)
                hs.append(h if cut is None else cut.end(h))
                if pair:
                    cs.append(c if cut is None else cut.end(c))
            h_n, c_n = _joined(hs), _joined(cs) if pair else None
        if not layout.batched:
            h_n, c_n = h_n.squeeze(1), c_n.squeeze(1) if pair else c_n
        return layout.restore(y), ((h_n, c_n) if pair else h_n)

    def _extras(self, layout: Layout, like: Tensor) -> Extras:
        extras = PLAIN
        if self.changes:
            D = 2 if self.bidirectional else 1
            place = Place(layout, D, like.size(1), self.hidden_size, self.training, like)
            for change in self.changes.values():
                extras = change.extras(extras, place)
        return extras

    def _converted(self, x: Tensor, like: Tensor) -> Tensor:
        """Under autocast a layer computes in its own dtype."""
        if x.device != like.device:
            raise RuntimeError(f"{type(self).__name__}: expected input on {like.device}, got it on {x.device}")
        if not (x.is_floating_point() and torch.is_autocast_enabled(x.device.type)):
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({like.dtype}). "
                f"Convert input: input.to({like.dtype}), or convert model: model.to({x.dtype})"
            )
        return x.to(like.dtype)

    def _initial(self, hx: Any, layout: Layout, like: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """h_0 (L·D, B, P) and c_0 (L·D, B, H), checked, one for each row that walks; None for zeros."""
        if hx is None:
            return self.anew(layout.walk.rows) if self.changes else (None, None)
        pair = self.has_memory
        states = hx if isinstance(hx, (tuple, list)) else (hx,)
        if len(states) != (2 if pair else 1) or isinstance(hx, Tensor) == pair:
            expected = "the pair (h_0, c_0)" if pair else "the tensor h_0"
            raise RuntimeError(f"{type(self).__name__}: expected hx to be {expected}, got {type(hx).__name__}")
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)
        names = ("hidden[0] size", "hidden[1] size") if pair else ("hidden size",)
        D = 2 if self.bidirectional else 1
        checked = [
            self._checked(state, (self.num_layers * D, layout.rows, size), name, layout, like)
            for state, size, name in zip(states, sizes, names, strict=False)
        ]
        if layout.cut is not None:
            for number, (state, anew) in enumerate(zip(checked, self.anew(layout.walk.rows), strict=False)):
                zeros = state.new_zeros(state.size(0), layout.walk.rows, state.size(2)) if anew is None else anew
                checked[number] = layout.cut.begin(state, zeros, D)
        return checked[0], checked[1] if pair else None

    def anew(self, rows: int) -> tuple[Tensor | None, Tensor | None]:
        """What rows begin with when nothing is given: h_0 and c_0 (L·D, rows, ·), None for zeros."""
        for change in self.changes.values():
            state = change.initial_state(self, rows)
            if state is not None:
                return state if self.has_memory else (state, None)
        return None, None

    def _checked(self, state: Tensor, shape: tuple[int, int, int], name: str, layout: Layout, like: Tensor) -> Tensor:
        expected = shape if layout.batched else (shape[0], shape[2])
        if state.shape != expected:
            raise RuntimeError(f"Expected {name} {expected}, got {list(state.shape)}")
        if state.dtype is not like.dtype and not torch.is_autocast_enabled(like.device.type):
            raise RuntimeError(
                f"Expected hx of dtype {like.dtype} like the weights, got {state.dtype}: hx.to({like.dtype})"
            )
        return (state if layout.batched else state.unsqueeze(1)).to(like.device, like.dtype)


def _joined(ends: list[Tensor]) -> Tensor:
    """The states after all layers, (L·D, B, ·)."""
    return ends[0] if len(ends) == 1 else torch.cat(ends)


def runs_here(x: Tensor, weights: list[Any]) -> bool:
    """Whether our kernels take this: float32 on the CPU (under autocast the input may be of another float type)."""
    if not x.is_cpu or x.layout is not torch.strided:
        return False
    if x.dtype is not torch.float32 and not (x.is_floating_point() and torch.is_autocast_enabled("cpu")):
        return False
    for w in weights:  # noqa: SIM110, a loop is quicker than all(...) and this runs in every step
        if w is not None and (w.dtype is not torch.float32 or not w.is_cpu):
            return False
    return True
