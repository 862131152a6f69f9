"""What a person may set, declared once.

A knob is one field of one pydantic model: its type, range, default and meaning. TOML files, `--section.key value`,
`--help` and the resolved config that a run leaves behind are all read from that declaration. A task's config is a
`Config` of sections; the section `Training` below is the same for every task. Nothing is guessed: an unknown key is
refused and the nearest one named.

    preset  <  file  <  values  <  options       later ones win, key by key
"""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from anaphora.errors import UsageError, closest

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


class Training(Section):
    """How any task is trained; a task adds what it cuts its batches by."""

    learning_rate: float = Field(default=3e-3, gt=0, le=10, description="AdamW's rate at its height, after the warm-up")
    final_rate: float = Field(default=0.02, ge=0, le=1, description="the last step's rate, as a share of learning_rate")
    warmup: float = Field(default=0.02, ge=0, le=1, description="share of all steps in which the rate climbs from zero")
    weight_decay: float = Field(
        default=0.05, ge=0, le=10, description="AdamW's decay of matrices; biases, embeddings, norms: none"
    )
    beta1: float = Field(default=0.9, ge=0, lt=1, description="memory of AdamW's mean gradient")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="memory of AdamW's mean squared gradient")
    clip: float = Field(default=1.0, ge=0, description="largest norm of the whole gradient; 0: not clipped")
    average: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of the run over which weights are also averaged, the better of both kept; 0: none",
    )
    minutes: float | None = Field(default=None, gt=0, description="time for the whole command, up to the saved model")
    max_steps: int | None = Field(default=None, ge=1, description="most steps of the optimiser")
    epochs: float | None = Field(
        default=None, gt=0, description="most passes over the data; 10 if neither this nor a time nor steps are set"
    )
    evaluations: int = Field(
        default=20, ge=1, le=10**6, description="how often the held-out part is looked at, evenly over the run"
    )
    accumulate: int = Field(
        default=1, ge=1, le=2**16, description="batches whose gradients are added up for one step of the optimiser"
    )
    checkpoint_minutes: float = Field(
        default=5.0, gt=0, description="time between checkpoints, besides those at each look; what a crash can cost"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="where it is trained; auto: a CUDA GPU if there is one, else this processor"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="of matrix products; bfloat16, mixed with float32, is for a GPU"
    )
    patience: int = Field(default=0, ge=0, description="stop after so many looks without a better one; 0: never")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of initial weights, dropout and order")


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
    fields = [
        (section, key, field) for section, model in _sections(config) for key, field in model.model_fields.items()
    ]
    keys = [key for _, key, _ in fields]
    return [
        Knob(
            section=section,
            key=key,
            flag=f"--{section}.{_dashed(key)}",
            short=f"--{_dashed(key)}" if keys.count(key) == 1 else None,
            type=_type_in_words(field.annotation),
            default=field.get_default(),
            choices=_choices(field.annotation),
            range=_range_in_words(field),
            meaning=field.description or "",
        )
        for section, key, field in fields
    ]


def resolve(
    config: type[C],
    presets: Mapping[str, Preset] | None = None,
    *,
    preset: str | None = None,
    file: str | Path | None = None,
    values: Values | None = None,
    options: Sequence[str] = (),
) -> C:
    """Put preset, file, plain values and the command line's options together, later ones winning, and check the whole.

    Raises UsageError if a preset, key or value is not one that is declared, naming the nearest and where it stands.
    """
    wished: dict[str, dict[str, Any]] = {}
    from_file = _from_file(config, Path(file)) if file is not None else {}
    for layer in (from_file, values or {}, _from_options(config, options)):
        _merge(wished, layer)
    _checked(config, wished, "The config")  # before a preset chooses by it
    known = presets or {}
    if preset is not None and preset not in known:
        raise UsageError(
            f"There is no preset {preset!r}. There are: {', '.join(known) or 'none'}.{_hint(preset, known)}"
        )
    chosen: dict[str, dict[str, Any]] = {}
    if preset is not None:
        _merge(chosen, known[preset](wished))
    _merge(chosen, wished)
    return _checked(config, chosen, "The config")


def from_values(config: type[C], values: Values) -> C:
    """Make a config from plain values, as a bundle keeps them (`config.model_dump()`).

    Raises UsageError as `resolve` does.
    """
    return _checked(config, values, "The config")


