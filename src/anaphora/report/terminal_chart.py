"""A curve in a terminal: two rows of dots per line of text, no colours, no library."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]  # (x, y)

_BASE = 0x2800  # braille patterns: 2 × 4 dots per character
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def chart(points: Points, level: float | None = None, width: int = 60, height: int = 10) -> list[str]:
    """Return lines that show y over x, joined, with a dotted line at ``level``; the scale stands on the left."""
    if not points:
        return []
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min([*ys, *([] if level is None else [level])]), max([*ys, *([] if level is None else [level])])
    left, right = min(xs), max(xs)
    across, down = 2 * width, 4 * height
    cells = [[0] * width for _ in range(height)]

    def place(column: float, y: float) -> None:
        row = round((high - y) / ((high - low) or 1) * (down - 1))
        at = round(column)
        cells[row // 4][at // 2] |= _DOTS[row % 4][at % 2]

    scaled = [((x - left) / ((right - left) or 1) * (across - 1), y) for x, y in points]
    place(*scaled[0])
    for (x0, y0), (x1, y1) in pairwise(scaled):
        steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0) / ((high - low) or 1) * down)))
        for k in range(steps + 1):
            place(x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps)
    if level is not None:
        for column in range(0, across, 4):
            place(column, level)
    scale = [f"{high - (high - low) * row / max(1, height - 1):7.3f}" for row in range(height)]
    return [f"{number} ┤{''.join(chr(_BASE + cell) for cell in row)}" for number, row in zip(scale, cells, strict=True)]
