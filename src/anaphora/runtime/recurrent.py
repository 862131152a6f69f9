"""The recurrent blocks: the kernels applied layer by layer, with weights packed once.

    y⁰ = x,   (yˡ⁺¹, hˡ_n, cˡ_n) = layer l over yˡ,   l = 0 … L − 1

The parts of a state are h (L·D, B, P) and, for the cells with M memories, c (L·D, B, M·H). Zoneout is replaced by its
expectation: h_t = p·h_{t−1} + (1 − p)·h̃_t, likewise for c (Krueger et al., ICLR 2017).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import kernels
from anaphora.bundle import spec
from anaphora.bundle.recurrent_kinds import cell_of, own_vectors
from anaphora.kernels.row_index import SILENT, Noise, RowIndex, Weights
from anaphora.runtime.pointwise import BlockState, Floats, Tensors


class Recurrent:
    """Stacked layers of one kind of cell."""

    def __init__(self, block: spec.Block, own: Tensors) -> None:
        self.cell = cell_of(block)
        suffixes = ("", "_reverse") if block["bidirectional"] else ("",)
        self.directions = len(suffixes)
        self.width = int(block.get("proj_size") or block["hidden_size"])
        self.layers = [
            kernels.pack(self.cell, [_weights(block, own, f"l{layer}{suffix}") for suffix in suffixes])
            for layer in range(block["num_layers"])
        ]
        hidden, memory = block["zoneout_hidden"], block.get("zoneout_memory", 0.0)
        self.noise = SILENT
        if hidden or memory:
            memory_width = kernels.TRAITS[self.cell].memories * block["hidden_size"]
            keep_h = _keep(hidden, self.directions * self.width)
            self.noise = Noise(keep_h=keep_h, keep_c=_keep(memory, self.directions * memory_width))

    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        after = tuple(np.empty_like(part) for part in state)
        for layer, packed in enumerate(self.layers):
            here = slice(layer * self.directions, (layer + 1) * self.directions)
            h0, h_n = state[0][here], after[0][here]
            c0, c_n = (state[1][here], after[1][here]) if len(state) == 2 else (None, None)
            y = kernels.empty((len(x), self.directions * self.width))
            kernels.forward(packed, x, lines, h0, c0, y, h_n, c_n, None, self.noise)
            x = y
        return x, after


def _weights(block: spec.Block, own: Tensors, suffix: str) -> Weights:
    biases = own.get(f"bias_ih_{suffix}"), own.get(f"bias_hh_{suffix}")
    vectors = [own[f"{name}_{suffix}"] for name in own_vectors(block["kind"])]
    return Weights(
        own[f"weight_ih_{suffix}"],
        own[f"weight_hh_{suffix}"],
        *biases,
        own.get(f"weight_hr_{suffix}"),
        np.concatenate(vectors) if vectors else None,
    )


def _keep(p: float, width: int) -> Floats | None:
    return np.full((1, width), p, dtype=np.float32) if p else None
