"""The figures of a baseline on the held-out part of a training, as a model card holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anaphora.formatting import as_text


@dataclass(frozen=True)
class StoredBaseline:
    """A baseline by its name, its figures by their names, and the settings of the figures that have some."""

    name: str
    figures: Mapping[str, float]
    settings: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """Return the figures as one line.

        >>> StoredBaseline("the n-gram model", {"nats per character": 1.5}).line()
        'on the held-out part of the training, the n-gram model had nats per character 1.5'
        >>> StoredBaseline("a copy of the source", {"BLEU": 14.5}, {"BLEU": "tok:char"}).line()
        'on the held-out part of the training, a copy of the source had BLEU (tok:char) 14.5'
        """
        shown = {name: f"{name} ({self.settings[name]})" if name in self.settings else name for name in self.figures}
        listed = ", ".join(f"{shown[name]} {as_text(value)}" for name, value in self.figures.items())
        return f"on the held-out part of the training, {self.name} had {listed}"

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, with the part that they are of."""
        settings = {"settings": dict(self.settings)} if self.settings else {}
        return {"part": "the held-out part of the training", "name": self.name, **self.figures, **settings}

    @staticmethod
    def of(
        name: str, values: Any, names: Mapping[str, str], settings: Mapping[str, str] | None = None
    ) -> StoredBaseline | None:
        """Return the figures among the `values` of a model card, `names` being the names of figures by their keys, and
        `settings` those of figures by their names; None if the card has no figure.
        """
        known = values if isinstance(values, Mapping) else {}
        figures = {shown: known[key] for key, shown in names.items() if isinstance(known.get(key), int | float)}
        return StoredBaseline(name, figures, settings or {}) if figures else None
