"""Resolving a config: the merged values of all its sources.

preset  <  file  <  base  <  values  <  options       later ones win, key by key
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anaphora.config.check import checked
from anaphora.config.declare import C, Config, Preset, Values, config_fields, sections
from anaphora.config.from_file import from_file as read_file
from anaphora.config.from_options import from_options
from anaphora.config.old_names import by_current_names
from anaphora.errors import UsageError, did_you_mean


def resolve(
    config: type[C],
    presets: Mapping[str, Preset] | None = None,
    *,
    preset: str | None = None,
    file: str | Path | None = None,
    base: Values | None = None,
    values: Values | None = None,
    options: Sequence[str] = (),
    varied: Collection[str] = (),
) -> C:
    """Merge preset, file, another config's values, plain values and the options of the command line, later ones
    winning, and check the result.

    The field sets of the result's sections are the fields that the user gave: those of `values` and of `options`, and
    those of `file` and of `base` whose value is neither the default nor that of a preset, because a written config
    holds all fields. Requirements on the fields `varied`, by `section.key`, are not checked.

    Raises UsageError if a preset, key or value is not declared, with the nearest and the source, and for a given field
    that has no effect beside the others.
    """
    requested: dict[str, dict[str, Any]] = {}
    in_file = read_file(config, Path(file)) if file is not None else {}
    given, loose = (values or {}, from_options(config, options)), (in_file, base or {})
    for layer in (*loose, *given):
        _merge(requested, layer)
    checked(config, requested, "The config")  # before a preset depends on it
    known = presets or {}
    if preset is not None and preset not in known:
        raise UsageError(
            f"There is no preset {preset!r}. There are: {', '.join(known) or 'none'}.{did_you_mean(preset, known)}"
        )
    chosen: dict[str, dict[str, Any]] = {}
    if preset is not None:
        _merge(chosen, known[preset](requested))
    _merge(chosen, requested)
    found = checked(config, chosen, "The config")
    _mark(found, known, requested, loose, given)
    refuse_useless(found, varied)
    return found


def given_fields(config: Config) -> dict[str, Any]:
    """Return the fields that the user gave, by `section.key`, with their values."""
    named = [(name, getattr(config, name)) for name, _ in sections(type(config))]
    return {
        f"{name}.{key}": getattr(section, key) for name, section in named for key in sorted(section.model_fields_set)
    }


def refuse_useless(config: Config, varied: Collection[str] = ()) -> None:
    """Raise UsageError for a given field that has no effect beside the others."""
    for name, other, refusal in _useless(config):
        if name not in varied and other not in varied:
            raise UsageError(refusal)


def with_given(config: C, names: Iterable[str]) -> C:
    """Return a config whose fields of these names, by `section.key`, count as given by the user, too."""
    copy = config.model_copy(deep=True)
    for name in names:
        section, _, key = name.partition(".")
        getattr(copy, section).model_fields_set.add(key)
    return copy


def without_useless(config: C) -> C:
    """Return a config in which each given field that has no effect beside the others has its default."""
    values = config.model_dump()
    defaults = {(field.section, field.key): field.default for field in config_fields(type(config))}
    for name, _, _ in _useless(config):
        section, _, key = name.partition(".")
        values[section][key] = defaults[section, key]
    return checked(type(config), values, "The config")


def _useless(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield each given field that has no effect beside the others, the other field, and the reason to refuse it."""
    fields = config_fields(type(config))
    flags = {f"{field.section}.{field.key}": field.short or field.flag for field in fields}
    settings = {f"{field.section}.{field.key}": getattr(getattr(config, field.section), field.key) for field in fields}
    given = given_fields(config)
    for requirement in config.requirements:
        for name in requirement.names:
            refusal = requirement.refusal(flags, {name: given.get(name)}, settings)
            if refusal:
                yield name, requirement.other, refusal


def _mark(
    found: Config, presets: Mapping[str, Preset], requested: Values, loose: Iterable[Values], given: Iterable[Values]
) -> None:
    """Reduce the field sets of the sections to the fields that the user gave."""
    made = [preset(requested) for preset in presets.values()]
    for name, _ in sections(type(found)):
        section = getattr(found, name)
        usual: list[Mapping[str, Any]] = [
            {key: field.get_default() for key, field in type(section).model_fields.items()}
        ]
        usual += [values.get(name, {}) for values in made]
        keys = {key for layer in given for key in layer.get(name, {})}
        for layer in loose:
            own = layer.get(name, {}).items()
            keys |= {key for key, value in own if all(key not in each or value != each[key] for each in usual)}
        section.model_fields_set.intersection_update(keys)


def from_values(config: type[C], values: Values) -> C:
    """Return a config made from plain values, as a bundle stores them (`config.model_dump()`), by current or old names.

    Raises UsageError as `resolve` does.
    """
    return _stored(config, by_current_names(values))


def from_run(config: type[C], file: str | Path) -> C:
    """Return the config of a run folder's file, by current or old names.

    Raises UsageError as `resolve` does.
    """
    return _stored(config, read_file(config, Path(file), old_names=True))


def _stored(config: type[C], values: Values) -> C:
    """Return a stored config, of which no field counts as given by the user."""
    whole = {section: {**config.earlier.get(section, {}), **keys} for section, keys in values.items()}
    found = checked(config, whole, "The config")
    _mark(found, {}, {}, (), ())
    return found


def _merge(into: dict[str, dict[str, Any]], values: Values) -> None:
    for section, keys in values.items():
        into.setdefault(section, {}).update(keys)
