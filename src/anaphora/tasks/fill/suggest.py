"""Suggest a config from a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anaphora.config.toml import Suggestion
from anaphora.data.files.sniff import encoding_of, heads_of
from anaphora.tasks.base.suggest import TextSizes
from anaphora.tasks.fill.data import files

_CHARACTERS_OF_A_WORD = 5.0
_SIZES = TextSizes(
    small=50_000,  # words and punctuation marks
    large=20_000_000,
    batches=20,
    shapes=((16, 64), (8, 64), (8, 32), (4, 16), (1, 8)),
    held_out=1_000_000,
    minutes={"small": 3.0, "medium": 10.0, "large": 60.0},
)


def suggest(paths: Sequence[str | Path], given: Mapping[str, Any] = MappingProxyType({})) -> Suggestion:
    """Suggest an encoding, and a network and batches for the size of the text; raises as `Task.suggest` does."""
    named = files(paths)
    heads = heads_of(named)
    encoding = given.get("encoding") or encoding_of(named, heads)
    units = round(sum(Path(file).stat().st_size for file in named) / _CHARACTERS_OF_A_WORD)
    limit = f"a limit to begin with, for about {units:,} words and punctuation marks"
    return _SIZES.suggest(units, units, {"encoding": encoding}, {}, limit)
