"""A config file, TOML: what it sets, and in which line what it sets is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from anaphora.config.check import Refused, checked, known
from anaphora.config.declare import Config, sections
from anaphora.errors import UsageError


def from_file(config: type[Config], path: Path) -> dict[str, dict[str, Any]]:
    """The values of a file, by section and key.

    Raises UsageError, naming the line, for what cannot be read or is not declared.
    """
    try:
        text = path.read_text(encoding="utf-8")
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
        for key in keys:
            known(config, section, [key], f"{path}, line {_line(text, section, key)}")
    try:
        checked(config, values, str(path))
    except Refused as refused:
        raise UsageError(f"{path}, line {_line(text, refused.section, refused.key)}: {refused.sentence}") from None
    return values


def _line(text: str, section: str, key: str) -> int:
    """The line in which `key` of `section` stands; the section's first line, or 1, if it is written in another way."""
    inside, found = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            inside = bare.strip("[] \t")
            found = number if inside == section else found
        elif inside == section and bare.partition("=")[0].strip(" \t\"'") == key:
            return number
    return found
