"""The interface of a block of the runtime, and the blocks that act on each step by itself.

    block(x (N, ·), lines, state) -> (y, state')        N steps of B rows, without padding

    embedding            y = W[id]
    dropout              y = x: dropout acts in training only
    layer_norm           y = g ⊙ (x − mean x) / √(var x + 1e-5) + b        (Ba, Kiros and Hinton, 2016)
    linear, tied_output  y = b + W x

No block uses a matrix product of NumPy, because with BLAS the bits of a row depend on the size of the batch.
`kernels.linear` sums each output in one fixed order, and NumPy's sums over a contiguous last axis depend on that axis
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import kernels
from anaphora.kernels.row_index import RowIndex

Floats = NDArray[np.float32]
BlockState = tuple[Floats, ...]  # parts (layers·D, B, width), () without a state; a block never writes into it
Block = Callable[[NDArray[Any], RowIndex, BlockState], tuple[NDArray[Any], BlockState]]
Tensors = Mapping[str, Floats]

EPSILON = np.float32(1e-5)
quietly = np.errstate(invalid="ignore", over="ignore")
"""Infinities and NaN propagate without a warning, as in the kernels."""


class Embedding:
    """y = W[id], one row of W per symbol."""

    def __init__(self, weight: Floats) -> None:
        self.weight = weight

    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        return self.weight[x], state


class Identity:
    """y = x: dropout in a trained model."""

    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[NDArray[Any], BlockState]:
        return x, state


class LayerNorm:
    """y = g ⊙ (x − mean x) / √(var x + ε) + b, for each step by itself."""

    def __init__(self, weight: Floats, bias: Floats | None) -> None:
        self.weight = weight
        self.bias = bias

    @quietly
    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        centred: Floats = x - _mean(x)
        deviation: Floats = np.sqrt(_mean(centred * centred) + EPSILON)
        y = centred / deviation * self.weight
        return y if self.bias is None else y + self.bias, state


def _mean(x: Floats) -> Floats:
    total: Floats = np.add.reduce(x, axis=1, keepdims=True)
    return total / np.float32(x.shape[1])


class Linear:
    """y = b + W x."""

    def __init__(self, weight: Floats, bias: Floats | None) -> None:
        self.packed = kernels.pack_linear(weight, bias)
        self.width = weight.shape[0]

    def of(self, x: Floats) -> Floats:
        """Return y (N, O) for x (N, K)."""
        y = np.empty((x.shape[0], self.width), dtype=np.float32)
        kernels.linear(self.packed, x, y)
        return y

    def __call__(self, x: NDArray[Any], lines: RowIndex, state: BlockState) -> tuple[Floats, BlockState]:
        return self.of(x), state
