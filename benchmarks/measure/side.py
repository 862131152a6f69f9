"""One who steps, ours or a rival."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Side(NamedTuple):
    """A step, and the h (B, H) it has come to."""

    step: Callable[[], object]
    h: Callable[[], np.ndarray]
