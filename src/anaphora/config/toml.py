"""A config written down: as TOML, as a file to begin with, as a JSON schema, and as a page of all knobs.

Everything is read from the one declaration of each knob, so that what is written is what is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anaphora.config.declare import Config, Knob, Preset, Values, knobs
from anaphora.config.resolve import resolve

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Guess:
    """What a look at data suggests: a preset, values on top of it, and for a value (by `section.key`) why."""

    preset: str
    values: Values
    reasons: Mapping[str, str] = field(default_factory=dict)


def render(config: Config) -> str:
    """The config as TOML: every knob with its meaning; the same config gives the same text, and it reads back equal."""
    return _toml(config, lambda knob: True, {})


def begin(config: type[Config], presets: Mapping[str, Preset], guess: Guess) -> str:
    """A guess as a file to begin with: what was chosen stands there, the defaults that hold anyway are commented out.

    Whatever preset it is read on top of, it gives the same config.

    Raises UsageError if the guess has a value that its knob does not take.
    """
    chosen = guessed(config, presets, guess)
    said = {f"{section}.{key}" for section, keys in guess.values.items() for key in keys}
    for preset in presets.values():
        said |= {f"{section}.{key}" for section, keys in preset(guess.values).items() for key in keys}

    def stands(knob: Knob) -> bool:
        value = getattr(getattr(chosen, knob.section), knob.key)
        return f"{knob.section}.{knob.key}" in said or value != knob.default

    return _toml(chosen, stands, guess.reasons)


def guessed(config: type[Config], presets: Mapping[str, Preset], guess: Guess) -> Config:
    """The config that a guess amounts to; raises as `begin` does."""
    words = [
        f"--{section}.{key.replace('_', '-')}={value if isinstance(value, str) else _value(value)}"
        for section, keys in guess.values.items()
        for key, value in keys.items()
    ]
    return resolve(config, presets, preset=guess.preset, options=words)


def schema(config: type[Config]) -> str:
    """The JSON schema (draft 2020-12) that a task's TOML, read into JSON, has to meet."""
    found = {"$schema": DIALECT, **config.model_json_schema()}
    return json.dumps(found, indent=2, ensure_ascii=False)


def tables(config: type[Config], presets: Mapping[str, Preset], usual: str) -> list[str]:
    """The knobs of a task as Markdown, a table per section; where presets differ, each of them has its value."""
    resolved = {name: resolve(config, presets, preset=name) for name in presets}
    lines: list[str] = []
    section = ""
    for knob in knobs(config):
        if knob.section != section:
            section = knob.section
            lines += ["", f"**[{section}]**", "", "| knob | takes | default | meaning |", "| --- | --- | --- | --- |"]
        values = {name: _value(getattr(getattr(made, section), knob.key)) for name, made in resolved.items()}
        default = _value(knob.default)
        if set(values.values()) != {default}:
            told = ", ".join(f"{name} {value}" for name, value in values.items())
            default = f"{told} (usual: {usual})" if len(set(values.values())) > 1 else values[usual]
        cells = (f"`{knob.short or knob.flag}`", knob.expected, default, knob.meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return lines


def _toml(config: Config, stands: Callable[[Knob], bool], reasons: Mapping[str, str]) -> str:
    lines: list[str] = []
    section = ""
    for knob in knobs(type(config)):
        if knob.section != section:
            lines += [""] * bool(section) + [f"[{knob.section}]"]
            section = knob.section
        value = getattr(getattr(config, section), knob.key)
        lines.append(f"# {knob.meaning} ({knob.expected})")
        reason = reasons.get(f"{section}.{knob.key}")
        if reason is not None:
            lines.append(f"# guessed: {reason}")
        if value is None:
            lines.append(f"# {knob.key} is not set")
        else:
            lines.append(f"{'' if stands(knob) else '# '}{knob.key} = {_value(value)}")
    return "\n".join([*lines, ""])


def _value(value: Any) -> str:
    """A value as TOML writes it; JSON's strings are TOML's but for the delete character, which TOML wants escaped."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return repr(value)
