"""Noise in what a network reads while it trains."""

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
    """Symbols of any shape, some at random read as unknown, so that the unknown one is learned and none decides alone.

    `share` is the probability of each or of all; `where` says which may be hidden.
    """
    if unknown is None or (isinstance(share, float) and share == 0):
        return symbols
    hidden = torch.rand(symbols.shape).numpy() < share
    if where is not None:
        hidden &= where
    return np.where(hidden, np.int32(unknown), symbols)