_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _sections(config: type[Config]) -> Iterator[tuple[str, type[Section]]]:
    for name, field in config.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, Section)
        yield name, field.annotation


def _merge(into: dict[str, dict[str, Any]], values: Values) -> None:
    for section, keys in values.items():
        into.setdefault(section, {}).update(keys)


# Words for types


def _members(annotation: Any) -> tuple[Any, ...]:
    """The plain types of an annotation: (float, NoneType) of `float | None`."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(
        str(choice) for member in _members(annotation) if get_origin(member) is Literal for choice in get_args(member)
    )


def _type_in_words(annotation: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return " or ".join(names.get(member, "a word") for member in _members(annotation) if member is not types.NoneType)


def _range_in_words(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [
        f"{word} {getattr(rule, name):,}"
        for rule in field.metadata
        for name, word in words.items()
        if hasattr(rule, name)
    ]
    return " and ".join(said)


# Values


def _from_file(config: type[Config], path: Path) -> dict[str, dict[str, Any]]:
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
                f" {', '.join(f'[{name}]' for name, _ in _sections(config))}."
            )
        _known(config, section, [], f"{path}, line {_line(text, section, '')}")
        for key in keys:
            _known(config, section, [key], f"{path}, line {_line(text, section, key)}")
    try:
        _checked(config, values, str(path))
    except _Refused as refused:
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


def _from_options(config: type[Config], words: Sequence[str]) -> dict[str, dict[str, Any]]:
    declared = {flag: knob for knob in knobs(config) for flag in (knob.flag, knob.short) if flag}
    flags = [*declared, *(f"--no-{flag[2:]}" for flag, knob in declared.items() if knob.is_truth)]
    values: dict[str, dict[str, Any]] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.partition("=")
        flag = _dashed(name) if name.startswith("--") else name
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
    annotation = dict(_sections(config))[knob.section].model_fields[knob.key].annotation
    members = _members(annotation)
    if types.NoneType in members and value.lower() == "none":
        return None
    for member in members:
        if member is bool and value.lower() in _TRUTHS:
            return _TRUTHS[value.lower()]
        if member in (int, float):
            try:
                return member(value)
            except ValueError:
                continue
    return value


class _Refused(UsageError):
    """A value that its knob does not take."""

    def __init__(self, section: str, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.section, self.key, self.sentence = section, key, sentence


def _checked(config: type[C], values: Values, where: str) -> C:
    for section, keys in values.items():
        _known(config, section, keys, where)
    try:
        return config.model_validate({name: values.get(name, {}) for name, _ in _sections(config)})
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        section, *inside = (str(part) for part in error["loc"])
        key = inside[0] if inside else ""
        knob = next((knob for knob in knobs(config) if (knob.section, knob.key) == (section, key)), None)
        if knob is None:
            raise _Refused(section, key, f"'{section}': {error['msg'].removeprefix('Value error, ')}") from None
        got = values.get(section, {}).get(key, knob.default)
        hint = _hint(got, knob.choices) if isinstance(got, str) else ""
        raise _Refused(
            section, key, f"{knob.flag} takes {knob.expected} ({knob.meaning}); it was given {_shown(got)}.{hint}"
        ) from None


def _known(config: type[Config], section: str, keys: Iterable[str], where: str) -> None:
    sections = dict(_sections(config))
    if section not in sections:
        raise UsageError(
            f"{where}: there is no section [{section}]. There are: {', '.join(f'[{name}]' for name in sections)}."
            f"{_hint(section, sections)}"
        )
    declared = list(sections[section].model_fields)
    for key in keys:
        if key in declared:
            continue
        elsewhere = [f"[{other}] {key}" for other, model in sections.items() if key in model.model_fields]
        nearest = closest(key, declared)
        hint = f" Did you mean {elsewhere[0] if elsewhere else repr(nearest)}?" if elsewhere or nearest else ""
        raise UsageError(f"{where}: [{section}] has no key '{key}'. It has: {', '.join(declared)}.{hint}")


def _dashed(key: str) -> str:
    return key.replace("_", "-")


def _hint(word: str, known: Any) -> str:
    nearest = closest(word, known)
    return f" Did you mean '{nearest}'?" if nearest else ""


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
