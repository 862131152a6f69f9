"""Checking values against the declaration: an unknown key is refused and the nearest one named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from anaphora.config.declare import C, Config, Values, knobs, sections
from anaphora.errors import UsageError, closest


class Refused(UsageError):
    """A value that its knob does not take."""

    def __init__(self, section: str, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.section, self.key, self.sentence = section, key, sentence


def checked(config: type[C], values: Values, where: str) -> C:
    """A config of these values; `where` says in an error where they stand.

    Raises Refused for a value that its knob does not take, UsageError for a key that is not declared.
    """
    for section, keys in values.items():
        known(config, section, keys, where)
    try:
        return config.model_validate({name: values.get(name, {}) for name, _ in sections(config)})
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        section, *inside = (str(part) for part in error["loc"])
        key = inside[0] if inside else ""
        knob = next((knob for knob in knobs(config) if (knob.section, knob.key) == (section, key)), None)
        if knob is None:
            raise Refused(section, key, f"'{section}': {error['msg'].removeprefix('Value error, ')}") from None
        got = values.get(section, {}).get(key, knob.default)
        nearby = hint(got, knob.choices) if isinstance(got, str) else ""
        raise Refused(
            section, key, f"{knob.flag} takes {knob.expected} ({knob.meaning}); it was given {_shown(got)}.{nearby}"
        ) from None


def known(config: type[Config], section: str, keys: Iterable[str], where: str) -> None:
    """Raise UsageError, naming the nearest, for a section or a key that is not declared."""
    known_sections = dict(sections(config))
    if section not in known_sections:
        raise UsageError(
            f"{where}: there is no section [{section}]. There are: {', '.join(f'[{name}]' for name in known_sections)}."
            f"{hint(section, known_sections)}"
        )
    declared = list(known_sections[section].model_fields)
    for key in keys:
        if key in declared:
            continue
        elsewhere = [f"[{other}] {key}" for other, model in known_sections.items() if key in model.model_fields]
        nearest = closest(key, declared)
        nearby = f" Did you mean {elsewhere[0] if elsewhere else repr(nearest)}?" if elsewhere or nearest else ""
        raise UsageError(f"{where}: [{section}] has no key '{key}'. It has: {', '.join(declared)}.{nearby}")


def hint(word: str, known: Any) -> str:
    """The nearest known word, as the end of an error."""
    nearest = closest(word, known)
    return f" Did you mean '{nearest}'?" if nearest else ""


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
