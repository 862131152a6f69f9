"""The attention of a translation: a cell per pair of symbols, darker for a larger weight.

column s: source symbol, row t: target symbol, darkness a_ts
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import UsageError
from anaphora.files import sealed

MOST = 100  # pictures of one file
_SIDE = 24  # of a field
_LETTER = 7.4  # width of a letter of size 12, about
_END = "⏎"
_STYLE = "font:12px ui-monospace,monospace"


class AttentionMap(NamedTuple):
    """The attention of a translation: weights (T, S) from its symbols to the source's symbols, with the ends."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32]


def drawn(looked: AttentionMap) -> str:
    """Return one sentence pair as an SVG."""
    source, target = ([_named(piece) for piece in side] for side in (looked.source, looked.target))
    left = 16 + _LETTER * max(map(len, target))
    top = 16 + _LETTER * max(map(len, source))
    width, height = left + _SIDE * len(source) + 8, top + _SIDE * len(target) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
        f' aria-label="Attention from {escape(" ".join(target))} to {escape(" ".join(source))}"'
        f' style="{_STYLE};max-width:{width:.0f}px">',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
    ]
    for at, piece in enumerate(source):
        x = left + _SIDE * (at + 0.5) + 4
        parts.append(f'<text transform="translate({x:.1f},{top - 6:.1f}) rotate(-90)">{escape(piece)}</text>')
    for row, piece in enumerate(target):
        y = top + _SIDE * row
        parts.append(f'<text x="{left - 6:.1f}" y="{y + 16:.1f}" text-anchor="end">{escape(piece)}</text>')
        for at, weight in enumerate(looked.weights[row].tolist()):
            label = f"{escape(piece)} ← {escape(source[at])}: {weight:.3f}"
            parts.append(
                f'<rect x="{left + _SIDE * at:.1f}" y="{y:.1f}" width="{_SIDE - 1}" height="{_SIDE - 1}"'
                f' fill="#1b4f8a" fill-opacity="{0.03 + 0.97 * weight:.3f}"><title>{label}</title></rect>'
            )
    return "".join([*parts, "</svg>"])


class Gallery:
    """Pictures of one file: an HTML page, or an SVG of the first."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError for another ending than .html and .svg."""
        if path.suffix.lower() not in (".html", ".svg"):
            raise UsageError(f"--attention takes a file that ends in .html or .svg; it was given '{path}'.")
        self.path = path
        self._most = MOST if path.suffix.lower() == ".html" else 1
        self._pictures: list[str] = []

    def add(self, looked: AttentionMap) -> None:
        """Draw one more attention map, if there is room."""
        if len(self._pictures) < self._most:
            self._pictures.append(drawn(looked))

    def write(self) -> None:
        """Write the file; raises UsageError if nothing was translated."""
        if not self._pictures:
            raise UsageError(f"There is nothing to draw in '{self.path}': no line contained a text.")
        page = self._pictures[0]
        if self._most > 1:
            figures = "\n".join(f"<figure>{picture}</figure>" for picture in self._pictures)
            page = (
                '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Attention</title>\n'
                "<style>body{font:16px system-ui,sans-serif;margin:2rem;color:#222}figure{margin:0 0 2rem;"
                "overflow-x:auto}</style>\n<h1>Attention</h1>\n<p>Rows: symbols of the target. Columns: symbols of the"
                f" source. The darker a cell, the larger its attention weight.</p>\n{figures}\n</html>\n"
            )
        sealed.write(self.path, page)


def _named(piece: str) -> str:
    return piece.replace(" ", "␣") if piece.strip() == "" and piece else piece.strip() or _END
