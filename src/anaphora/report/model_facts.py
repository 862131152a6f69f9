"""The facts of a model file as lines for people: its network, the settings of its task, and its model card.

Names are words, numbers have thousands marks or four digits, sizes and times have units. Every text comes from the
file, so control characters are written as escapes: they could move the cursor or colour the screen.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anaphora.bundle import Facts, spec
from anaphora.config.old_names import card_by_current_names
from anaphora.data.taken import Taken
from anaphora.formatting import as_text, counted, display_width, duration_words, size_text, unit_name

Rows = Iterator[tuple[str, str]]

_MEANINGS = {
    "baseline.nats_per_unit": "  (on the whole held-out part)",
    "baseline.scored_nats_per_unit": "  (on the units that the network was scored on)",
    "sampled_nats_per_unit": "  (best validation loss)",
}
_NAMES = {
    "data_sha256": "SHA-256 of the data", "held_out_sha256": "SHA-256 of held-out part", "seconds": "time",
}  # fmt: skip
_WORDS = {"sha256": "SHA-256", "f1": "F1", "bleu": "BLEU", "chrf": "chrF"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_LISTED = 12  # items of a list
_NAME = 24  # columns of a name at least


def lines(facts: Facts) -> list[str]:
    """Return the lines about a model file that is whole."""
    tree = spec.check(facts.config["model"])
    shapes = spec.tensors(tree)
    parameters = sum(math.prod(shape) for shape in shapes.values())
    size = f"{size_text(facts.size_bytes)} ({facts.size_bytes:,} bytes)"
    head = [
        ("SHA-256", facts.sha256),
        ("task", _plain(facts.task)),
        ("parameters", f"{parameters:,} in {counted(len(shapes), 'tensor')}"),
    ]
    card = dict(card_by_current_names(facts.config.get("card", {})))
    card.pop("parameters", None)  # the spec has the number
    return [
        f"{facts.path}: whole, {size}, format version {facts.version}",
        *_aligned(head),
        *_section("network", _blocks(tree)),
        *_section("settings of the task", _settings(facts.config.get("units", {}))),
        *_section("model card", _flat(card)),
    ]


def _section(title: str, rows: Rows) -> list[str]:
    made = _aligned(rows)
    return [f"  {title}", *(f"  {line}" for line in made)] if made else []


def _aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    made = list(rows)
    width = max([_NAME, *(display_width(name) for name, _ in made)])
    return [f"  {name}{' ' * (width - display_width(name))}  {value}".rstrip() for name, value in made]


def _blocks(tree: spec.Block) -> Rows:
    """Yield the path of each block, with its kind and its fields; a field that is false has its default."""
    for path, block in spec.walk(spec.essence(tree)):
        fields = {name: value for name, value in block.items() if name not in ("kind", "name")}
        yield path, f"{block['kind']:<16} {', '.join(_fields(fields))}".rstrip()


def _fields(values: Mapping[str, Any], between: str = " ") -> Iterator[str]:
    """Yield names with their values; a value that is true is its name alone, one that is not set is left out."""
    for name, value in values.items():
        if value is True:
            yield _named(name)
        elif value not in (None, False, [], {}, ""):
            yield f"{_named(name)}{between}{_words(value)}"


def _settings(units: Mapping[str, Any]) -> Rows:
    for name, value in units.items():
        if value is not None:
            yield _named(name), _words(value)


def _flat(card: Mapping[str, Any], prefix: str = "") -> Rows:
    """Yield the facts of a model card; those of a part of it have the part's name before their own."""
    for key, value in card.items():
        name = f"{prefix}{key}"
        if name == "taken" and (taken := Taken.of_card(card)) is not None:
            yield "data", _plain(taken.message())
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            for each in value:
                yield _named(name), _words(each)
        elif value is not None:
            yield _named(name), _fact(key, value) + _MEANINGS.get(name, "")


def _fact(key: str, value: Any) -> str:
    if key == "seconds" and isinstance(value, int | float):
        return duration_words(value)
    if key == "unit" and isinstance(value, str):
        return unit_name(_plain(value))
    if key == "date" and isinstance(value, str):
        return _day(value)
    return _words(value)


def _day(text: str) -> str:
    """Return a date as people write it.

    >>> _day("2026-03-01"), _day("long ago")
    ('1 March 2026', 'long ago')
    """
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return _plain(text)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _words(value: Any) -> str:
    """Return a value as words.

    >>> _words({"label": "topic", "multi": False, "text": ["title", "body"], "id": None, "wide": True})
    'label: topic; text: title, body; wide'
    >>> _words(list("abcdefghijklmnop")), _words(0.56341), _words(1234567)
    ('a, b, c, d, e, f, g, h, i, j, k, l and 4 more', '0.5634', '1,234,567')
    """
    if isinstance(value, Mapping):
        return "; ".join(_fields(value, ": "))
    if isinstance(value, list):
        shown = ", ".join(_words(each) for each in value[:_LISTED])
        return f"{shown} and {len(value) - _LISTED:,} more" if len(value) > _LISTED else shown
    return _plain(as_text(value))


def _named(key: str) -> str:
    """Return the name of a fact in words.

    >>> _named("baseline.linear_macro_f1"), _named("data_sha256")
    ('baseline: linear macro F1', 'SHA-256 of the data')
    """
    *parts, last = _plain(key).split(".")
    name = _NAMES.get(last, " ".join(_WORDS.get(word, word) for word in last.split("_")))
    return ": ".join([*parts, name.replace("held out", "held-out")])


def _plain(text: str) -> str:
    """Return a text of a file without control characters."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
