"""Suggest a config from a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.config.toml import Suggestion
from anaphora.data.files.sniff import encoding_of, heads_of

_ALPHABET = 512  # characters of a script with letters; more of them make a long vocabulary of rare ones
_SUBWORDS_FROM = 300_000  # characters in which pieces of words are seen often enough
_SMALL, _LARGE = 300_000, 100_000_000  # characters
_WINDOWS = 20  # at least so many in an epoch
_BATCHES = ((32, 64), (16, 64), (16, 32), (8, 32), (4, 16), (2, 8), (1, 8))
_HELD_OUT_MOST = 5_000_000  # characters: more say no more
_MINUTES = {"small": 5.0, "medium": 15.0, "large": 60.0}


def suggest(paths: Sequence[str | Path]) -> Suggestion:
    """Suggest an encoding and units for the text, and a network and batches for its size.

    Raises DataError for data that cannot be read, UsageError for standard input, because training could not read it
    again.
    """
    files = [str(path) for path in paths]
    heads = heads_of(files)
    encoding = encoding_of(files, heads)
    sample = "".join(head.decode(encoding, "ignore") for head in heads)
    share = len(sample) / max(1, sum(map(len, heads)))
    characters = round(share * sum(Path(file).stat().st_size for file in files))
    alphabet = len(set(sample))
    about = f"about {characters:,} characters, {alphabet:,} different"
    units = "char" if alphabet <= _ALPHABET else "subword" if characters >= _SUBWORDS_FROM else "byte"
    preset = "small" if characters < _SMALL else "large" if characters > _LARGE else "medium"
    count = characters // 4 if units == "subword" else characters
    batch, steps = next((size for size in _BATCHES if 0.9 * count >= _WINDOWS * size[0] * size[1]), _BATCHES[-1])
    enough = 0.9 * count >= _WINDOWS * batch * steps
    values: dict[str, dict[str, Any]] = {
        "data": {"units": units, "encoding": encoding},
        "training": {"batch": batch, "bptt": steps, "minutes": _MINUTES[preset]},
    }
    reasons = {
        "data.units": about,
        "data.encoding": "the bytes look like it; `anaphora check` reads all of them",
        "training.batch": f"{_WINDOWS} batches or more in one epoch" if enough else "of so short a text",
        "training.minutes": "a limit to begin with; without one it would read the text ten times",
    }
    if 0.1 * characters > _HELD_OUT_MOST:
        values["data"]["valid"] = float(f"{_HELD_OUT_MOST / characters:.1g}")
        reasons["data.valid"] = "of a long text a smaller share says as much"
    return Suggestion(preset, values, reasons)
