"""What a task shows of a run in its own words: results beside their baselines, and sections of a page; no HTML here.

    result  = a figure, and what the simple method gets
    section = title, then parts:  a paragraph · a table · text whose lines are meant · a picture

A task makes them (samples, worst cases, a table of errors); the run's page draws them, and its log keeps them: each
part says its kind, so that JSON gives them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """One figure on the held-out part beside its baseline; either is None where it is not known (yet).

    The one called `nats` is in the loss's own unit: its baseline is a line among the losses.
    """

    name: str  # nats, accuracy
    per: str  # char, row; empty where it is a share
    value: float | None
    baseline: float | None
    beat: str  # what the baseline is: the n-gram model
    lower_is_better: bool = True

    @property
    def called(self) -> str:
        """Its name with its unit."""
        return f"{self.name} per {self.per}" if self.per else self.name

    @property
    def loses(self) -> bool | None:
        """Whether it is worse than the baseline; None while it cannot be said."""
        if self.value is None or self.baseline is None:
            return None
        return self.value > self.baseline if self.lower_is_better else self.value < self.baseline


Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    text: str
    kind: str = "paragraph"


@dataclass(frozen=True)
class Table:
    """Rows under a head; columns of numbers are set flush right."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str = "table"


@dataclass(frozen=True)
class Preformatted:
    """Text in which every space and line end counts: a sample, a line of the data."""

    text: str
    kind: str = "preformatted"


@dataclass(frozen=True)
class Picture:
    """An SVG, and what it shows, in words for who cannot see it."""

    svg: str
    shows: str
    kind: str = "picture"


Part = Paragraph | Table | Preformatted | Picture
_KINDS: dict[str, type[Part]] = {
    "paragraph": Paragraph,
    "table": Table,
    "preformatted": Preformatted,
    "picture": Picture,
}


@dataclass(frozen=True)
class Section:
    """A title and what stands under it."""

    title: str
    parts: tuple[Part, ...]


def from_json(values: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The sections that `dataclasses.asdict` took apart, after a way through JSON.

    Raises ValueError for a kind of part that there is not.

    >>> from dataclasses import asdict
    >>> table = Section("Worst", (Table(("row", "loss"), ((7, 3.5),)), Preformatted("a  b")))
    >>> from_json([asdict(table)]) == [table]
    True
    """
    return [Section(str(value["title"]), tuple(_part(part) for part in value["parts"])) for value in values]


def _part(value: Mapping[str, Any]) -> Part:
    kind = value.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"expected a part of kind {', '.join(_KINDS)}, got {kind!r}")
    if kind == "table":
        return Table(tuple(value["head"]), tuple(tuple(row) for row in value["rows"]))
    return _KINDS[kind](**value)
