"""Lines of CoNLL-U with the tags of a model: in the field of the tags, or in MISC where other tags stand in that field.

A model of names that reads a treebank leaves the parts of speech there: `SpaceAfter=No|Tag=B-PLACE`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from anaphora.data.files.word_fields import NamedFields
from anaphora.tasks.tag.lines import Item


def has_other_tags(item: Item, field: int, known: Collection[str]) -> bool:
    """Return whether words of a sentence have values in a field, and none of the values is among the `known` tags."""
    values = {fields[field] for fields, number in item.lines if number is not None} - {"_"}
    return bool(values) and values.isdisjoint(known)


def field_of(named: NamedFields, tag: str | None) -> int:
    """Return the index of the field of tags: the one that training named, or the usual one."""
    name = (tag or named.tag).upper()
    return named.names.index(name if name in named.names else named.tag)


def filled(item: Item, tags: Sequence[str], field: int) -> list[str]:
    """Return the lines of a sentence with its tags in a field."""
    lines = []
    for fields, number in item.lines:
        own = fields if number is None else [*fields[:field], tags[number], *fields[field + 1 :]]
        lines.append("\t".join(own))
    return lines


def filled_misc(item: Item, tags: Sequence[str], misc: int) -> list[str]:
    """Return the lines of a sentence with its tags as `Tag=` in MISC, behind the values that stand there."""
    lines = []
    for fields, number in item.lines:
        own = list(fields)
        if number is not None:
            own[misc] = f"{'' if own[misc] == '_' else own[misc] + '|'}Tag={tags[number]}"
        lines.append("\t".join(own))
    return lines
