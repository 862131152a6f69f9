"""One call of a recurrent layer: how it walks through time, and the tensors it computes from.

    y, h_n, c_n = walk(x; h_0, c_0, weights, noise)

Torch's operations take no such tuples. For them the same tensors stand in one list, in the order of ``Inputs.tensors``,
and so do their gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from torch import Tensor

from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine.cached_index import CachedIndex


class LayerCall(NamedTuple):
    """The options of one layer's walk through time."""

    cell: str  # the kernels' name
    directions: int
    row_index: CachedIndex
    segment: int = 0  # backward recomputes so many steps at a time; 0 recomputes nothing
    clip: float = 0.0  # the limit of each pre-activation's gradient; 0 limits nothing


class Inputs(NamedTuple):
    """The tensors of one layer's call; None for a tensor that the call does not have."""

    x: Tensor  # (…, I), N lines
    h0: Tensor | None  # (D, B, P)
    c0: Tensor | None  # (D, B, M·H)
    weights: Sequence[Tensor | None]  # for each direction the six of ``anaphora.kernels.row_index.Weights``
    noise: Noise = SILENT

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """x, h_0, c_0, the three of the noise, then the weights."""
        return (self.x, self.h0, self.c0, *self.noise, *self.weights)

    @classmethod
    def of(cls, tensors: Iterable[Tensor | None]) -> Inputs:
        """Return the inputs of these ``tensors``: x (…, I), h_0 (D, B, P), c_0 (D, B, M·H), noise and weights."""
        x, h0, c0, mask, keep_h, keep_c, *weights = tensors
        assert x is not None
        return cls(x, h0, c0, weights, Noise(mask, keep_h, keep_c))


def without_noise(needs: Sequence[bool]) -> tuple[bool, ...]:
    """Return which gradients to compute, in the order of ``Inputs.tensors``: none flows into the noise."""
    return (*needs[:3], False, False, False, *needs[6:])


def any_requires_grad(*tensors: Tensor | None) -> bool:
    """Return whether one of the tensors, of any shape (N, …), is part of a graph of gradients."""
    for tensor in tensors:  # noqa: SIM110, a loop is quicker than any(...) and this runs in every step
        if tensor is not None and tensor.requires_grad:
            return True
    return False
