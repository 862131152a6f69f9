"""Noise in the inputs of training."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def hide_symbols(
    symbols: NDArray[np.int32],
    share: float | NDArray[np.float64],
    unknown: int | None,
    where: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """Return symbols of any shape, such as (N,), with some at random read as unknown, so that the unknown symbol is
    learned and no symbol decides alone.

    `share` is the probability of each symbol or of all; `where` is true for symbols that may be hidden.
    """
    if unknown is None or (isinstance(share, float) and share == 0):
        return symbols
    hidden = torch.rand(symbols.shape).numpy() < share
    if where is not None:
        hidden &= where
    return np.where(hidden, np.int32(unknown), symbols)
