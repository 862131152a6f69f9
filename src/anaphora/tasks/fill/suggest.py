"""Suggest a config from a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.config.toml import Suggestion
from anaphora.data.files.sniff import encoding_of, heads_of
from anaphora.tasks.fill.data import files

_CHARACTERS_OF_A_WORD = 5.0
_SMALL, _LARGE = 50_000, 20_000_000  # words and marks
_BATCHES = 20  # at least so many in an epoch
_SIZES = ((16, 64), (8, 64), (8, 32), (4, 16), (1, 8))
_HELD_OUT_MOST = 1_000_000  # words and marks: more say no more
_MINUTES = {"small": 3.0, "medium": 10.0, "large": 60.0}


def suggest(paths: Sequence[str | Path]) -> Suggestion:
    """Suggest an encoding, and a network and batches for the size of the text.

    Raises DataError for data that cannot be read, UsageError for standard input, because training could not read it
    again.
    """
    named = files(paths)
    encoding = encoding_of(named, heads_of(named))
    units = round(sum(Path(file).stat().st_size for file in named) / _CHARACTERS_OF_A_WORD)
    preset = "small" if units < _SMALL else "large" if units > _LARGE else "medium"
    batch, steps = next((size for size in _SIZES if 0.9 * units >= _BATCHES * size[0] * size[1]), _SIZES[-1])
    enough = 0.9 * units >= _BATCHES * batch * steps
    values: dict[str, dict[str, Any]] = {
        "data": {"encoding": encoding},
        "training": {"batch": batch, "bptt": steps, "minutes": _MINUTES[preset]},
    }
    reasons = {
        "data.encoding": "the bytes look like it; `anaphora check` reads all of them",
        "training.batch": f"{_BATCHES} batches or more in one epoch" if enough else "of so short a text",
        "training.minutes": f"a limit to begin with, for about {units:,} words and marks",
    }
    if 0.1 * units > _HELD_OUT_MOST:
        values["data"]["valid"] = float(f"{_HELD_OUT_MOST / units:.1g}")
        reasons["data.valid"] = "of a long text a smaller share says as much"
    return Suggestion(preset, values, reasons)
