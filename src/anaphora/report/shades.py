"""The shades of a share from 0 to 1: of a cell of a confusion matrix, or of an attention weight.

    shade(s) = card + s · (strongest − card),  in steps of a tenth

The strongest shade differs from the card by 3 : 1 at least, and text in the page's ink has 4.5 : 1 on every shade (WCAG
2.2, 1.4.3 and 1.4.11). The number stands in the cell, so that no colour carries a meaning alone.
"""

from __future__ import annotations

import math

STEPS = 10
_STRONGEST = {"light": "#5f94cf", "dark": "#2f6cab"}
_MARKS = " ░▒▓█"  # on a terminal


def step(share: float) -> int:
    """Return the number of the shade of a share; only a share of 0 has none.

    >>> step(0), step(0.01), step(0.5), step(1)
    (0, 1, 5, 10)
    """
    return 0 if share <= 0 else min(STEPS, max(1, round(STEPS * share)))


def mark(share: float) -> str:
    """Return the character that shades a share on a terminal: a blank for 0, then one per quarter.

    >>> mark(0), mark(0.2), mark(0.25), mark(0.3), mark(1)
    (' ', '░', '░', '▒', '█')
    """
    return _MARKS[min(len(_MARKS) - 1, math.ceil((len(_MARKS) - 1) * share))]


def colours(mode: str, card: str) -> dict[str, str]:
    """Return the colours of the shades by name, `shade-0` … `shade-10`, in the mode `light` or `dark`."""
    return {f"shade-{number}": _mixed(card, _STRONGEST[mode], number / STEPS) for number in range(STEPS + 1)}


def _mixed(low: str, high: str, share: float) -> str:
    parts = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (low, high)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(*parts, strict=True))
