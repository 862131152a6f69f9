"""The base of every recurrent module: a stack of layers in one or two directions over a batch of any form.

    y⁰ = x,   (yˡ⁺¹, hˡ_n) = layer l over dropout(yˡ),   l = 0 … L − 1      (no dropout before the first layer)

Differs from ``torch.nn``: it accepts ``Ragged`` and, after torch's own arguments, ``lengths`` and ``reset``. Rows may
be empty. A sequence of no steps gives no output and its initial state. A packed sequence costs the steps it has. In
float32 on the CPU anaphora's kernels run. On other devices and in other dtypes torch's own operation runs for a cell
that torch has, and the equations in plain torch for any other.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from anaphora.kernels.traits import TRAITS
from anaphora.nn import functional
from anaphora.nn.engine import composed, torch_fallback
from anaphora.nn.engine.batch_layout import BatchLayout
from anaphora.nn.engine.read_batch import Lengths, read_batch
from anaphora.nn.engine.states import State, initial_state
from anaphora.nn.modifiers.modifier import NO_EFFECTS, LayerContext, LayerEffects, Modifier

_KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class RecurrentBase(torch.nn.RNNBase):
    """``forward`` of every recurrent module; it stands before torch's class in a module's bases."""

    gates: ClassVar[tuple[str, ...]] = ()  # in the order of the weights
    known_to_torch: ClassVar[bool] = True
    cell: str  # the kernels' name

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cell = self.mode.lower()
        self.modifiers: dict[str, Modifier] = {}
        held, six = self._parameters, (*_KINDS, None)
        names = [[kind and f"{kind}_{suffix}" for kind in six] for suffix in self.suffixes]
        self._names = [name if name in held else None for six in names for name in six]
        self._joined: dict[int, list[str]] = {}  # position in _names: the names of own vectors that are joined to one

    @property
    def has_memory(self) -> bool:
        """True if the state is the pair (h, c), False if it is h alone."""
        return TRAITS[self.cell].memories > 0

    @property
    def memory_width(self) -> int:
        """M·H, the size of the M memories c that a row carries beside h: H for an LSTM, 0 for a GRU."""
        return TRAITS[self.cell].memories * self.hidden_size

    @property
    def suffixes(self) -> list[str]:
        """The ends of the parameters' names, one for each layer and direction: l0, l0_reverse, l1, …"""
        ends = ("", "_reverse") if self.bidirectional else ("",)
        return [f"l{layer}{end}" for layer in range(self.num_layers) for end in ends]

    def reset_parameters(self) -> None:
        """Draw all weights like torch; a learned initial state begins at zero."""
        super().reset_parameters()
        for name in ("h_0", "c_0"):
            if name in self._parameters:
                torch.nn.init.zeros_(getattr(self, name))

    def extra_repr(self) -> str:
        """Return torch's text and the modifiers."""
        return "".join([super().extra_repr(), *(f", {name}={modifier}" for name, modifier in self.modifiers.items())])

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
        ``hx``: h_0 (L·D, B, P), for a cell with M memories the pair with c_0 (L·D, B, M·H), rows in the caller's order;
        zeros if None.
        ``lengths``: (B,) in steps, with a padded input. Output past a row's end is 0; a row of length 0 keeps its
        initial state.
        ``reset``: a boolean for each step, shaped like ``input`` without its features, (N,) along the data of a
        ``PackedSequence`` or a ``Ragged``. Before that step the state returns to its value when ``hx`` is None. The
        second direction comes from the other side and returns at the step before.

        Returns the output (…, D·P) in the type of the input, and the state after each row's last step, shaped like
        ``hx``. Raises TypeError, ValueError or RuntimeError like torch's modules, with the expected value and the value
        that came.
        """
        weights = self._weights()
        data = input if isinstance(input, Tensor) else getattr(input, "data", None)
        if not isinstance(data, Tensor) or runs_here(data, weights):
            operation: Any = functional.recurrent
        elif reset is None and self._torch_can():
            return torch_fallback.forward(self, super().forward, input, hx, lengths)
        else:
            operation = composed.recurrent
        x, layout = read_batch(input, lengths, self.batch_first, type(self).__name__, reset)
        return self._walk(x, layout, hx, weights, operation)

    def _weights(self) -> list[Any]:
        """Six for each direction of each layer: w_ih, w_hh, b_ih, b_hh, w_hr, own; None where there is none."""
        held = self._parameters
        weights: list[Any] = []
        for name in self._names:  # a parametrized weight is no parameter, but still an attribute
            weights.append(held[name] if name in held else name and getattr(self, name))  # noqa: PERF401
        for at, names in self._joined.items():
            weights[at] = torch.cat([getattr(self, name) for name in names])
        for modifier in self.modifiers.values():
            weights[1::6] = [modifier.recurrent_weight(weight, self.training) for weight in weights[1::6]]
        return weights

    def _torch_can(self) -> bool:
        return self.known_to_torch and not any(m.unknown_to_torch(self.training) for m in self.modifiers.values())

    def _walk(self, x: Tensor, layout: BatchLayout, hx: Any, weights: list[Any], operation: Any) -> tuple[Any, Any]:
        """All layers in turn over lines x (…, I), each by ``operation``, a function like ``functional.recurrent``."""
        like, D, index, pair = weights[0], 2 if self.bidirectional else 1, layout.row_index, TRAITS[self.cell].memories
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.size(-1)}"
            )
        if x.dtype is not like.dtype or x.device != like.device:
            x = self._converted(x, like)
        h0 = c0 = None
        if hx is not None or self.modifiers:
            h0, c0 = initial_state(self, hx, layout, like)
        if self.num_layers == 1 and not self.modifiers and layout.segments is None:
            y, h_n, c_n, _ = operation(self.cell, x, weights, D, index, h0, c0)
        else:
            y, h_n, c_n = self._walk_stack(x, layout, h0, c0, weights, operation)
        if not layout.batched:
            h_n, c_n = h_n.squeeze(1), c_n.squeeze(1) if pair else c_n
        return layout.restore(y), ((h_n, c_n) if pair else h_n)

    def _walk_stack(
        self, y: Tensor, layout: BatchLayout, h0: Any, c0: Any, weights: list[Any], operation: Any
    ) -> tuple[Tensor, Tensor, Any]:
        D, segments, hs, cs = 2 if self.bidirectional else 1, layout.segments, [], []
        for layer in range(self.num_layers):
            if layer > 0 and self.training and self.dropout > 0:
                y = layout.dropout(y, self.dropout)
            mine = weights[layer * 6 * D : (layer + 1) * 6 * D]
            h_first = None if h0 is None else h0.narrow(0, layer * D, D)
            c_first = None if c0 is None else c0.narrow(0, layer * D, D)
            effects = self._effects(layout, mine[1])
            y, h, c, _ = operation(self.cell, y, mine, D, layout.row_index, h_first, c_first, *effects)
            hs.append(h if segments is None else segments.end(h))
            if self.has_memory:
                cs.append(c if segments is None else segments.end(c))
        return y, _joined(hs), _joined(cs) if cs else None

    def _effects(self, layout: BatchLayout, like: Tensor) -> LayerEffects:
        """All modifiers' effects on one layer, whose weight_hh is ``like`` (G·H, P)."""
        effects = NO_EFFECTS
        if self.modifiers:
            D = 2 if self.bidirectional else 1
            context = LayerContext(layout, D, like.size(1), self.memory_width, self.training, like)
            for modifier in self.modifiers.values():
                effects = modifier.effects(effects, context)
        return effects

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

    def anew(self, rows: int) -> tuple[Tensor | None, Tensor | None]:
        """Return h_0 (L·D, rows, P) and c_0 (L·D, rows, M·H) of rows for which no state is given; None for zeros."""
        for modifier in self.modifiers.values():
            state = modifier.initial_state(self, rows)
            if state is not None:
                return state if self.has_memory else (state, None)
        return None, None


def _joined(ends: list[Tensor]) -> Tensor:
    """The states after all layers, (L·D, B, ·)."""
    return ends[0] if len(ends) == 1 else torch.cat(ends)


def runs_here(x: Tensor, weights: list[Any]) -> bool:
    """Return whether the kernels take lines x (…, I) and these weights: float32 on the CPU.

    Under autocast x may be of another floating-point type.
    """
    if not x.is_cpu or x.layout is not torch.strided:
        return False
    if x.dtype is not torch.float32 and not (x.is_floating_point() and torch.is_autocast_enabled("cpu")):
        return False
    for w in weights:  # noqa: SIM110, a loop is quicker than all(...) and this runs in every step
        if w is not None and (w.dtype is not torch.float32 or not w.is_cpu):
            return False
    return True
