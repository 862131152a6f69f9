"""A chart as a file of its own; the ending of the path decides between SVG, PNG and PDF."""

from __future__ import annotations

import io
from pathlib import Path

from anaphora.files import atomic, sealed
from anaphora.report.curves import Chart, alone, made
from anaphora.report.quiet import quiet
from anaphora.report.style import LIGHT

_DPI = 144  # two pixels of a PNG for each CSS pixel
_METADATA = {".png": {"Software": sealed.MAKER}, ".pdf": {"Creator": sealed.MAKER, "CreationDate": None}}


def write(path: str, chart: Chart, width: int, height: int) -> None:
    """Write a chart of a width and height in CSS pixels, atomically.

    Raises MissingExtra if matplotlib is not installed, UsageError if the file cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending == ".svg":
        sealed.write(path, alone(chart, width, height))
        return
    stream = io.BytesIO()
    with quiet():
        figure = made(chart, width, height, LIGHT)
        figure.savefig(stream, format=ending[1:], dpi=_DPI, facecolor=LIGHT["card"], metadata=_METADATA[ending])
    atomic.write(path, [stream.getvalue()])
