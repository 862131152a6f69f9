"""A config in writing: as TOML, as a file to start from, as a JSON schema, and as tables of all fields.

Every output is made from the one declaration of each field, so the written form and the checked form agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anaphora.config.declare import Config, ConfigField, Preset, Values, config_fields
from anaphora.config.resolve import resolve

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Suggestion:
    """A suggestion made from data: a preset, values that override it, and reasons by `section.key`."""

    preset: str
    values: Values
    reasons: Mapping[str, str] = field(default_factory=dict)

    def with_given(self, section: str, given: Mapping[str, Any]) -> Suggestion:
        """Return the suggestion with the values that the user gave for fields of a section."""
        values = {**self.values, section: {**self.values.get(section, {}), **given}}
        known = {f"{section}.{key}" for key in given}
        return Suggestion(self.preset, values, {name: each for name, each in self.reasons.items() if name not in known})


def render(config: Config) -> str:
    """Return the config as TOML, every field with its meaning; equal configs give equal text that reads back equal."""
    return _toml(config, lambda config_field: True, {})


def begin(config: type[Config], presets: Mapping[str, Preset], suggestion: Suggestion) -> str:
    """Return a suggestion as a file to start from: suggested values are set, and defaults are commented out.

    The file gives the same config with any preset. Raises UsageError if a suggested value is not accepted by its field.
    """
    chosen = suggested(config, presets, suggestion)
    said = {f"{section}.{key}" for section, keys in suggestion.values.items() for key in keys}
    for preset in presets.values():
        said |= {f"{section}.{key}" for section, keys in preset(suggestion.values).items() for key in keys}

    def is_set(config_field: ConfigField) -> bool:
        value = getattr(getattr(chosen, config_field.section), config_field.key)
        return f"{config_field.section}.{config_field.key}" in said or value != config_field.default

    return _toml(chosen, is_set, suggestion.reasons)


def suggested(config: type[Config], presets: Mapping[str, Preset], suggestion: Suggestion) -> Config:
    """Return the config of a suggestion; raises as `begin` does."""
    words = [
        f"--{section}.{key.replace('_', '-')}={value if isinstance(value, str) else _value(value)}"
        for section, keys in suggestion.values.items()
        for key, value in keys.items()
    ]
    return resolve(config, presets, preset=suggestion.preset, options=words)


def schema(config: type[Config]) -> str:
    """Return the JSON schema (draft 2020-12) of a task's config, as JSON."""
    found = {"$schema": DIALECT, **config.model_json_schema()}
    return json.dumps(found, indent=2, ensure_ascii=False)


def tables(config: type[Config], presets: Mapping[str, Preset], usual: str) -> list[str]:
    """Return the fields of a task as Markdown, one table per section; if presets differ, each preset has its value."""
    resolved = {name: resolve(config, presets, preset=name) for name in presets}
    lines: list[str] = []
    section = ""
    for config_field in config_fields(config):
        if config_field.section != section:
            section = config_field.section
            lines += ["", f"**[{section}]**", "", "| field | takes | default | meaning |", "| --- | --- | --- | --- |"]
        values = {name: _value(getattr(getattr(made, section), config_field.key)) for name, made in resolved.items()}
        default = _value(config_field.default)
        if set(values.values()) != {default}:
            listing = ", ".join(f"{name} {value}" for name, value in values.items())
            default = f"{listing} (usual: {usual})" if len(set(values.values())) > 1 else values[usual]
        cells = (f"`{config_field.short or config_field.flag}`", config_field.expected, default, config_field.meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return lines


def _toml(config: Config, is_set: Callable[[ConfigField], bool], reasons: Mapping[str, str]) -> str:
    lines: list[str] = []
    section = ""
    for config_field in config_fields(type(config)):
        if config_field.section != section:
            lines += [""] * bool(section) + [f"[{config_field.section}]"]
            section = config_field.section
        value = getattr(getattr(config, section), config_field.key)
        lines.append(f"# {config_field.meaning} ({config_field.expected})")
        reason = reasons.get(f"{section}.{config_field.key}")
        if reason is not None:
            lines.append(f"# suggested: {reason}")
        if value is None:
            lines.append(f"# {config_field.key} is not set")
        else:
            lines.append(f"{'' if is_set(config_field) else '# '}{config_field.key} = {_value(value)}")
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:
    """Return a value as TOML; JSON strings are TOML strings, except for the delete character, which TOML escapes."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return repr(value)
