"""The record of public names: what `anaphora`, its `nn` and its `runtime` hand out, and how each is called."""

from __future__ import annotations

import inspect
import json
from typing import Any

from frozen.doors import anaphora, nn, runtime


def records() -> dict[str, list[str]]:
    """One file: each public name with its arguments, and the public members of classes."""
    lines: list[str] = []
    for room in (anaphora, nn, runtime):
        for name in sorted(room.__all__):
            lines += described(f"{room.__name__}.{name}", getattr(room, name))
    return {"names.txt": lines}


def described(name: str, found: Any) -> list[str]:
    """A name, and of a class of ours what it has of its own."""
    if not callable(found):
        return [name]
    lines = [f"{name}({arguments(found)})"]
    if inspect.isclass(found):
        for member in sorted(dir(found)):
            ours = any(member in vars(base) for base in found.__mro__ if base.__module__.startswith("anaphora"))
            if ours and not member.startswith("_"):
                value = getattr(found, member)
                lines.append(f"    .{member}" + (f"({arguments(value)})" if callable(value) else ""))
    return lines


def arguments(found: Any) -> str:
    """The names of arguments, with a star where only a keyword does, and what is taken where one is left out."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return "…"
    told = []
    for each in parameters:
        mark = {each.KEYWORD_ONLY: "*, ", each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = "" if each.default is each.empty else f"={_plain(each.default)}"
        told.append(f"{mark}{each.name}{default}")
    return ", ".join(told)


def _plain(value: Any) -> str:
    try:
        return json.dumps(value)
    except TypeError:
        return "…"
