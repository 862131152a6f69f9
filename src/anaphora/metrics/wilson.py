"""The interval of a share, such as an accuracy, that was measured on n independent examples.

    (p + z²/2n ± z · √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)        z = 1.96 for 95 %

It holds for few examples and for shares near 0 and 1, where p ± z · √(p(1 − p)/n) does not.

Source: Wilson, J. Am. Stat. Assoc. 22, 1927; Brown, Cai, DasGupta, Statistical Science 16, 2001.
"""

from __future__ import annotations

import math

_Z = 1.959963984540054  # the 97.5th percentile of the normal distribution


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return both ends of the 95 % interval of a share of `count` examples.

    >>> low, high = wilson(0.8, 120)
    >>> f"{low:.3f} to {high:.3f}"
    '0.720 to 0.862'
    """
    middle = share + _Z**2 / (2 * count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    whole = 1 + _Z**2 / count
    return (middle - half) / whole, (middle + half) / whole
