"""Resolving a config: the merged values of all its sources.

preset  <  file  <  values  <  options       later ones win, key by key
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anaphora.config.check import checked
from anaphora.config.declare import C, Preset, Values
from anaphora.config.from_file import from_file as read_file
from anaphora.config.from_options import from_options
from anaphora.config.old_names import by_current_names
from anaphora.errors import UsageError, did_you_mean


def resolve(
    config: type[C],
    presets: Mapping[str, Preset] | None = None,
    *,
    preset: str | None = None,
    file: str | Path | None = None,
    values: Values | None = None,
    options: Sequence[str] = (),
) -> C:
    """Merge preset, file, plain values and the options of the command line, later ones winning, and check the result.

    Raises UsageError if a preset, key or value is not declared; the message names the nearest and the source.
    """
    requested: dict[str, dict[str, Any]] = {}
    in_file = read_file(config, Path(file)) if file is not None else {}
    for layer in (in_file, values or {}, from_options(config, options)):
        _merge(requested, layer)
    checked(config, requested, "The config")  # before a preset depends on it
    known = presets or {}
    if preset is not None and preset not in known:
        raise UsageError(
            f"There is no preset {preset!r}. There are: {', '.join(known) or 'none'}.{did_you_mean(preset, known)}"
        )
    chosen: dict[str, dict[str, Any]] = {}
    if preset is not None:
        _merge(chosen, known[preset](requested))
    _merge(chosen, requested)
    return checked(config, chosen, "The config")


def from_values(config: type[C], values: Values) -> C:
    """Return a config made from plain values, as a bundle stores them (`config.model_dump()`), by current or old names.

    Raises UsageError as `resolve` does.
    """
    return checked(config, by_current_names(values), "The config")


def from_run(config: type[C], file: str | Path) -> C:
    """Return the config of a run folder's file, by current or old names.

    Raises UsageError as `resolve` does.
    """
    return checked(config, read_file(config, Path(file), old_names=True), "The config")


def _merge(into: dict[str, dict[str, Any]], values: Values) -> None:
    for section, keys in values.items():
        into.setdefault(section, {}).update(keys)
