"""What a score means, with its formula.

For units x_1 … x_n of a text and a model's probabilities p(x_t | everything before)::

    nats per unit  = (1/n) Σ_t -ln p(x_t | x_<t)        the mean surprise; what training minimises
    bits per unit  = nats per unit / ln 2               yes-or-no questions a unit costs
    perplexity     = exp(nats per unit)                 as hard as a fair choice between so many units
    bits per byte  = (total nats / ln 2) / bytes        the same text in any units: the one figure that compares a
                                                        character model with a word model

A figure per unit compares models of the same units only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Surprise(NamedTuple):
    """How surprising a text was to a model."""

    units: int
    nats_per_unit: float
    bits_per_unit: float
    perplexity: float
    """Infinite when nats per unit are above 709, where exp leaves float64."""


def surprise(nats: npt.ArrayLike) -> Surprise:
    """Sum up the nats of each scored unit, (T,), in float64 with one rounding.

    Raises ValueError when there is none, for then there is no mean.
    """
    each = np.asarray(nats, dtype=np.float64).reshape(-1)
    if each.size == 0:
        raise ValueError("no unit was scored: expected at least one")
    mean = math.fsum(each.tolist()) / each.size
    return Surprise(each.size, mean, bits(mean), perplexity(mean))


def bits(nats: float) -> float:
    """Return nats / ln 2."""
    return nats / math.log(2)


def perplexity(nats_per_unit: float) -> float:
    """Return exp(nats per unit), infinity where that is beyond float64."""
    return math.exp(nats_per_unit) if nats_per_unit < math.log(np.finfo(np.float64).max) else math.inf


def bits_per_byte(nats_per_unit: float, units: int, size_bytes: int) -> float:
    """Return the bits that one byte of the text's UTF-8 costs: nats per unit · units / (ln 2 · bytes).

    Raises ValueError for an empty text.
    """
    if size_bytes == 0:
        raise ValueError("an empty text has no bits per byte")
    return bits(nats_per_unit) * units / size_bytes
