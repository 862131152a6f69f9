"""Torch's own operation, for devices and dtypes on which anaphora's kernels do not run.

``lengths`` and ``Ragged``, which torch's operation does not take, become a packed sequence of the rows that have steps.
Rows without steps keep their initial state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from anaphora.nn.engine.batch_layout import Batch
from anaphora.nn.engine.read_batch import Lengths, read_lengths
from anaphora.nn.engine.states import Layers
from anaphora.nn.ragged import Ragged

Operation = Callable[[Any, Any], tuple[Any, Any]]


class Module(Layers, Protocol):
    """A module of recurrent layers, as far as torch's operation asks."""

    batch_first: bool

    @property
    def modifiers(self) -> Any:
        """The modifiers of the layers; empty where there is none."""


def forward(module: Module, operation: Operation, batch: Batch, hx: Any, lengths: Lengths | None) -> tuple[Any, Any]:
    """Compute ``RecurrentBase.forward`` through ``operation``, torch's forward of the same module.

    ``batch``: (T, B, I), (B, T, I), (T, I), a ``PackedSequence`` or a ``Ragged``; ``hx``: h_0 (L·D, B, P), or the pair
    with c_0 (L·D, B, M·H), or None; ``lengths`` (B,). Raises ValueError for lengths without a padded tensor.
    """
    name = type(module).__name__
    if isinstance(batch, Ragged):
        if lengths is not None:
            raise ValueError(f"{name}: lengths go with a padded tensor; a Ragged has its own, leave them out")
        output, state = _packed(module, operation, batch, _initial(module, len(batch), hx))
        return batch.with_data(output), state
    if lengths is None:
        return operation(batch, _initial_like(module, batch, hx))
    if not isinstance(batch, Tensor) or batch.dim() != 3:
        raise ValueError(f"{name}: lengths go with a padded tensor (T, B, I) or (B, T, I)")
    T, B = (batch.size(1), batch.size(0)) if module.batch_first else batch.shape[:2]
    steps = torch.from_numpy(read_lengths(lengths, T, B, name))
    ragged = Ragged.from_padded(batch, steps, module.batch_first)
    output, state = _packed(module, operation, ragged, _initial(module, B, hx))
    return ragged.with_data(output).to_padded(module.batch_first, steps_at_least=T), state


def _initial(module: Module, rows: int, hx: Any) -> Any:
    """The state that is given, or else the default one."""
    if hx is not None:
        return hx
    h_0, c_0 = module.anew(rows)
    return (h_0, c_0) if module.has_memory and h_0 is not None else h_0


def _initial_like(module: Module, batch: Any, hx: Any) -> Any:
    """The initial state in the shape that torch expects with this batch; None for torch's zeros."""
    if hx is not None or not module.modifiers:
        return hx
    if isinstance(batch, PackedSequence):
        return _initial(module, int(batch.batch_sizes[0]), None)
    rows = batch.size(0 if module.batch_first else 1) if batch.dim() == 3 else 1
    hx = _initial(module, rows, None)
    if hx is None or batch.dim() == 3:
        return hx
    return hx.squeeze(1) if isinstance(hx, Tensor) else tuple(state.squeeze(1) for state in hx)


def _packed(module: Module, operation: Operation, ragged: Ragged, hx: Any) -> tuple[Tensor, Any]:
    """The rows that have steps through ``operation``; the others keep their initial state."""
    D, data = 2 if module.bidirectional else 1, ragged.data
    P = module.proj_size or module.hidden_size
    if hx is None:
        zeros = data.new_zeros(module.num_layers * D, len(ragged), P)
        hx = (zeros, data.new_zeros(module.num_layers * D, len(ragged), module.memory_width))
        hx = hx if module.has_memory else zeros
    active = ragged.lengths.nonzero().flatten()
    if not active.numel():
        return data.new_zeros(0, D * P), hx
    rows = active.to(data.device)
    packed = Ragged(data, ragged.lengths[active]).to_packed()
    if isinstance(hx, Tensor):
        output, state = operation(packed, hx.index_select(1, rows))
        return Ragged.from_packed(output).data, hx.index_copy(1, rows, state)
    output, (h_n, c_n) = operation(packed, (hx[0].index_select(1, rows), hx[1].index_select(1, rows)))
    return Ragged.from_packed(output).data, (hx[0].index_copy(1, rows, h_n), hx[1].index_copy(1, rows, c_n))
