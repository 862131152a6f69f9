"""The pictures of a run's page: SVG whose colours are the page's own, so that they follow it from light to dark.

    loss over steps              held-out part, training part (a mean around each point), the baseline's line
    rate, norm, clipped, pace    small pictures side by side

matplotlib draws with a colour that stands for a name; in the SVG the name takes its place as a CSS variable. Text stays
text. Coordinates are CSS pixels at the picture's own width.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from anaphora.errors import MissingExtra
from anaphora.formatting import as_text, short_count
from anaphora.report.loss_plot import Points, apart, smooth
from anaphora.report.quiet import quiet
from anaphora.report.style import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = ("ink", "faint", "grid", "seen", "unseen", "baseline", "other", "third", "fourth", "fifth")
_MARKS = {
    "unseen": ("o", "●"), "seen": ("s", "■"), "baseline": ("^", "▲"), "other": ("D", "◆"), "third": ("v", "▼"),
    "fourth": ("P", "✚"), "fifth": ("X", "✖"),
}  # fmt: skip
"""The marks of a line by its colour, in the picture and beside its name: no colour tells lines apart alone."""
_MARKED = 40  # points of a line with a mark, about
_STROKES = {"level": "┄", "upright": "┆"}
_STANDS_FOR = {name: f"#0102{number:02x}" for number, name in enumerate(_NAMES)}
_FONT = "ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_TEXT, _SMALL = 12.0, 11.0  # pixels
_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_LOOK = "stroke-linejoin:round;max-width:"
_LONGEST = 28  # characters of a name at a line's end
_ROOM = 1.06  # of the range of values, above and below


@dataclass(frozen=True)
class CurveLine:
    """One line of a picture: its name, its colour's name, its points, and its style."""

    name: str
    colour: str
    points: Points
    style: str = "plain"  # plain, marked (a dot per point), smoothed (a mean over faint points), faint, level (its
    # first y, all along) or upright (its first x, all the way up)
    value: float | None = None  # the number beside the name, where it is not the last point's


@dataclass(frozen=True)
class Chart:
    """A picture: its title, lines and axes."""

    title: str
    lines: Sequence[CurveLine]
    across: str = "steps"
    up: str = ""
    log: bool = False
    log_across: bool = False
    share: bool = False  # y from 0 to 1, said in per cent
    named: bool = False  # lines are named at their right ends


def draw(chart: Chart, width: int, height: int) -> str:
    """Return the picture as an `svg` element; raises MissingExtra if matplotlib is not installed."""
    stream = io.StringIO()
    with quiet():
        figure = made(chart, width, height, _STANDS_FOR)
        import matplotlib

        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": f"{chart.title} {width}"}):
            figure.savefig(stream, format="svg", metadata={"Date": None})
    return _inline(stream.getvalue(), chart.title, width)


