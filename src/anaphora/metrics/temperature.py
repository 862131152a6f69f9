"""Fitting a temperature: scores are divided by it, which corrects over-confidence and changes no order.

    T = argmin Σ −ln p_T(y | x) = argmin Σ (ln Z(s/T) − s(y)/T)                  convex in 1/T

The only minimum is found by golden-section search over ln T (Guo et al., ICML 2017; Kiefer, 1953).
"""

from __future__ import annotations

import math
from collections.abc import Callable

COLDEST, HOTTEST = 0.2, 8.0  # the range of fitted temperatures
_GOLDEN = (math.sqrt(5) - 1) / 2


def fitted(nats: Callable[[float], float], tried: int) -> float:
    """Return the temperature with the fewest nats, after `tried` evaluations.

    >>> round(fitted(lambda t: (1 / t - 0.5) ** 2, 25), 2)
    2.0
    """
    low, high = math.log(COLDEST), math.log(HOTTEST)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = nats(math.exp(left)), nats(math.exp(right))
    for _ in range(tried - 2):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = nats(math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = nats(math.exp(right))
    return math.exp(left if at_left <= at_right else right)
