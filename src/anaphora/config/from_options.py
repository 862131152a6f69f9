"""The command line's `--section.key value`, or `--key value` where only one section has that key."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

from anaphora.config.declare import Config, Knob, dashed, knobs, members, sections
from anaphora.errors import UsageError, closest

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def from_options(config: type[Config], words: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The values that the words of a command line set, by section and key.

    Raises UsageError, naming the nearest, for an option that is not declared or lacks its value.
    """
    declared = {flag: knob for knob in knobs(config) for flag in (knob.flag, knob.short) if flag}
    flags = [*declared, *(f"--no-{flag[2:]}" for flag, knob in declared.items() if knob.is_truth)]
    values: dict[str, dict[str, Any]] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.partition("=")
        flag = dashed(name) if name.startswith("--") else name
        knob, negated = declared.get(flag), False
        if knob is None and flag.startswith("--no-"):
            knob, negated = declared.get(f"--{flag[5:]}"), True
            knob = knob if knob is not None and knob.is_truth else None
        if knob is None:
            nearest = closest(name, flags)
            raise UsageError(
                f"There is no option {name!r}.{f' Did you mean {nearest}?' if nearest else ' See --help.'}"
            )
        if not has_value and knob.is_truth and not (rest and rest[0].lower() in _TRUTHS):
            value = "true"
        elif not has_value:
            if not rest:
                raise UsageError(f"{name} needs a value: {knob.expected} ({knob.meaning}).")
            value = rest.pop(0)
        parsed = _parsed(config, knob, value)
        values.setdefault(knob.section, {})[knob.key] = (not parsed) if negated and isinstance(parsed, bool) else parsed
    return values


def _parsed(config: type[Config], knob: Knob, value: str) -> Any:
    """A word of the command line as the knob's type; what fits none stays a word, for the check to refuse."""
    annotation = dict(sections(config))[knob.section].model_fields[knob.key].annotation
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
