"""Gates, memories and states of every step: the values that a training forward saves, with names.

    output, state, layers = inspect(module, x)        layers[l].forget (T, B, D, H), layers[l].memory, …

The fields are views of the saved values, so inspecting costs no more than a forward that is differentiated. A gradient
flows into ``hidden`` and into no other field. Past a row's end all fields are 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from anaphora.kernels.traits import TRAITS
from anaphora.nn import functional
from anaphora.nn.engine import composed
from anaphora.nn.engine.base import RecurrentBase, runs_here
from anaphora.nn.engine.batch_layout import BatchLayout
from anaphora.nn.engine.read_batch import Lengths, read_batch
from anaphora.nn.engine.states import State


class Inspection(NamedTuple):
    """The output and state of ``forward``, and for each layer its fields (T, B, D, H) in the layout of the input."""

    output: Any
    state: Any
    layers: tuple[Any, ...]


class LSTMGates(NamedTuple):
    """One layer of an LSTM, fields (T, B, D, H): its gates, the candidate ``cell``, the memory c_t, the state h_t.

    The memory of a cell with M memories is (T, B, D, M·H).
    """

    input: Tensor
    forget: Tensor
    cell: Tensor
    output: Tensor
    memory: Tensor
    hidden: Tensor


class CoupledGates(NamedTuple):
    """One layer of an LSTM whose ``input`` gate is 1 − forget, fields (T, B, D, H)."""

    forget: Tensor
    cell: Tensor
    output: Tensor
    memory: Tensor
    hidden: Tensor

    @property
    def input(self) -> Tensor:
        """The input gate (T, B, D, H), 1 − forget."""
        return 1 - self.forget


class GRUGates(NamedTuple):
    """One layer of a GRU, fields (T, B, D, H): its gates, the candidate ``new``, and the state h_t."""

    reset: Tensor
    update: Tensor
    new: Tensor
    hidden: Tensor


class Elman(NamedTuple):
    """One layer of an RNN, which has no gates: the state h_t (T, B, D, H)."""

    hidden: Tensor


_KINDS: dict[tuple[str, ...], Any] = {kind._fields[:-1]: kind for kind in (LSTMGates, CoupledGates, GRUGates, Elman)}


def inspect(
    module: RecurrentBase, x: Any, hx: State | None = None, *, lengths: Lengths | None = None, reset: Any = None
) -> Inspection:
    """Run a module and return its gates too; the arguments are those of its ``forward``.

    Fields of layers are (T, B, D, H), (B, T, D, H) with ``batch_first``, (T, D, H) for one sequence, and (N, D, H)
    along the data of a ``PackedSequence`` or a ``Ragged``; a projected ``hidden`` has P features. Raises TypeError for
    a module that is not one of anaphora.nn, and the errors of ``forward``.
    """
    if not isinstance(module, RecurrentBase):
        raise TypeError(f"inspect: expected a recurrent module of anaphora.nn, got {type(module).__name__}")
    seen: list[tuple[Tensor, Tensor]] = []
    weights = module._weights()
    data = x if isinstance(x, Tensor) else getattr(x, "data", None)
    here = not isinstance(data, Tensor) or runs_here(data, weights)
    operation: Any = functional.recurrent if here else composed.recurrent

    def record(*given: Any) -> tuple[Any, ...]:
        results: tuple[Any, ...] = operation(*given, keep=True)
        seen.append((results[0], results[3]))
        return results

    lines, layout = read_batch(x, lengths, module.batch_first, type(module).__name__, reset)
    output, state = module._walk(lines, layout, hx, weights, record)
    return Inspection(output, state, tuple(_named(module, layout, *layer) for layer in seen))


def _named(module: RecurrentBase, layout: BatchLayout, y: Tensor, saved: Tensor) -> Any:
    D, H, G = 2 if module.bidirectional else 1, module.hidden_size, len(module.gates)
    names, fields, traits = module.gates, [], TRAITS[module.cell]
    if G:
        if not layout.row_index.whole:
            # Backward never reads these lines; `.data`, so that autograd does not see a change of a saved tensor.
            saved.data.index_fill_(1, torch.from_numpy(layout.unused).to(saved.device), 0.0)
        shape, S = layout.shape, saved.size(-1) // H
        apart = saved.view(*shape, S, 1, H) if D == 1 else saved.view(D, *shape, S, H).movedim(0, -2)
        slots = apart.unbind(-3)  # each (…, D, H)
        fields = [*slots[:G]]
        if M := traits.memories:  # under zoneout the last slots are the memories that the next step meets
            first = G if traits.saved_slots == S else S - M
            memory = slots[first] if M == 1 else torch.cat(slots[first : first + M], dim=-1)
            names, fields = (*names, "memory"), [*fields, memory]
    fields.append(y.unsqueeze(-2) if D == 1 else y.unflatten(-1, (D, -1)))
    return _KINDS[names](*map(layout.caller_order, fields))
