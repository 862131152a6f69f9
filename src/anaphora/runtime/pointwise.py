"""The blocks that act on each step by itself, and what every block of the runtime is.

    block(x (N, ·), lines, state) -> (y, state')        N lines of B rows, only steps that exist

    embedding            y = W[id]
    dropout              y = x: it only acts in training
    layer_norm           y = g ⊙ (x − mean x) / √(var x + 1e-5) + b        (Ba, Kiros and Hinton, 2016)
    linear, tied_output  y = b + W x

Nothing here is a matrix product of NumPy's: BLAS gives a row other bits alone than in a batch. `kernels.linear` sums
each line in one order, and NumPy's sums over a contiguous last axis know nothing but that line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import kernels
from anaphora.kernels.row_index import Lines

Floats = NDArray[np.float32]
BlockState = tuple[Floats, ...]  # parts (layers·D, B, width), () where a block has none; a block never writes into it
Block = Callable[[NDArray[Any], Lines, BlockState], tuple[NDArray[Any], BlockState]]
Tensors = Mapping[str, Floats]

EPSILON = np.float32(1e-5)
quietly = np.errstate(invalid="ignore", over="ignore")
"""Infinities become what they become, without a word, as in the kernels."""


class Embedding:
    """y = W[id], one row of W per symbol."""

    def __init__(self, weight: Floats) -> None:
        self.weight = weight

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
        return self.weight[x], state


class Identity:
    """y = x: what dropout does in a trained model."""

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[NDArray[Any], BlockState]:
        return x, state


class LayerNorm:
    """y = g ⊙ (x − mean x) / √(var x + ε) + b, each line by itself."""

    def __init__(self, weight: Floats, bias: Floats | None) -> None:
        self.weight = weight
        self.bias = bias

    @quietly
    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
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
        """Return y (N, O) of x (N, K)."""
        y = np.empty((x.shape[0], self.width), dtype=np.float32)
        kernels.linear(self.packed, x, y)
        return y

    def __call__(self, x: NDArray[Any], lines: Lines, state: BlockState) -> tuple[Floats, BlockState]:
        return self.of(x), state
