"""Where our kernels don't run, torch's own operation walks the cells that it knows.

``lengths`` and ``Ragged``, which it doesn't know, go through a packed sequence of the rows that have steps; the others
keep their initial state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from anaphora.nn.engine.batch_layout import Batch, Lengths, read_lengths
from anaphora.nn.ragged import Ragged

Operation = Callable[[Any, Any], tuple[Any, Any]]


class Layers(Protocol):
    """A module of recurrent layers, as far as torch's operation needs to know one."""

    num_layers: int
    hidden_size: int
    proj_size: int
    bidirectional: bool
    batch_first: bool

    @property
    def has_memory(self) -> bool:
        """Whether the state has a memory c beside h."""

    @property
    def changes(self) -> Any:
        """What changes how the layers walk; empty where nothing does."""

    def anew(self, rows: int) -> tuple[Tensor | None, Tensor | None]:
        """The state (h_0, c_0) that rows begin with, each (layers·D, rows, width); None for zeros."""


def by_torch(module: Layers, operation: Operation, batch: Batch, hx: Any, lengths: Lengths | None) -> tuple[Any, Any]:
    """``forward`` of a module through ``operation``, torch's forward of the same module."""
    name = type(module).__name__
    if isinstance(batch, Ragged):
        if lengths is not None:
            raise ValueError(f"{name}: lengths go with a padded tensor; a Ragged has its own, leave them out")
        output, state = _packed(module, operation, batch, _initial(module, len(batch), hx))
        return batch.with_data(output), state
    if lengths is None:
        return operation(batch, _of_batch(module, batch, hx))
    if not isinstance(batch, Tensor) or batch.dim() != 3:
        raise ValueError(f"{name}: lengths go with a padded tensor (T, B, I) or (B, T, I)")
    T, B = (batch.size(1), batch.size(0)) if module.batch_first else batch.shape[:2]
    steps = torch.from_numpy(read_lengths(lengths, T, B, name))
    ragged = Ragged.from_padded(batch, steps, module.batch_first)
    output, state = _packed(module, operation, ragged, _initial(module, B, hx))
    return ragged.with_data(output).to_padded(module.batch_first, steps_at_least=T), state


def _initial(module: Layers, rows: int, hx: Any) -> Any:
    if hx is not None:
        return hx
    h_0, c_0 = module.anew(rows)
    return (h_0, c_0) if module.has_memory and h_0 is not None else h_0


def _of_batch(module: Layers, batch: Any, hx: Any) -> Any:
    """The initial state in the shape that torch expects with this batch; None where nothing says otherwise."""
    if hx is not None or not module.changes:
        return hx
    if isinstance(batch, PackedSequence):
        return _initial(module, int(batch.batch_sizes[0]), None)
    rows = batch.size(0 if module.batch_first else 1) if batch.dim() == 3 else 1
    hx = _initial(module, rows, None)
    if hx is None or batch.dim() == 3:
        return hx
    return hx.squeeze(1) if isinstance(hx, Tensor) else tuple(state.squeeze(1) for state in hx)


def _packed(module: Layers, operation: Operation, ragged: Ragged, hx: Any) -> tuple[Tensor, Any]:
    """The rows that have steps through ``operation``; the others keep their initial state."""
    D, data = 2 if module.bidirectional else 1, ragged.data
    P = module.proj_size or module.hidden_size
    if hx is None:
        zeros = data.new_zeros(module.num_layers * D, len(ragged), P)
        hx = (zeros, data.new_zeros(module.num_layers * D, len(ragged), module.hidden_size))
        hx = hx if module.has_memory else zeros
    active = ragged.lengths.nonzero().flatten()
    if not active.numel():
        return data.new_zeros(0, D * P), hx
    here = active.to(data.device)
    packed = Ragged(data, ragged.lengths[active]).to_packed()
    if isinstance(hx, Tensor):
        output, state = operation(packed, hx.index_select(1, here))
        return Ragged.from_packed(output).data, hx.index_copy(1, here, state)
    output, (h_n, c_n) = operation(packed, (hx[0].index_select(1, here), hx[1].index_select(1, here)))
    return Ragged.from_packed(output).data, (hx[0].index_copy(1, here, h_n), hx[1].index_copy(1, here, c_n))
