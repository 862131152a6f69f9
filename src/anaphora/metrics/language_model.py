"""Scores of language models, with their formulas.

For units x_1 … x_n of a text and a model's probabilities p(x_t | everything before)::

    nats per unit  = (1/n) Σ_t -ln p(x_t | x_<t)        the mean surprise, which training minimises
    bits per unit  = nats per unit / ln 2               the number of yes-or-no questions per unit
    perplexity     = exp(nats per unit)                 the number of equally likely units with the same surprise
    bits per byte  = (total nats / ln 2) / bytes        the only figure that compares models with different units,
                                                        such as a character model and a word model

A figure per unit only compares models with the same units.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Surprise(NamedTuple):
    """The surprise of a model at a text."""

    units: int
    nats_per_unit: float
    bits_per_unit: float
    perplexity: float
    """Infinite if nats per unit exceed 709, because exp exceeds float64."""


def surprise(nats: npt.ArrayLike) -> Surprise:
    """Return the figures of a text from the nats of each scored unit (T,), summed exactly in float64.

    Raises ValueError if there is no unit, because the mean of nothing is undefined.
    """
    each = np.asarray(nats, dtype=np.float64).reshape(-1)
    if each.size == 0:
        raise ValueError("no unit was scored: expected at least one")
    mean = math.fsum(each.tolist()) / each.size
    return Surprise(each.size, mean, bits(mean), perplexity(mean))


def bits(nats: float) -> float:
    """Return bits: nats / ln 2."""
    return nats / math.log(2)


def perplexity(nats_per_unit: float) -> float:
    """Return exp(nats per unit), or infinity if the value exceeds float64."""
    return math.exp(nats_per_unit) if nats_per_unit < math.log(np.finfo(np.float64).max) else math.inf


def bits_per_byte(nats_per_unit: float, units: int, size_bytes: int) -> float:
    """Return the bits per byte of the text's UTF-8: nats per unit · units / (ln 2 · bytes).

    Raises ValueError for an empty text.
    """
    if size_bytes == 0:
        raise ValueError("an empty text has no bits per byte")
    return bits(nats_per_unit) * units / size_bytes
