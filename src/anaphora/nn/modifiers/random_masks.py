"""Random masks of zeros and ones: four values from each number that torch draws, much faster than torch's Bernoulli.

P(1) = keep, rounded to a multiple of 2⁻¹⁶
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def ones(shape: Sequence[int], keep: float, like: Tensor) -> Tensor:
    """Draw ones with probability ``keep``, else zeros, of ``shape``, like ``like`` (N, …) in dtype and device."""
    count = math.prod(shape)
    numbers = torch.randint(-(2**63), 2**63 - 1, ((count + 3) // 4,), device=like.device).view(torch.int16)
    bits = numbers[:count].to(torch.float32).lt_(round(keep * 2**16) - 2**15)  # compared in place: no booleans to cast
    return bits.to(like.dtype).view(*shape)


def dropout(shape: Sequence[int], p: float, like: Tensor) -> Tensor:
    """Draw a dropout mask of ``shape``: 0 with probability ``p``, else 1/(1 − p), like ``like`` (N, …)."""
    return ones(shape, 1 - p, like).mul_(1 / (1 - p) if p < 1 else 0)
