"""The picture of a run: the loss on the training text and on the held-out text, and the baseline.

    x  units read so far          y  nats per unit, lower is better          dashed  the n-gram model's score

Drawn from ``metrics.jsonl`` alone, so any run can be drawn again. The same run gives the same SVG, byte for byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anaphora.errors import DataError, MissingExtra
from anaphora.formatting import unit_name
from anaphora.report.quiet import quiet
from anaphora.report.style import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = list[tuple[float, float]]  # (x, y)

_SEEN_LINE = "#8fb3d9"
PIXELS_PER_INCH = 160
_LABEL_HEIGHT = 0.15  # of the axes' height
_SMOOTH = 0.05  # the training line is a mean over this share of its points


@dataclass(frozen=True)
class Curve:
    """The losses in a run's log, in nats per unit; x counts units read."""

    unit: str
    train: Points
    held_out: Points
    baseline: float | None
    score: float | None
    seconds: float


def read_curve(path: Path) -> Curve:
    """Return the curve in a run's ``metrics.jsonl``; raises DataError if the file is missing, or holds no step."""
    try:
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}; expected the records of a run.") from error
    steps = [event for event in events if event["event"] == "step"]
    if not steps:
        raise DataError(f"{path} records no step: the run ended before its first step.")
    per_step = steps[0]["units"]
    validations = [event for event in events if event["event"] == "evaluation"]
    finish: dict[str, Any] = next((event for event in events if event["event"] == "finish"), {})
    nats: dict[str, Any] = next((result for result in finish.get("results", ()) if result["name"] == "nats"), {})
    return Curve(
        unit=nats.get("per", "unit"),
        train=[(event["step"] * per_step, event["loss"]) for event in steps if event["loss"] is not None],
        held_out=[(event["step"] * per_step, event["loss"]) for event in validations if event["loss"] is not None],
        baseline=nats.get("baseline"),
        score=nats.get("value"),
        seconds=steps[-1]["seconds"],
    )


def draw_curve(curve: Curve, title: str, subtitle: str = "") -> Figure:
    """Return the picture of a run; raises MissingExtra if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter, MaxNLocator
    except ImportError as error:
        raise MissingExtra("train", "A picture", missing="matplotlib") from error

    figure = Figure(figsize=(8.4, 4.6), facecolor="white")
    axes = figure.add_axes((0.08, 0.13, 0.72, 0.68))
    axes.plot(*_columns(curve.train), color=_SEEN_LINE, linewidth=0.8, alpha=0.4)
    axes.plot(*_columns(smooth(curve.train)), color=_SEEN_LINE, linewidth=2.2)
    axes.plot(*_columns(curve.held_out), color=LIGHT["unseen"], linewidth=2.2, marker="o", markersize=4.5)
    if curve.baseline is not None:
        axes.axhline(curve.baseline, color=LIGHT["baseline"], linewidth=1.8, linestyle=(0, (5, 2)))
    _limits(axes, curve)
    _labels(axes, curve)

    figure.text(0.03, 0.93, title, color=LIGHT["ink"], fontsize=14, fontweight="bold")
    figure.text(0.03, 0.87, subtitle, color=LIGHT["faint"], fontsize=9.5)
    axes.set_xlabel(f"{unit_name(curve.unit)}s read", color=LIGHT["faint"])
    axes.set_ylabel(f"nats per {unit_name(curve.unit)}", color=LIGHT["faint"])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _short(x)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.tick_params(colors=LIGHT["faint"], length=0, labelsize=9)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(axis="y", color=LIGHT["grid"], linewidth=1)
    axes.set_axisbelow(True)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a picture; the ending decides between SVG, without date and with fixed names inside, and PNG."""
    import matplotlib

    with quiet(), matplotlib.rc_context({"svg.hashsalt": "anaphora", "svg.fonttype": "path"}):
        figure.savefig(path, dpi=PIXELS_PER_INCH, metadata={"Date": None} if path.suffix == ".svg" else None)


def _limits(axes: Axes, curve: Curve) -> None:
    values = [y for _, y in [*smooth(curve.train), *curve.held_out]]
    low = min([*values, *([curve.baseline] if curve.baseline is not None else [])])
    room = 0.06 * (max(values) - low) or 0.1
    axes.set_ylim(low - room, max(values) + room)
    axes.set_xlim(0, max(x for x, _ in [*curve.train, *curve.held_out]))


def _labels(axes: Axes, curve: Curve) -> None:
    """Write every line's name and last number at its right end instead of a legend."""
    last = smooth(curve.train)[-1][1]
    named: list[tuple[str, str, float, float | None]] = [("training text", LIGHT["seen"], last, None)]
    if curve.held_out:
        named.append(("held-out text", LIGHT["unseen"], curve.held_out[-1][1], curve.score))
    if curve.baseline is not None:
        named.append(("n-gram model", LIGHT["baseline"], curve.baseline, None))
    bottom, top = axes.get_ylim()
    shares = apart([(y - bottom) / (top - bottom) for _, _, y, _ in named], _LABEL_HEIGHT)
    for (name, colour, y, score), share in zip(named, shares, strict=True):
        said = f"{name}\n{y if score is None else score:.3f}"
        axes.text(
            1.03, share, said, transform=axes.transAxes, va="center", color=colour, fontweight="bold", linespacing=1.35
        )


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Move values away from each other until any two are ``gap`` apart, keeping their order."""
    moved = list(values)
    order = sorted(range(len(moved)), key=lambda i: moved[i])
    for _ in range(8 * len(moved)):
        for below, above in pairwise(order):
            push = max(0.0, gap - (moved[above] - moved[below])) / 2
            moved[below] -= push
            moved[above] += push
    return moved


def smooth(points: Points) -> Points:
    """Return the mean of y over the points around each; the steep beginning is smoothed less."""
    reach = round(_SMOOTH * len(points) / 2)
    smooth = []
    for i, (x, _) in enumerate(points):
        near = min(reach, i)
        here = [y for _, y in points[i - near : i + near + 1]]
        smooth.append((x, math.fsum(here) / len(here)))
    return smooth


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _short(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g} {letter}"
    return f"{number:g}"
