"""Pictures of the tables, as SVG: ratios per shape on a log scale, what variants cost, what threads bring.

Every mark is one row of a table; the vertical line at 1 is a draw, right of it we are faster. The same rows give the
same SVG, byte for byte.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from measure.bars import Row, chosen
from measure.turns import geometric_mean

INK, FAINT, GRID = "#22303c", "#8a97a3", "#e6eaee"
RED, GREEN, BLUE = "#c2410c", "#0f766e", "#4a7fb5"
MARKS = {  # whose: edge, face, marker, how far below its line
    "torch.nn": (RED, RED, "o", -0.14),
    "torch.nn packed": (RED, RED, "o", -0.14),
    "ONNX Runtime": (GREEN, GREEN, "s", 0.0),
    "XLA": (BLUE, BLUE, "D", 0.14),
    "anaphora": (INK, INK, "^", 0.14),
    "each shape": (BLUE, "white", "D", 0.0),
    "their mean": (INK, INK, "o", 0.0),
}
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 0.5, 0.25, 3, 1.5)  # the last ones only where there is room for them
STYLE = {"svg.hashsalt": "anaphora", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9}
DIGIT, GAP = 5.8, 2.0  # points: the width of a digit, and the least distance of two labels
CELLS = ("rnn", "gru", "lstm")
MODES = {"train": "training", "infer": "inference"}


def save(figure: Figure, path: Path) -> None:
    """Write the picture; the ending of the path says as what."""
    with rc_context(STYLE):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)


def shape_of(row: Row) -> str:
    """A shape for an axis."""
    inputs = f" I{row['I']}" if row["I"] != row["H"] else ""
    return f"T{row['T']} B{row['B']}{inputs} H{row['H']}"


def dress(axes: Axes, names: Sequence[str], values: Sequence[float], words: bool) -> None:
    """A light frame: names from top to bottom, a logarithmic axis from left to right, a line at 1."""
    axes.set_xscale("log")
    least, most = min([1.0, *values]) / 1.25, max([1.0, *values]) * 1.25
    axes.set_xlim(least, most)
    axes.xaxis.set_major_locator(FixedLocator(ticks(least, most, axes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(range(len(names)), names if words else [""] * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="both", color=GRID, linewidth=0.8)
    axes.axvline(1, color=FAINT, linewidth=1.2)
    axes.tick_params(length=0, colors=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_axisbelow(True)


def ticks(least: float, most: float, axes: Axes) -> list[float]:
    """The ticks between two values whose labels do not touch."""
    width = axes.get_position().width * axes.get_figure(root=True).get_figwidth() * 72  # points
    kept: list[float] = []
    for tick in TICKS:
        near = [
            width * abs(math.log(tick / other)) / math.log(most / least) - DIGIT * len(f"{tick:g}{other:g}") / 2
            for other in kept
        ]
        if least <= tick <= most and min(near, default=GAP) >= GAP:
            kept.append(tick)
    return sorted(kept)


def marks(axes: Axes, names: Sequence[str], points: Sequence[tuple[str, float]], whose: str) -> None:
    """One side's marks, a little apart from the others' on the same line."""
    edge, face, marker, below = MARKS[whose]
    places = [names.index(name) + below for name, _ in points]
    values = [value for _, value in points]
    axes.scatter(values, places, s=30, marker=marker, edgecolors=edge, facecolors=face, label=whose, zorder=3)


def legend(figure: Figure, title: str) -> None:
    """The title, and beside it what the marks mean."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.suptitle(title, x=0.02, y=1 - 0.16 / figure.get_figheight(), ha="left", va="top", fontsize=11, color=INK)
    top = (0.99, 1 - 0.1 / figure.get_figheight())
    figure.legend(handles, labels, loc="upper right", bbox_to_anchor=top, ncols=4, frameon=False, labelcolor=INK)
    figure.subplots_adjust(left=0.145, right=0.985, top=1 - 0.75 / figure.get_figheight())


