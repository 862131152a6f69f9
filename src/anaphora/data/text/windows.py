"""Stretches of a text: read past its end from its beginning again, or evenly spread over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.text.id_files import Units


def stretch(ids: Units, begin: int, count: int) -> NDArray[Any]:
    """So many units (count,) from one on; after the text's last comes its first."""
    read = ids[begin : begin + count]
    return read if len(read) == count else np.concatenate([read, ids[: count - len(read)]])


def evenly_spread(length: int, count: int, size: int) -> list[int]:
    """Where `count` stretches of `size` units begin, from the text's first to its last unit.

    >>> evenly_spread(100, 4, 10), evenly_spread(100, 1, 10)
    ([0, 30, 60, 90], [0])
    """
    return [number * (length - size) // max(1, count - 1) for number in range(count)]
