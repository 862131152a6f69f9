"""What a few neighbouring steps of a row say together, the twin of ``anaphora.nn.convolution``.

    y_t = b + Σ_{k=−r}^{r} W_k x_{t+k},     x = 0 before a row's first step and after its last       (width 2r + 1)

A window is one line of a linear map, and holds nothing but its row's own steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.kernels.row_index import Lines
from anaphora.runtime.pointwise import BlockState, Floats, Linear


class Convolution:
    """A window of steps, mapped."""

    def __init__(self, weight: Floats, bias: Floats) -> None:
        outputs, _, self.width = weight.shape
        self.linear = Linear(np.ascontiguousarray(weight.transpose(0, 2, 1)).reshape(outputs, -1), bias)

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
        N = len(x)
        there = lines.row_by_row()
        ends = np.repeat(np.cumsum(lines.lengths), lines.lengths)[:, None]
        begins = ends - np.repeat(lines.lengths, lines.lengths)[:, None]
        place = np.arange(len(there))[:, None] + np.arange(self.width) - self.width // 2
        inside = (place >= begins) & (place < ends)
        line = np.where(inside, np.append(there, N)[np.where(inside, place, -1)], N)  # line N is zeros
        windows = np.concatenate([x, np.zeros((1, x.shape[1]), np.float32)])[line].reshape(len(there), -1)
        y = np.zeros((N, self.linear.width), dtype=np.float32)
        y[there] = self.linear.of(windows)
        return y, state
