"""A config file in TOML: its values, and the line of a wrong value."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from anaphora.config.check import Refused, checked, known
from anaphora.config.declare import Config, sections
from anaphora.config.old_names import by_current_names
from anaphora.errors import UsageError


def from_file(config: type[Config], path: Path, *, old_names: bool = False) -> dict[str, dict[str, Any]]:
    """Return the values of a file, by section and key; with `old_names`, keys of earlier versions are read, too.

    Raises UsageError, with the line, for a file that cannot be read or a key that is not declared.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"The config file {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The config file {path} is not UTF-8 text: byte {error.start}.") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The config file {path} is not TOML: {error}.") from error
    for section, keys in values.items():
        if not isinstance(keys, dict):
            raise UsageError(
                f"{path}, line {_line(text, '', section)}: '{section}' stands outside every section. The sections are:"
                f" {', '.join(f'[{name}]' for name, _ in sections(config))}."
            )
        known(config, section, [], f"{path}, line {_line(text, section, '')}")
    values = by_current_names(values) if old_names else values
    for section, keys in values.items():
        for key in keys:
            known(config, section, [key], f"{path}, line {_line(text, section, key)}")
    try:
        checked(config, values, str(path))
    except Refused as refused:
        raise UsageError(f"{path}, line {_line(text, refused.section, refused.key)}: {refused.sentence}") from None
    return values


def _line(text: str, section: str, key: str) -> int:
    """Return the line of `key` in `section`; the section's first line, or 1, if the key is written in another form."""
    inside, found = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare.startswith("["):
            inside = bare.strip("[] \t")
            found = number if inside == section else found
        elif inside == section and bare.partition("=")[0].strip(" \t\"'") == key:
            return number
    return found
