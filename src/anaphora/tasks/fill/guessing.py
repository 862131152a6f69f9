"""What a config should say about a text that nobody has described yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.config_text import Guess
from anaphora.data.encodings import likely_encoding
from anaphora.data.text import STANDARD_INPUT, read_text
from anaphora.errors import DataError, UsageError
from anaphora.tasks.fill.corpus import files

_LOOKED_AT = 2**20  # bytes of each file
_CHARACTERS_OF_A_WORD = 5.0
_SMALL, _LARGE = 50_000, 20_000_000  # words and marks
_BATCHES = 20  # at least so many in a pass
_SIZES = ((16, 64), (8, 64), (8, 32), (4, 16), (1, 8))
_HELD_OUT_MOST = 1_000_000  # words and marks: more say no more
_MINUTES = {"small": 3.0, "medium": 10.0, "large": 60.0}


def guess(paths: Sequence[str | Path]) -> Guess:
    """The encoding, and a network and batches of the text's size.

    Raises DataError for what cannot be read, UsageError for standard input, which cannot be read again to train on it.
    """
    named = files(paths)
    if STANDARD_INPUT in named:
        raise UsageError("A config is guessed from files: standard input could not be read again to train on it.")
    encoding = _encoding({file: _head(file) for file in named})
    units = round(sum(Path(file).stat().st_size for file in named) / _CHARACTERS_OF_A_WORD)
    preset = "small" if units < _SMALL else "large" if units > _LARGE else "medium"
    batch, steps = next((size for size in _SIZES if 0.9 * units >= _BATCHES * size[0] * size[1]), _SIZES[-1])
    enough = 0.9 * units >= _BATCHES * batch * steps
    values: dict[str, dict[str, Any]] = {
        "data": {"encoding": encoding},
        "training": {"batch": batch, "steps": steps, "minutes": _MINUTES[preset]},
    }
    reasons = {
        "data.encoding": "the bytes look like it; `anaphora check` reads all of them",
        "training.batch": f"{_BATCHES} batches or more in one pass" if enough else "of so short a text",
        "training.minutes": f"a limit to begin with, for about {units:,} words and marks",
    }
    if 0.1 * units > _HELD_OUT_MOST:
        values["data"]["valid"] = float(f"{_HELD_OUT_MOST / units:.1g}")
        reasons["data.valid"] = "of a long text a smaller share says as much"
    return Guess(preset, values, reasons)


def _head(file: str) -> bytes:
    """The first bytes of a file, without a line that is cut off."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(_LOOKED_AT)
    except OSError:
        read_text(file)  # says it best
        raise
    if not head:
        read_text(file)
    return head if len(head) < _LOOKED_AT else head[: head.rfind(b"\n") + 1] or head


def _encoding(heads: dict[str, bytes]) -> str:
    """The one encoding in which all files can be read, as far as they were looked at."""
    likely = {file: likely_encoding(head) for file, head in heads.items()}
    if len({likely[file] for file, head in heads.items() if not head.isascii()}) > 1:
        told = ", ".join(f"{file} {encoding or 'no text'}" for file, encoding in likely.items())
        raise DataError(f"The files are in different encodings ({told}): turn them into one, best UTF-8.")
    for file, encoding in likely.items():
        if encoding is None:
            read_text(file)  # says what is wrong
    return next((encoding for encoding in likely.values() if encoding not in (None, "utf-8")), None) or "utf-8"
