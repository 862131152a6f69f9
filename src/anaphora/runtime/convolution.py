"""The convolution over neighbouring steps of a row, the counterpart of ``anaphora.nn.convolution``.

    y_t = b + Σ_{k=−r}^{r} W_k x_{t+k},     x = 0 before a row's first step and after its last       (width 2r + 1)

Each window is one input of a linear map and holds only steps of its own row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.kernels.row_index import RowIndex
from anaphora.runtime.pointwise import BlockState, Floats, Linear


class Convolution:
    """A linear map of the window around each step."""

    def __init__(self, weight: Floats, bias: Floats) -> None:
        outputs, _, self.width = weight.shape
        self.linear = Linear(np.ascontiguousarray(weight.transpose(0, 2, 1)).reshape(outputs, -1), bias)

    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        N = len(x)
        order = lines.row_by_row()
        ends = np.repeat(np.cumsum(lines.lengths), lines.lengths)[:, None]
        begins = ends - np.repeat(lines.lengths, lines.lengths)[:, None]
        position = np.arange(len(order))[:, None] + np.arange(self.width) - self.width // 2
        inside = (position >= begins) & (position < ends)
        line = np.where(inside, np.append(order, N)[np.where(inside, position, -1)], N)  # row N of the table is zeros
        windows = np.concatenate([x, np.zeros((1, x.shape[1]), np.float32)])[line].reshape(len(order), -1)
        y = np.zeros((N, self.linear.width), dtype=np.float32)
        y[order] = self.linear.of(windows)
        return y, state
