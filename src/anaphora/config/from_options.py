"""The options of the command line: `--section.key value`, or `--key value` if only one section has that key."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

from anaphora.arguments.synonyms import option_meant
from anaphora.config.declare import Config, ConfigField, config_fields, dashed, members, sections
from anaphora.errors import UsageError, closest

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def from_options(config: type[Config], words: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the values that the words of a command line set, by section and key.

    Raises UsageError for an option that is not declared, naming the nearest, or that lacks its value.
    """
    declared = {flag: field for field in config_fields(config) for flag in (field.flag, field.short) if flag}
    flags = [*declared, *(f"--no-{flag[2:]}" for flag, field in declared.items() if field.is_truth)]
    values: dict[str, dict[str, Any]] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.partition("=")
        flag = dashed(name) if name.startswith("--") else name
        field, negated = declared.get(flag), False
        if field is None and flag.startswith("--no-"):
            field, negated = declared.get(f"--{flag[5:]}"), True
            field = field if field is not None and field.is_truth else None
        if field is None:
            nearest = option_meant(name, flags) or closest(name, flags)
            raise UsageError(
                f"There is no option {name!r}.{f' Did you mean {nearest}?' if nearest else ' See --help.'}"
            )
        if not has_value and field.is_truth and not (rest and rest[0].lower() in _TRUTHS):
            value = "true"
        elif not has_value:
            if not rest:
                raise UsageError(f"{name} needs a value: {field.expected} ({field.meaning}).")
            value = rest.pop(0)
        parsed = _parsed(config, field, value)
        values.setdefault(field.section, {})[field.key] = (
            (not parsed) if negated and isinstance(parsed, bool) else parsed
        )
    return values


def _parsed(config: type[Config], field: ConfigField, value: str) -> Any:
    """Return a word of the command line as the field's type; a word that fits no type stays text, and the check refuses
    it.
    """
    annotation = dict(sections(config))[field.section].model_fields[field.key].annotation
    kinds = members(annotation)
    if types.NoneType in kinds and value.lower() == "none":
        return None
    for member in kinds:
        if member is bool and value.lower() in _TRUTHS:
            return _TRUTHS[value.lower()]
        if member in (int, float):
            try:
                return member(value)
            except ValueError:
                continue
    return value
