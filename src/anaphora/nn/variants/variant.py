"""The base of the variants: a constructor like torch's, and vectors of their own beside torch's weights.

    Variant(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
            device=None, dtype=None)

Torch has no such modules, so ``isinstance(layer, torch.nn.LSTM)`` is False. Layers, directions, dropout, layouts, and
the names and shapes of the common weights are torch's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from anaphora.kernels.traits import OWN_VECTORS
from anaphora.nn.engine.base import RecurrentBase

MODES = {4: "LSTM", 3: "GRU", 1: "RNN_TANH"}  # torch's name for a module with as many gates


class Variant(RecurrentBase):
    """A cell that torch does not have.

    Its own vectors are those of ``OWN_VECTORS``. ``first_values`` are the initial values of some of them; the others
    are drawn like torch's weights.
    """

    known_to_torch = False
    first_values: ClassVar[Mapping[str, float]] = {}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        mode = MODES.get(len(self.gates), "RNN_TANH")
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )
        if len(self.gates) not in MODES:
            self._repeat_gates()
        self.cell = type(self).cell
        self.mode = self.cell.upper()
        for number, suffix in enumerate(self.suffixes):
            names = []
            for name, count in self._own_vectors().items():
                vector = torch.empty(count * hidden_size, device=device, dtype=dtype)
                names.append(f"{name}_{suffix}")
                self.register_parameter(names[-1], torch.nn.Parameter(vector))
            self._flat_weights_names.extend(names)
            self._all_weights[number] = [*self._all_weights[number], *names]
            if len(names) == 1:
                self._names[6 * number + 5] = names[0]
            elif names:
                self._joined[6 * number + 5] = names
        self._init_flat_weights()
        self._draw_own()

    def _repeat_gates(self) -> None:
        """Give every weight of one gate the rows of all, where torch has no module with as many gates."""
        for name, weight in self._parameters.items():
            if weight is not None:
                rows = weight.new_empty(len(self.gates) * weight.size(0), *weight.shape[1:])
                self._parameters[name] = torch.nn.Parameter(rows)
        self._init_flat_weights()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights like torch; gains begin at 1, shifts at 0."""
        super().reset_parameters()
        self._draw_own()

    def _own_vectors(self) -> Mapping[str, int]:
        return OWN_VECTORS.get(type(self).cell, {})

    def _draw_own(self) -> None:
        for name in self._own_vectors():
            for suffix in self.suffixes:
                vector = self._parameters.get(f"{name}_{suffix}")
                if vector is not None and name in self.first_values:
                    torch.nn.init.constant_(vector, self.first_values[name])
                elif vector is not None:
                    torch.nn.init.uniform_(vector, -(self.hidden_size**-0.5), self.hidden_size**-0.5)

    def flatten_parameters(self) -> None:
        """Do nothing: only cuDNN needs weights in one piece, and cuDNN does not have this cell."""
