"""The attention of a translation: a cell per pair of symbols, darker for a larger weight.

column s: source symbol, row t: target symbol, shade a_ts; a row adds up to 1

A picture has the colours of the page that holds it; a file of its own has both, and follows the reader's light or dark
mode. It is as wide as its sentence: a page scrolls it.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.errors import UsageError
from anaphora.files import sealed
from anaphora.formatting import counted, display_width, shortened
from anaphora.report import document as html
from anaphora.report.shades import STEPS, step
from anaphora.report.style import DARK, LIGHT, shade_rules

MOST = 100  # pictures of one file
_WIDE, _HIGH = 38, 26  # of a cell
_LETTER = 7.3  # width of a column of text of size 12, at most
_LONGEST = 24  # columns of a symbol; its cell's title has the whole
_NUMBERED = 0.1  # the least weight that is written into its cell
_SCALE = (0.0, 0.25, 0.5, 0.75, 1.0)
_END = "⏎"
_ABOUT = (
    "Rows: symbols of the translation.",
    "Columns: symbols of the source.",
    "Numbers: weights from 0.10; a row adds up to 1.",
)
_SCALE_WIDTH = 154
_LEGEND_WIDTH, _LEGEND_HEIGHT = 6.8 * max(map(len, _ABOUT)), 38 + 13 * len(_ABOUT)


class AttentionMap(NamedTuple):
    """The attention of a translation: weights (T, S) from its symbols to the source's symbols, with the ends."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32]


def drawn(looked: AttentionMap) -> str:
    """Return one sentence pair as an SVG element in the colours of its page."""
    source, target = ([_named(piece) for piece in side] for side in (looked.source, looked.target))
    left, top = (12 + _LETTER * max(map(display_width, _cut(side))) for side in (target, source))
    bottom = top + _HIGH * len(target)
    width = max(left + _WIDE * len(source) + 4, _LEGEND_WIDTH + 8)
    height = bottom + _LEGEND_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" direction="ltr"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="attention"'
        f' style="width:{width:.0f}px;max-width:none">',
        f"<title>{escape(_title(looked))}</title><desc>{escape(_described(looked, source, target))}</desc>",
    ]
    for at, piece in enumerate(_cut(source)):
        x = left + _WIDE * (at + 0.5) + 4
        parts.append(f'<text transform="translate({x:.1f},{top - 6:.1f}) rotate(-90)">{escape(piece)}</text>')
    for row, piece in enumerate(_cut(target)):
        y = top + _HIGH * row
        parts.append(f'<text x="{left - 6:.1f}" y="{y + 17:.1f}" text-anchor="end">{escape(piece)}</text>')
        for at, weight in enumerate(looked.weights[row].tolist()):
            title = f"{escape(target[row])} ← {escape(source[at])}: {weight:.3f}"
            parts.append(_cell(left + _WIDE * at, y, weight, f"<title>{title}</title>"))
    return "".join([*parts, _legend(bottom), "</svg>"])


def _cell(x: float, y: float, weight: float, title: str = "") -> str:
    number = f'<text class="number" x="{x + _WIDE / 2:.1f}" y="{y + 17:.1f}">{weight:.2f}</text>'
    place = f'x="{x + 0.5:.1f}" y="{y + 0.5:.1f}" width="{_WIDE - 1}" height="{_HIGH - 1}"'
    box = f'<rect class="s{step(weight)}" {place}/>'
    return f"<g>{title}{box}{number if weight >= _NUMBERED else ''}</g>"


def _legend(top: float) -> str:
    """Return the scale of the shades with its numbers, and lines about rows, columns and numbers."""
    x, width = 4.0, _SCALE_WIDTH
    boxes = "".join(
        f'<rect class="s{number}" x="{x + width * number / (STEPS + 1):.1f}" y="{top + 10:.1f}"'
        f' width="{width / (STEPS + 1):.1f}" height="10"/>'
        for number in range(STEPS + 1)
    )
    numbers = "".join(
        f'<text class="small number" x="{x + width * (0.5 + STEPS * share) / (STEPS + 1):.1f}" y="{top + 32:.1f}">'
        f"{share:g}</text>"
        for share in _SCALE
    )
    lines = "".join(
        f'<text class="small" x="{x:.1f}" y="{top + 45 + 13 * at:.1f}">{line}</text>' for at, line in enumerate(_ABOUT)
    )
    return f"{boxes}{numbers}{lines}"


class Gallery:
    """Pictures of one file: an HTML page, or an SVG of the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._most = 1 if path.suffix.lower() == ".svg" else MOST
        self._maps: list[AttentionMap] = []
        self._seen = 0

    def add(self, looked: AttentionMap) -> None:
        """Keep one more attention map, if there is room."""
        self._seen += 1
        if len(self._maps) < self._most:
            self._maps.append(looked)

    def write(self) -> None:
        """Write the file; raises UsageError if nothing was translated."""
        if not self._maps:
            raise UsageError(f"There is nothing to draw in '{self.path}': no line contained a text.")
        made = alone(self._maps[0]) if self._most == 1 else self._page()
        sealed.write(self.path, made)

    def _page(self) -> str:
        shown = counted(len(self._maps), "translation")
        more = f"{shown} of {self._seen:,}; a page shows at most {MOST}" if self._seen > len(self._maps) else shown
        body = [html.header("Attention", more), f'<p class="part">{escape(" ".join(_ABOUT))}</p>']
        for looked in self._maps:
            sides = [escape("".join(side).strip()) for side in (looked.source, looked.target)]
            caption = " → ".join(f'<bdi dir="auto">{side or _END}</bdi>' for side in sides)
            body.append(
                f'<figure class="card part"><figcaption>{caption}</figcaption>'
                f'<div class="scroll" tabindex="0">{drawn(looked)}</div></figure>'
            )
        return html.document("Attention", body)


def alone(looked: AttentionMap) -> str:
    """Return one sentence pair as an SVG file, which follows the reader's light or dark mode."""
    opening, closed, rest = drawn(looked).partition(">")
    dark = f"@media (prefers-color-scheme: dark) {{ {_rules(DARK)} }}"
    style = f"<style>{_rules(LIGHT)} {dark}</style>"
    return f'{opening}{closed}{style}<rect class="ground" width="100%" height="100%"/>{rest}'


def _rules(colours: dict[str, str]) -> str:
    return f".ground {{ fill: {colours['card']}; }} {shade_rules(colours.__getitem__)}"


def _title(looked: AttentionMap) -> str:
    return f"Attention from {''.join(looked.target).strip()!r} to {''.join(looked.source).strip()!r}"


def _described(looked: AttentionMap, source: list[str], target: list[str]) -> str:
    """Return, for readers who cannot see the cells, the source symbol that each target symbol looks at most."""
    most = looked.weights.argmax(1).tolist()
    each = (
        f"{name} looks at {source[at]} with weight {looked.weights[row, at]:.2f}"
        for row, (name, at) in enumerate(zip(target, most, strict=True))
    )
    return f"The largest weight of each row: {'; '.join(each)}."


def _cut(pieces: list[str]) -> list[str]:
    return [shortened(piece, _LONGEST) for piece in pieces]


def _named(piece: str) -> str:
    return piece.replace(" ", "␣") if piece.strip() == "" and piece else piece.strip() or _END
