"""How data were read: the files, their layout and encoding, the role of every column, and the number of rows.

Every corpus carries its `Taken`. `check` and `train` print it before anything else, and the report and the model card
repeat it, so that a wrong guess is seen before training and not after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from anaphora.formatting import counted

_SHOWN = 3  # names of files


@dataclass(frozen=True)
class Taken:
    """The reading of a corpus, both parts together.

    `layout` names the format of the files in words; `roles` are the columns by role, such as text or label; `left_out`
    are the columns that are not read, each with the reason.
    """

    files: tuple[str, ...]
    layout: str
    encoding: str  # empty for binary files and for values in memory
    rows: int
    unit: str  # the singular of what a row is, such as row, sentence, pair or line
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The files in words, the first few of them.

        >>> Taken(("a.csv", "b.csv"), "CSV with commas", "utf-8", 600, "row").where
        'a.csv and b.csv'
        """
        names = list(map(_named, self.files))
        if len(names) > _SHOWN:
            return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN:,} more"
        return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) or "the data in memory"

    def columns(self, role: str) -> tuple[str, ...]:
        """Return the columns of a role; whole files of that role are no columns."""
        return tuple(name for name in self.roles.get(role, ()) if name not in self.files)

    def is_like(self, other: Taken) -> bool:
        """Return whether both readings have the same layout and encoding, and read the same columns."""
        columns = ({role: taken.columns(role) for role in taken.roles} for taken in (self, other))
        mine, theirs = columns
        return (self.layout, self.encoding, mine) == (other.layout, other.encoding, theirs)

    def without_folders(self) -> Taken:
        """Return the same reading with the names of the files alone."""
        names = {file: PurePath(file).name for file in self.files}
        roles = {role: tuple(names.get(each, each) for each in several) for role, several in self.roles.items()}
        return replace(self, files=tuple(names[file] for file in self.files), roles=roles)

    def message(self) -> str:
        """Return the reading in one sentence per fact.

        >>> roles = {"text": ("body",), "label": ("topic",)}
        >>> left_out = {"id": "a different value in each row"}
        >>> print(Taken(("a.csv",), "CSV with commas", "utf-8", 600, "row", roles, left_out).message())
        600 rows, CSV with commas, utf-8. text: 'body'; label: 'topic'. Not read: 'id' (a different value in each row).
        """
        shape = ", ".join(part for part in (counted(self.rows, self.unit), self.layout, self.encoding) if part)
        listed = (
            (role, ", ".join(repr(_named(name)) for name in names)) for role, names in self.roles.items() if names
        )
        roles = "; ".join(f"{role}: {names}" for role, names in listed)
        out = ", ".join(f"{name!r} ({reason})" for name, reason in self.left_out.items())
        return " ".join(f"{part}." for part in (shape, roles, f"Not read: {out}" if out else "") if part)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Taken:
        """Return the reading of the output of `as_json`.

        >>> taken = Taken(("a.csv",), "CSV with commas", "utf-8", 600, "row", {"text": ("body",)}, {"id": "row number"})
        >>> Taken.from_json(taken.as_json()) == taken
        True
        """
        roles = {role: tuple(names) for role, names in values["roles"].items()}
        files, left_out = tuple(values["files"]), dict(values["left_out"])
        return Taken(files, values["layout"], values["encoding"], values["rows"], values["unit"], roles, left_out)

    @staticmethod
    def of_card(card: Mapping[str, Any]) -> Taken | None:
        """Return the reading that a model card holds, or None if it holds none that is whole.

        >>> Taken.of_card({}), Taken.of_card({"taken": {"files": 3}})
        (None, None)
        """
        try:
            return Taken.from_json(card["taken"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def as_json(self) -> dict[str, Any]:
        """Return the reading as plain values."""
        return {
            "files": list(self.files),
            "layout": self.layout,
            "encoding": self.encoding,
            "rows": self.rows,
            "unit": self.unit,
            "roles": {role: list(names) for role, names in self.roles.items()},
            "left_out": dict(self.left_out),
        }


def _named(file: str) -> str:
    return "standard input" if file == "-" else file
