"""The declaration of a config: its fields, declared once.

A field of a pydantic model has a type, a range, a default and a meaning. TOML files, `--section.key value`, `--help`
and the resolved config in a run folder are all read from this declaration. The config of a task is a `Config` of
sections.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from anaphora.config.requirement import Requirement

Values = Mapping[str, Mapping[str, Any]]
Preset = Callable[[Values], Values]
"""A preset returns values, given the user's values: the choice may depend on them but never overrides them."""


class ConfigSection(BaseModel):
    """A group of fields: strict and immutable."""

    # The validator is built when the first value is checked: help needs no validator.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False, defer_build=True
    )


class Config(ConfigSection):
    """The sections of one task, and the requirements between its fields."""

    requirements: ClassVar[tuple[Requirement, ...]] = ()
    earlier: ClassVar[dict[str, dict[str, Any]]] = {}
    """Values of fields, by section, that a record of an earlier version lacks: what was done then. Records hold all
    fields, so a missing one is later than the record.
    """


C = TypeVar("C", bound=Config)


@dataclass(frozen=True)
class ConfigField:
    """One field as the user sees it; `short` is its option without the section, if the key is unique in the config."""

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
        """Whether the option is set without a value: `--tied`, `--no-tied`."""
        return self.type == "true or false"

    @property
    def expected(self) -> str:
        """The accepted values in words: `a whole number, at least 1`."""
        words = f"one of {', '.join(self.choices)}" if self.choices else self.type
        return f"{words}, {self.range}" if self.range else words


def config_fields(config: type[Config]) -> tuple[ConfigField, ...]:
    """Return every field of a task's config, in the order of the declaration."""
    return _declared(config)


@functools.cache
def _declared(config: type[Config]) -> tuple[ConfigField, ...]:
    fields = [(section, key, field) for section, model in sections(config) for key, field in model.model_fields.items()]
    keys = [key for _, key, _ in fields]
    return tuple(
        ConfigField(
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
    )


def sections(config: type[Config]) -> Iterator[tuple[str, type[ConfigSection]]]:
    """Yield the name and class of every section of a task's config."""
    for name, field in config.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, ConfigSection)
        yield name, field.annotation


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the plain types of an annotation, without their rules: (float, NoneType) of `float | None`."""
    found = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return tuple(member.__origin__ if get_origin(member) is Annotated else member for member in found)


def _rules(field: FieldInfo) -> list[Any]:
    """Return the rules that bound a field's values, including rules of one type of several."""
    inside = [member for member in get_args(field.annotation) if get_origin(member) is Annotated]
    return [*field.metadata, *(rule for member in inside for info in member.__metadata__ for rule in info.metadata)]


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
        for rule in _rules(field)
        for name, word in words.items()
        if hasattr(rule, name)
    ]
    return " and ".join(said)


def dashed(key: str) -> str:
    """Return a key in the spelling of an option: `-` for `_`."""
    return key.replace("_", "-")
