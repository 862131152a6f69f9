"""What a person may set, declared once.

A knob is one field of one pydantic model: its type, range, default and meaning. TOML files, `--section.key value`,
`--help` and the resolved config that a run leaves behind are all read from that declaration. A task's config is a
`Config` of sections.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

Values = Mapping[str, Mapping[str, Any]]
Preset = Callable[[Values], Values]
"""What a preset sets, given what the person set: a preset may choose by it, never overrule it."""


class Section(BaseModel):
    """A group of knobs: strict, and fixed once it is made."""

    # What checks a value is built when the first one is checked: help needs none.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False, defer_build=True
    )


class Config(Section):
    """The sections of one task."""


C = TypeVar("C", bound=Config)


@dataclass(frozen=True)
class Knob:
    """One knob as a person meets it; `short` is its flag without the section, where only one section has that key."""

    section: str
    key: str
    flag: str
    short: str | None
    type: str
    default: Any
    choices: tuple[str, ...]
    range: str
    meaning: str

    @property
    def is_truth(self) -> bool:
        """Whether it is set by naming it: `--tied`, `--no-tied`."""
        return self.type == "true or false"

    @property
    def expected(self) -> str:
        """What it takes, in words: `a whole number, at least 1`."""
        words = f"one of {', '.join(self.choices)}" if self.choices else self.type
        return f"{words}, {self.range}" if self.range else words


def knobs(config: type[Config]) -> list[Knob]:
    """Every knob of a task's config, in the order of its declaration."""
    fields = [(section, key, field) for section, model in sections(config) for key, field in model.model_fields.items()]
    keys = [key for _, key, _ in fields]
    return [
        Knob(
            section=section,
            key=key,
            flag=f"--{section}.{dashed(key)}",
            short=f"--{dashed(key)}" if keys.count(key) == 1 else None,
            type=_type_in_words(field.annotation),
            default=field.get_default(),
            choices=_choices(field.annotation),
            range=_range_in_words(field),
            meaning=field.description or "",
        )
        for section, key, field in fields
    ]


def sections(config: type[Config]) -> Iterator[tuple[str, type[Section]]]:
    """Name and class of every section of a task's config."""
    for name, field in config.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, Section)
        yield name, field.annotation


def members(annotation: Any) -> tuple[Any, ...]:
    """The plain types of an annotation: (float, NoneType) of `float | None`."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(
        str(choice) for member in members(annotation) if get_origin(member) is Literal for choice in get_args(member)
    )


def _type_in_words(annotation: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return " or ".join(names.get(member, "a word") for member in members(annotation) if member is not types.NoneType)


def _range_in_words(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [
        f"{word} {getattr(rule, name):,}"
        for rule in field.metadata
        for name, word in words.items()
        if hasattr(rule, name)
    ]
    return " and ".join(said)


def dashed(key: str) -> str:
    """A key as an option writes it."""
    return key.replace("_", "-")
