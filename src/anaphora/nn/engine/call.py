"""One call of a layer's operation, under two names: how it walks, and what it computes from.

    y, h_n, c_n = walk(x; h_0, c_0, weights, noise)

Where the rows lie is ``walk.Walk``'s to say. The operations of torch know no such tuples: there the same tensors stand
in a row, in the order of ``Inputs.tensors``, and so do gradients and what is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from torch import Tensor

from anaphora.kernels.row_index import SILENT, Noise
from anaphora.nn.engine.cached_index import Walk


class Call(NamedTuple):
    """How a layer walks."""

    cell: str  # the kernels' name
    directions: int
    walk: Walk
    segment: int = 0  # steps walked again at a time on the way back, 0: none
    clip: float = 0.0  # the limit of each pre-activation's gradient, 0: none


class Inputs(NamedTuple):
    """What it computes from; None where there is none."""

    x: Tensor  # (…, I), N lines
    h0: Tensor | None  # (D, B, P)
    c0: Tensor | None  # (D, B, H)
    weights: Sequence[Tensor | None]  # six a direction, those of ``anaphora.kernels.row_index.Weights``
    noise: Noise = SILENT

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """x, h_0, c_0, the three of the noise, then the weights."""
        return (self.x, self.h0, self.c0, *self.noise, *self.weights)

    @classmethod
    def of(cls, tensors: Iterable[Tensor | None]) -> Inputs:
        """The same from ``tensors``."""
        x, h0, c0, mask, keep_h, keep_c, *weights = tensors
        assert x is not None
        return cls(x, h0, c0, weights, Noise(mask, keep_h, keep_c))


def asked(needs: Sequence[bool]) -> tuple[bool, ...]:
    """Of which tensors, in a row, a gradient is asked: never of the noise."""
    return (*needs[:3], False, False, False, *needs[6:])
