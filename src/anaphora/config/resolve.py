"""A config put together from all that sets it.

preset  <  file  <  values  <  options       later ones win, key by key
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anaphora.config.check import checked, hint
from anaphora.config.declare import C, Preset, Values
from anaphora.config.from_file import from_file as read_file
from anaphora.config.from_options import from_options
from anaphora.errors import UsageError


def resolve(
    config: type[C],
    presets: Mapping[str, Preset] | None = None,
    *,
    preset: str | None = None,
    file: str | Path | None = None,
    values: Values | None = None,
    options: Sequence[str] = (),
) -> C:
    """Put preset, file, plain values and the command line's options together, later ones winning, and check the whole.

    Raises UsageError if a preset, key or value is not one that is declared, naming the nearest and where it stands.
    """
    wished: dict[str, dict[str, Any]] = {}
    in_file = read_file(config, Path(file)) if file is not None else {}
    for layer in (in_file, values or {}, from_options(config, options)):
        _merge(wished, layer)
    checked(config, wished, "The config")  # before a preset chooses by it
    known = presets or {}
    if preset is not None and preset not in known:
        raise UsageError(
            f"There is no preset {preset!r}. There are: {', '.join(known) or 'none'}.{hint(preset, known)}"
        )
    chosen: dict[str, dict[str, Any]] = {}
    if preset is not None:
        _merge(chosen, known[preset](wished))
    _merge(chosen, wished)
    return checked(config, chosen, "The config")


def from_values(config: type[C], values: Values) -> C:
    """Make a config from plain values, as a bundle keeps them (`config.model_dump()`).

    Raises UsageError as `resolve` does.
    """
    return checked(config, values, "The config")


def _merge(into: dict[str, dict[str, Any]], values: Values) -> None:
    for section, keys in values.items():
        into.setdefault(section, {}).update(keys)
