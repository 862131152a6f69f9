"""Names that fields had in earlier versions: model files and run folders that hold an old name are read.

data.longest → data.max_length      card["floor"] → card["baseline"]

Options of the command line, config files of users and arguments in Python are never read by old names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anaphora.config.declare import Values

OLD_NAMES = {
    "data": {"longest": "max_length"},
    "model": {
        "unknown": "unk_dropout",
        "rare": "unk_rate",
        "letters": "characters",
        "letter_embedding": "character_embedding",
        "letter_hidden": "character_hidden",
    },
    "training": {"steps": "bptt", "sampling": "scheduled_sampling"},
}
"""Old name → current name of each section's fields; no task uses an old name for another field of the same section."""

OLD_CARD_KEYS = {"floor": "baseline", "floors": "baselines"}
"""Old key → current key of a model card."""


def by_current_names(values: Values) -> dict[str, Any]:
    """Return values, by section and key, with every old key replaced by its current name; all else stays as it is."""
    return {
        section: _renamed(OLD_NAMES.get(section, {}), keys) if isinstance(keys, Mapping) else keys
        for section, keys in values.items()
    }


OLD_SPACES = {"Choice": "SearchChoice", "Range": "SearchRange"}
"""Old class → current class of a space of a search."""


def field_by_current_name(field: str) -> str:
    """Return a field's name with its section by its current name.

    >>> field_by_current_name("model.letters"), field_by_current_name("model.hidden")
    ('model.characters', 'model.hidden')
    """
    section, _, key = field.partition(".")
    return f"{section}.{OLD_NAMES.get(section, {}).get(key, key)}"


def search_by_current_names(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a search, with its settings and searched fields by their current names."""
    found = _renamed({"knobs": "fields"}, facts)
    if "settings" in found:
        found["settings"] = by_current_names(found["settings"])
    found["fields"] = {field_by_current_name(name): _space(space) for name, space in found["fields"].items()}
    return found


def card_by_current_names(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model card with every old key replaced by its current one."""
    return _renamed(OLD_CARD_KEYS, card)


def _space(text: str) -> str:
    name, bracket, rest = text.partition("(")
    return f"{OLD_SPACES.get(name, name)}{bracket}{rest}"


def _renamed(names: Mapping[str, str], keys: Mapping[str, Any]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in keys.items()}
