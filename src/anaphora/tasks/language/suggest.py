"""Suggest a config from a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anaphora.config.toml import Suggestion
from anaphora.data.files.sniff import encoding_of, heads_of
from anaphora.tasks.base.suggest import TextSizes

_ALPHABET = 512  # characters of a script with letters; more of them make a long vocabulary of rare ones
_SUBWORDS_FROM = 300_000  # characters in which pieces of words are seen often enough
_SIZES = TextSizes(
    small=300_000,  # characters
    large=100_000_000,
    batches=20,
    shapes=((32, 64), (16, 64), (16, 32), (8, 32), (4, 16), (2, 8), (1, 8)),
    held_out=5_000_000,
    minutes={"small": 5.0, "medium": 15.0, "large": 60.0},
)


def suggest(paths: Sequence[str | Path], given: Mapping[str, Any] = MappingProxyType({})) -> Suggestion:
    """Suggest an encoding, units, a network and batches for the size of the text; raises as `Task.suggest` does."""
    files = [str(path) for path in paths]
    heads = heads_of(files)
    encoding = given.get("encoding") or encoding_of(files, heads)
    sample = "".join(head.decode(encoding, "ignore") for head in heads)
    share = len(sample) / max(1, sum(map(len, heads)))
    characters = round(share * sum(Path(file).stat().st_size for file in files))
    alphabet = len(set(sample))
    suited = "char" if alphabet <= _ALPHABET else "subword" if characters >= _SUBWORDS_FROM else "byte"
    units = given.get("units") or suited
    reasons = {"data.units": f"about {characters:,} characters, {alphabet:,} different"}
    limit = "a limit to begin with; without a limit, training takes 10 epochs"
    steps = characters // 4 if units == "subword" else characters
    return _SIZES.suggest(characters, steps, {"units": units, "encoding": encoding}, reasons, limit)