def made(chart: Chart, width: int, height: int, colours: Mapping[str, str]) -> Figure:
    """Return the picture of a width and height in CSS pixels, with colours by name.

    Raises MissingExtra if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("train", "A report", missing="matplotlib") from error

    figure = Figure(figsize=(width / 72, height / 72), facecolor="none")
    margin = 24 + 7.2 * max(len(_short_name(line)) for line in chart.lines) if chart.named else 10
    low, high = 34 / height, 1 - 10 / height
    left = 68 if chart.up else 52
    axes = figure.add_axes((left / width, low, (width - left - margin) / width, high - low), facecolor="none")
    for line in chart.lines:
        _plot(axes, line, colours[line.colour])
    _frame(axes, chart, width, colours)
    if chart.named:
        _name(axes, chart.lines, height, colours)
    return figure


def ends(chart: Chart) -> list[tuple[str, str]]:
    """Return the last values of a chart's lines as (colour's name, words), for a picture without room for them."""
    drawn = [(line, _shown(line)) for line in chart.lines]
    values = [(line, shown[-1][1] if line.value is None else line.value) for line, shown in drawn if shown]
    return [(line.colour, f"{_mark(line)} {_short_name(line)} {value:.4g}") for line, value in values]


def _mark(line: CurveLine) -> str:
    return _MARKS[line.colour][1] if line.style == "marked" else _STROKES.get(line.style, "─")


def alone(chart: Chart, width: int, height: int) -> str:
    """Return the picture as an SVG file of its own: light, with a background."""
    svg = draw(chart, width, height)
    for name, colour in LIGHT.items():
        svg = svg.replace(f"var(--{name})", colour)
    size = f'xmlns="{_SVG}" xmlns:xlink="{_LINK}" width="{width}" height="{height}"'
    opening, _, rest = svg.partition(">")
    ground = f'<rect width="100%" height="100%" fill="{LIGHT["card"]}"/>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{opening.replace("<svg", f"<svg {size}", 1)}>{ground}{rest}\n'


def _plot(axes: Axes, line: CurveLine, colour: str) -> None:
    if not line.points:
        return
    xs, ys = [x for x, _ in line.points], [y for _, y in line.points]
    if line.style == "level":
        axes.axhline(ys[0], color=colour, linewidth=1.6, linestyle=(0, (5, 3)))
    elif line.style == "upright":
        axes.axvline(xs[0], color=colour, linewidth=1.6, linestyle=(0, (5, 3)))
    elif line.style == "faint":
        axes.plot(xs, ys, color=colour, linewidth=1, alpha=0.4)
    elif line.style == "smoothed":
        axes.plot(xs, ys, color=colour, linewidth=0.8, alpha=0.35)
        axes.plot(xs, [y for _, y in smooth(line.points)], color=colour, linewidth=1.8)
    elif line.style == "marked":
        shape, every = _MARKS[line.colour][0], math.ceil(len(xs) / _MARKED)
        axes.plot(xs, ys, color=colour, linewidth=2, marker=shape, markersize=4.5, markevery=every, clip_on=False)
    else:
        axes.plot(xs, ys, color=colour, linewidth=1.6)


def _frame(axes: Axes, chart: Chart, width: int, colours: Mapping[str, str]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    curves = [point for line in chart.lines if line.style not in ("level", "upright") for point in _shown(line)]
    levels = [line.points[0][1] for line in chart.lines if line.style == "level"]
    values = [y for _, y in curves] + levels
    if chart.share:
        axes.set_ylim(-0.04, 1.04)
    elif chart.log and values and min(values) > 0:
        axes.set_yscale("log")
        low, high = min(values), max(values)
        around = max((high / low) ** 0.08, 1.3)
        axes.set_ylim(low / around, high * around)
    elif values:
        middle, half = (max(values) + min(values)) / 2, (max(values) - min(values)) / 2 * _ROOM
        axes.set_ylim(middle - (half or 0.5), middle + (half or 0.5))
    reach = [x for x, _ in curves] or [1.0]
    if chart.log_across:
        axes.set_xscale("log")
    axes.set_xlim(min(reach) if chart.log_across else 0, max(reach) or 1.0)
    axes.set_xlabel(chart.across, color=colours["faint"], fontsize=_SMALL)
    axes.set_ylabel(chart.up, color=colours["faint"], fontsize=_SMALL)
    few = 3 if width < 420 else 6
    axes.xaxis.set_major_locator(LogLocator() if chart.log_across else MaxNLocator(few, integer=True))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short_count(x)))
    if axes.get_yscale() == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if max(values) > 30 * min(values) else (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5 if chart.named else 3))
    tick = (lambda y, _: f"{y:.0%}") if chart.share else (lambda y, _: _tick(y))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))
    axes.tick_params(which="both", colors=colours["faint"], length=0, labelsize=_SMALL)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(axis="y", color=colours["grid"], linewidth=1)
    axes.set_axisbelow(True)


def _shown(line: CurveLine) -> Points:
    """Return the points that set a picture's height: those of the mean, if a mean is drawn."""
    return smooth(line.points) if line.style == "smoothed" else line.points


def _name(axes: Axes, lines: Sequence[CurveLine], height: int, colours: Mapping[str, str]) -> None:
    """Write each line's name at its right end, with its last number."""
    drawn = [line for line in lines if _shown(line)]
    bottom, top = axes.get_ylim()
    log = axes.get_yscale() == "log"
    scale = math.log if log else float
    ends = [_shown(line)[-1][1] for line in drawn]
    places = [(scale(y) - scale(bottom)) / (scale(top) - scale(bottom)) for y in ends]
    gap = 34 / height / axes.get_position().height
    shares = apart([min(max(place, 0.0), 1.0) for place in places], gap)
    for line, share, end in zip(drawn, shares, ends, strict=True):
        value = end if line.value is None else line.value
        text = f"{_short_name(line)}\n{value:.4g}"
        axes.text(
            1.02, share, text, transform=axes.transAxes, va="center", color=colours[line.colour],
            fontsize=_TEXT, fontweight="bold", linespacing=1.25,
        )  # fmt: skip


def _short_name(line: CurveLine) -> str:
    return line.name if len(line.name) <= _LONGEST else f"…{line.name[1 - _LONGEST :]}"


def _tick(value: float) -> str:
    return short_count(value) if abs(value) >= 1e4 else as_text(float(f"{value:.6g}"))


def _inline(svg: str, title: str, width: int) -> str:
    """Return an SVG file as an element of a page: no header, unique names, the page's colours."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<(metadata|style).*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    for name, colour in _STANDS_FOR.items():
        body = body.replace(colour, f"var(--{name})")
    body = re.sub(r"font: (?:(\w+) )?([\d.]+)px '[^;\"]*", rf"font: \1 \2px {_FONT}", body)
    viewed = re.search(r'viewBox="[^"]*"', body)
    opening = f'<svg {viewed[0] if viewed else ""} role="img" aria-label="{escape(title)}" style="{_LOOK}{width}px">'
    return re.sub(r"<svg[^>]*>", lambda _: opening, body, count=1).strip()


def points(events: Sequence[Mapping[str, Any]], key: str) -> Points:
    """Return (step, value) of every event with the value; values that are not finite give no point."""
    return [(event["step"], event[key]) for event in events if event.get(key) is not None]
