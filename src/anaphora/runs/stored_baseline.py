"""The figures of a baseline on the held-out part of a training, as a model card holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anaphora.formatting import as_text


@dataclass(frozen=True)
class StoredBaseline:
    """A baseline by its name, and its figures by their names."""

    name: str
    figures: Mapping[str, float]

    def line(self) -> str:
        """Return the figures as one line.

        >>> StoredBaseline("the n-gram model", {"nats per character": 1.5}).line()
        'on the held-out part of the training, the n-gram model had nats per character 1.5'
        """
        listed = ", ".join(f"{name} {as_text(value)}" for name, value in self.figures.items())
        return f"on the held-out part of the training, {self.name} had {listed}"

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, with the part that they are of."""
        return {"part": "the held-out part of the training", "name": self.name, **self.figures}

    @staticmethod
    def of(name: str, values: Any, names: Mapping[str, str]) -> StoredBaseline | None:
        """Return the figures among the `values` of a model card, `names` being the names of figures by their keys;
        None if the card has none of them.
        """
        known = values if isinstance(values, Mapping) else {}
        figures = {shown: known[key] for key, shown in names.items() if isinstance(known.get(key), int | float)}
        return StoredBaseline(name, figures) if figures else None
