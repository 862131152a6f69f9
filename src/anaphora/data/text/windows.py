"""Windows of a text: consecutive units that wrap around at its end, and evenly spaced positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.text.id_files import Units


def stretch(ids: Units, begin: int, count: int) -> NDArray[Any]:
    """Return `count` units (count,) from `begin` on; `ids` (N,). After the last unit the first unit follows."""
    read = ids[begin : begin + count]
    return read if len(read) == count else np.concatenate([read, ids[: count - len(read)]])


def evenly_spread(length: int, count: int, size: int) -> list[int]:
    """Return the first positions of `count` windows of `size` units, evenly spaced over the text.

    >>> evenly_spread(100, 4, 10), evenly_spread(100, 1, 10)
    ([0, 30, 60, 90], [0])
    """
    return [number * (length - size) // max(1, count - 1) for number in range(count)]
