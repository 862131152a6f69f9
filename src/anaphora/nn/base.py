"""The skeleton that RNN, GRU and LSTM share: layers × directions over any layout of a batch.

    y⁰ = x,   (yˡ⁺¹, hˡ_n) = layer l over dropout(yˡ),   l = 0 … L − 1      (no dropout before the first layer)

Differs from ``torch.nn``: accepts ``Ragged`` and, after torch's own arguments, ``lengths``; rows may be empty; a
sequence of no steps gives no output and its initial state; a packed sequence costs what its steps cost. The modules are
torch's own but for ``forward``, which runs our kernels for float32 on the CPU and torch's operation for the rest.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from anaphora.nn import functional
from anaphora.nn.layout import Batch, Layout, Lengths, read, read_lengths
from anaphora.nn.ragged import Ragged

State = Tensor | tuple[Tensor, Tensor]


class RecurrentBase(torch.nn.RNNBase):
    """What ``forward`` means for every recurrent module; comes before torch's class in a module's bases."""

    def forward(  # torch's name for the first argument
        self,
        input: Any,  # noqa: A002
        hx: State | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Any, Any]:
        """Walk through time.

        ``input``: (T, B, I), (B, T, I) with ``batch_first``, one sequence (T, I), a ``PackedSequence`` or a ``Ragged``.
        ``hx``: h_0 (L·D, B, P), for an LSTM the pair with c_0 (L·D, B, H), rows in the caller's order; zeros if None.
        ``lengths``: (B,) with a padded input; output past a row's end is 0, a row of length 0 keeps its initial state.

        Returns the output in the type of the input, and the state after each row's last step.
        Raises TypeError, ValueError or RuntimeError like torch's modules, saying what was expected and what came.
        """
        held = self._parameters
        weights: list[Any] = [held[name] if name in held else getattr(self, name) for name in self._flat_weights_names]
        data = input if isinstance(input, Tensor) else getattr(input, "data", None)
        if isinstance(data, Tensor) and not runs_here(data, weights):
            return self._elsewhere(input, hx, lengths)
        name = type(self).__name__
        layout = read(input, lengths, self.batch_first, name)
        if layout.x.size(1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {layout.x.size(1)}"
            )
        h0, c0 = self._initial(hx, layout)
        output, h_n, c_n = self._walk(layout, weights, h0, c0)
        if not layout.batched:
            h_n, c_n = h_n.squeeze(1), c_n.squeeze(1) if self.mode == "LSTM" else c_n
        return output, ((h_n, c_n) if self.mode == "LSTM" else h_n)

    def _walk(
        self, layout: Layout, weights: list[Tensor], h0: Tensor | None, c0: Tensor | None
    ) -> tuple[Batch, Tensor, Tensor]:
        D, cell = 2 if self.bidirectional else 1, self.mode.lower()
        each = len(weights) // self.num_layers
        y = layout.x if layout.x.dtype is torch.float32 else layout.x.float()
        if self.num_layers == 1:
            y, h_n, c_n = functional.recurrent(cell, y, weights, D, layout.walk, h0, c0)
            return layout.restore(y), h_n, c_n
        hs, cs = [], []
        for layer in range(self.num_layers):
            if layer > 0 and self.training and self.dropout > 0:
                y = layout.dropout(y, self.dropout)
            mine = weights[layer * each : (layer + 1) * each]
            h_first = None if h0 is None else h0.narrow(0, layer * D, D)
            c_first = None if c0 is None else c0.narrow(0, layer * D, D)
            y, h_n, c_n = functional.recurrent(cell, y, mine, D, layout.walk, h_first, c_first)
            hs.append(h_n)
            cs.append(c_n)
        return layout.restore(y), torch.cat(hs), torch.cat(cs)

    def _initial(self, hx: State | None, layout: Layout) -> tuple[Tensor | None, Tensor | None]:
        """h_0 (L·D, B, P) and c_0 (L·D, B, H), checked."""
        if hx is None:
            return None, None
        pair = self.mode == "LSTM"
        states = hx if isinstance(hx, (tuple, list)) else (hx,)
        if len(states) != (2 if pair else 1) or isinstance(hx, Tensor) == pair:
            expected = "the pair (h_0, c_0)" if pair else "the tensor h_0"
            raise RuntimeError(f"{type(self).__name__}: expected hx to be {expected}, got {type(hx).__name__}")
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)
        names = ("hidden[0] size", "hidden[1] size") if pair else ("hidden size",)
        layers = self.num_layers * (2 if self.bidirectional else 1)
        checked = [
            self._checked(state, (layers, layout.walk.rows, size), name, layout)
            for state, size, name in zip(states, sizes, names, strict=False)
        ]
        return checked[0], checked[1] if pair else None

    def _checked(self, state: Tensor, shape: tuple[int, int, int], name: str, layout: Layout) -> Tensor:
        expected = shape if layout.batched else (shape[0], shape[2])
        if state.shape != expected:
            raise RuntimeError(f"Expected {name} {expected}, got {list(state.shape)}")
        if state.dtype is not torch.float32 and not torch.is_autocast_enabled("cpu"):
            raise RuntimeError(f"Expected hx of dtype torch.float32 like the weights, got {state.dtype}: hx.float()")
        state = state if layout.batched else state.unsqueeze(1)
        return state.to("cpu", torch.float32)

    def _elsewhere(self, batch: Batch, hx: State | None, lengths: Lengths | None) -> tuple[Any, Any]:
        """Torch's own operation; ``lengths`` and ``Ragged``, which it doesn't know, go through a packed sequence."""
        if isinstance(batch, Ragged):
            if lengths is not None:
                raise ValueError("lengths go with a padded tensor; a Ragged knows its own, leave them out")
            output, state = self._packed_elsewhere(batch, hx)
            return batch.with_data(output), state
        if lengths is None:
            found: tuple[Any, Any] = super().forward(batch, hx)
            return found
        if not isinstance(batch, Tensor) or batch.dim() != 3:
            raise ValueError(f"{type(self).__name__}: lengths go with a padded tensor (T, B, I) or (B, T, I)")
        T, B = (batch.size(1), batch.size(0)) if self.batch_first else batch.shape[:2]
        steps = torch.from_numpy(read_lengths(lengths, T, B, type(self).__name__))
        ragged = Ragged.from_padded(batch, steps, self.batch_first)
        output, state = self._packed_elsewhere(ragged, hx)
        return ragged.with_data(output).to_padded(self.batch_first, steps_at_least=T), state

    def _packed_elsewhere(self, ragged: Ragged, hx: State | None) -> tuple[Tensor, State]:
        """Torch's own operation on the rows that have steps; the others keep their initial state."""
        D, data = 2 if self.bidirectional else 1, ragged.data
        P = self.proj_size or self.hidden_size
        if hx is None:
            zeros = data.new_zeros(self.num_layers * D, len(ragged), P)
            hx = (zeros, data.new_zeros(self.num_layers * D, len(ragged), self.hidden_size))
            hx = hx if self.mode == "LSTM" else zeros
        active = ragged.lengths.nonzero().flatten()
        if not active.numel():
            return data.new_zeros(0, D * P), hx
        here = active.to(data.device)
        packed = Ragged(data, ragged.lengths[active]).to_packed()
        if isinstance(hx, Tensor):
            output, state = super().forward(packed, hx.index_select(1, here))
            return Ragged.from_packed(output).data, hx.index_copy(1, here, state)
        output, (h_n, c_n) = super().forward(packed, (hx[0].index_select(1, here), hx[1].index_select(1, here)))
        return Ragged.from_packed(output).data, (hx[0].index_copy(1, here, h_n), hx[1].index_copy(1, here, c_n))


def runs_here(x: Tensor, weights: list[Tensor]) -> bool:
    """Whether our kernels take this: float32 on the CPU (under autocast the input may be of another float type)."""
    if not x.is_cpu or x.layout is not torch.strided:
        return False
    if x.dtype is not torch.float32 and not (x.is_floating_point() and torch.is_autocast_enabled("cpu")):
        return False
    for w in weights:  # noqa: SIM110, a loop is quicker than all(...) and this runs in every step
        if w.dtype is not torch.float32 or not w.is_cpu:
            return False
    return True