def ratios(rows: Sequence[Row], title: str) -> Figure:
    """Rival / ours per shape: a column of panels for every cell, training above inference."""
    names = list(dict.fromkeys(shape_of(row) for row in rows))
    rivals = [rival for rival in MARKS if any(row["rival"] == rival for row in rows)]
    with rc_context(STYLE):
        figure = Figure(figsize=(10.5, 1.9 + 0.5 * len(names)), facecolor="white")
        grid = figure.subplots(2, 3, gridspec_kw={"wspace": 0.08, "hspace": 0.32})
        for mode, line in zip(MODES, grid, strict=True):
            values = [row["ratio"] for row in rows if row["mode"] == mode]
            for at, (cell, axes) in enumerate(zip(CELLS, line, strict=True)):
                dress(axes, names, values, at == 0)
                for rival in rivals:
                    found = chosen(rows, {"cell": (cell,), "mode": (mode,), "rival": (rival,)})
                    marks(axes, names, [(shape_of(row), row["ratio"]) for row in found], rival)
                axes.set_title(f"{cell.upper()}, {MODES[mode]}", fontsize=9, color=INK, loc="left")
        legend(figure, title)
        figure.subplots_adjust(bottom=0.06)
    return figure


def variants(rows: Sequence[Row]) -> Figure:
    """What every variant costs beside the plain cell, and how much faster it is than a loop in torch."""
    rows = chosen(rows, {"mode": ("train",)})
    names = list(dict.fromkeys(row["variant"] for row in rows))
    with rc_context(STYLE):
        figure = Figure(figsize=(10.5, 1.4 + 0.28 * len(names)), facecolor="white")
        left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.08})
        titles = {
            "cost": "time / the plain cell's (bar: 1.5 at most)",
            "ratio": "a torch loop's time / ours (bar: mean 4)",
        }
        for axes, value in ((left, "cost"), (right, "ratio")):
            values = [row[value] for row in rows]
            dress(axes, names, [*values, 1.5 if value == "cost" else 4.0], axes is left)
            axes.axvline(1.5 if value == "cost" else 4.0, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)))
            marks(axes, names, [(row["variant"], row[value]) for row in rows], "each shape")
            means = [(name, geometric_mean([row[value] for row in rows if row["variant"] == name])) for name in names]
            marks(axes, names, means, "their mean")
            axes.set_title(titles[value], fontsize=9, color=INK, loc="left")
        legend(figure, "Variants, training")
        figure.subplots_adjust(bottom=0.09)
    return figure


def gains(rows: Sequence[Row]) -> Figure:
    """What the most threads bring over one: ours and torch's, a panel for every cell, training."""
    most = max(row["threads"] for row in rows)
    rows = [{**row, "I": row["H"]} for row in chosen(rows, {"mode": ("train",), "threads": (most,)})]
    names = list(dict.fromkeys(shape_of(row) for row in rows))
    with rc_context(STYLE):
        figure = Figure(figsize=(10.5, 1.3 + 0.26 * len(names)), facecolor="white")
        for at, (cell, axes) in enumerate(zip(CELLS, figure.subplots(1, 3, gridspec_kw={"wspace": 0.08}), strict=True)):
            dress(axes, names, [*(row["gain"] for row in rows), most], at == 0)
            axes.axvline(most, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)))
            for side in ("anaphora", "torch.nn"):
                found = chosen(rows, {"cell": (cell,), "side": (side,)})
                marks(axes, names, [(shape_of(row), row["gain"]) for row in found], side)
            axes.set_title(cell.upper(), fontsize=9, color=INK, loc="left")
        legend(figure, f"Training: the time of one thread over that of {most} (dashed: {most} times as fast)")
        figure.subplots_adjust(bottom=0.1)
    return figure


def pictures(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    """The pictures of one program's rows, by what to call them."""
    if name == "layers":
        dense = chosen(rows, {"ragged": (False,), "stacked": (False,), "rival": tuple(MARKS)})
        ragged = chosen(rows, {"ragged": (True,), "stacked": (False,), "rival": tuple(MARKS)})
        parts = {"layers": (dense, "rival's time / ours, one layer, rows of one length")}
        parts["ragged"] = (ragged, "rival's time / ours, one layer, ragged rows")
        return {key: ratios(part, title) for key, (part, title) in parts.items() if part}
    if name == "variants":
        return {"variants": variants(rows)} if chosen(rows, {"mode": ("train",)}) else {}
    if name == "threads":
        return {"threads": gains(rows)} if chosen(rows, {"mode": ("train",)}) else {}
    return {}
