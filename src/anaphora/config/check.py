"""Checking values against the declaration: an unknown key is refused, and the message names the nearest known key."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from anaphora.arguments.synonyms import argument_meant
from anaphora.config import devices
from anaphora.config.declare import C, Config, Values, config_fields, sections
from anaphora.errors import UsageError, WrongArgument, closest, did_you_mean
from anaphora.formatting import shortened

_SHOWN = 60  # columns of a wrong value


class Refused(WrongArgument):
    """A value that its field does not accept."""

    def __init__(self, section: str, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.section, self.key, self.sentence = section, key, sentence


def checked(config: type[C], values: Values, where: str) -> C:
    """Return a config with these values; `where` names their source in an error.

    Raises Refused for a value that its field does not accept, UsageError for a key that is not declared.
    """
    for section, keys in values.items():
        known(config, section, keys, where)
    try:
        return config.model_validate({name: values.get(name, {}) for name, _ in sections(config)})
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        section, *inside = (str(part) for part in error["loc"])
        key = inside[0] if inside else ""
        field = next((field for field in config_fields(config) if (field.section, field.key) == (section, key)), None)
        if field is None:
            raise Refused(section, key, f"'{section}': {error['msg'].removeprefix('Value error, ')}") from None
        got = values.get(section, {}).get(key, field.default)
        nearby = _advice(section, key, got, field.choices)
        raise Refused(
            section,
            key,
            f"{field.short or field.flag} takes {field.expected} ({field.meaning});"
            f" it was given {_shown(got)}.{nearby}",
        ) from None


def known(config: type[Config], section: str, keys: Iterable[str], where: str) -> None:
    """Raise UsageError for a section or key that is not declared; the message names the nearest."""
    known_sections = dict(sections(config))
    if section not in known_sections:
        raise UsageError(
            f"{where}: there is no section [{section}]. There are: {', '.join(f'[{name}]' for name in known_sections)}."
            f"{did_you_mean(section, known_sections)}"
        )
    declared = list(known_sections[section].model_fields)
    for key in keys:
        if key in declared:
            continue
        elsewhere = [f"[{other}] {key}" for other, model in known_sections.items() if key in model.model_fields]
        nearest = argument_meant(key, declared) or closest(key, declared)
        nearby = f" Did you mean {elsewhere[0] if elsewhere else repr(nearest)}?" if elsewhere or nearest else ""
        raise UsageError(f"{where}: [{section}] has no key '{key}'. It has: {', '.join(declared)}.{nearby}")


def _advice(section: str, key: str, got: Any, choices: Iterable[str]) -> str:
    """Return the remedy for a wrong value, after a space; empty if none is known."""
    if key == "device":
        return devices.advice(got)
    if (section, key) in (("data", "valid"), ("data", "test")) and not isinstance(got, str | int | float):
        return " Data in memory take a share, such as 0.1; other data are scored with model.evaluate(data)."
    return did_you_mean(("off", "on")[got] if isinstance(got, bool) else got, choices)


def _shown(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
    return shortened(written, _SHOWN)
