"""Pairs of source and target texts, from files in any layout that `anaphora.data.files.pair_layouts` opens."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.pair_columns import NO_NAMES, ColumnNames, PairColumns, choose
from anaphora.data.files.pair_layouts import open_pairs
from anaphora.data.files.parallel import ParallelFiles
from anaphora.data.files.sources import ending
from anaphora.data.files.tables import InTables, Table
from anaphora.data.taken import Taken
from anaphora.data.text.normal_form import Form, normal
from anaphora.errors import DataError


@dataclass(frozen=True)
class Pairs(InTables):
    """Pairs of texts, each with its location."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    tables: tuple[Table, ...]
    columns: tuple[PairColumns, ...]  # of each table
    places: NDArray[np.int64]  # (B, 2): number of the table, number of the row in it

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def names(self) -> ColumnNames:
        """The names of the columns of the first table."""
        return ([self.columns[0].source], [self.columns[0].target]) if self.columns else NO_NAMES

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Pairs:
        """Return the pairs numbered `rows` (n,), in this order."""
        sources, targets = (tuple(side[row] for row in rows) for side in (self.sources, self.targets))
        return Pairs(sources, targets, self.tables, self.columns, self.places[rows])

    @staticmethod
    def joined(several: Sequence[Pairs]) -> Pairs:
        """Return the pairs of several parts of the same tables, one after another."""
        sources = tuple(text for pairs in several for text in pairs.sources)
        targets = tuple(text for pairs in several for text in pairs.targets)
        places = np.concatenate([pairs.places for pairs in several])
        return replace(several[0], sources=sources, targets=targets, places=places)

    def in_form(self, form: Form) -> Pairs:
        """Return the same pairs in a normal form of Unicode."""
        if form == "none":
            return self
        sources, targets = (tuple(normal(text, form) for text in side) for side in (self.sources, self.targets))
        return replace(self, sources=sources, targets=targets)

    @staticmethod
    def of(
        tables: Sequence[Table], source: str | None = None, target: str | None = None, like: ColumnNames = NO_NAMES
    ) -> Pairs:
        """Return the pairs of open tables; a column without a given name is chosen by the names `like` of a model's
        training data, or else by those of the first table.

        Raises DataError if a column is missing or ambiguous, or holds a value that is not text.
        """
        sources, targets, places = list[str](), list[str](), list[tuple[int, int]]()
        chosen = _chosen(tables, source, target, like)
        for which, (table, columns) in enumerate(zip(tables, chosen, strict=True)):
            names = columns[:2]
            for number, values in table.rows(names):
                for value, name in zip(values, names, strict=True):
                    if value is not None and not isinstance(value, str):
                        raise DataError(
                            f"{table.at(number)}: '{name}' is {str(value)[:60]!r} ({type(value).__name__}); expected a"
                            " text."
                        )
                sources.append(values[0] or "")
                targets.append(values[1] or "")
                places.append((which, number))
        return Pairs(tuple(sources), tuple(targets), tuple(tables), chosen, np.array(places, np.int64).reshape(-1, 2))


def read_pairs(
    paths: Sequence[str | os.PathLike[str]],
    encoding: str = "utf-8",
    header: bool = True,
    source: str | None = None,
    target: str | None = None,
    like: ColumnNames = NO_NAMES,
) -> Pairs:
    """Read the pairs of tables and of parallel files, in columns as `Pairs.of` chooses them.

    Raises UsageError for a file without a partner, DataError for data that cannot be read or paired.
    """
    return Pairs.of(open_pairs(paths, encoding, header), source, target, like)


def _chosen(
    tables: Sequence[Table], source: str | None, target: str | None, like: ColumnNames
) -> tuple[PairColumns, ...]:
    """Return the columns of each table; raises as `choose` does."""
    found: list[PairColumns] = []
    for table in tables:
        found.append(choose(table, source, target, like))
        if not any(like):
            like = [found[0].source], [found[0].target]
    return tuple(found)


def names_of(card: Mapping[str, Any]) -> ColumnNames:
    """Return the names of the columns that a model was trained on, of sources and of targets, by its card; of parallel
    files their different endings, such as `de`.
    """
    taken = Taken.of_card(card)
    if taken is None:
        return NO_NAMES
    sources, targets = (
        [ending(name)[1:] if name in taken.files else name for name in taken.roles.get(role, ())]
        for role in ("source", "target")
    )
    both = {"", *sources} & {"", *targets}
    return [name for name in sources if name not in both], [name for name in targets if name not in both]


def taken_of(readings: Sequence[Pairs], files: Sequence[str]) -> Taken:
    """Return how pairs were read; `readings` are the pairs of each part."""
    both = (zip(pairs.tables, pairs.columns, strict=True) for pairs in readings)
    opened = {id(table): (table, columns) for table, columns in itertools.chain(*both)}
    roles: dict[str, dict[str, None]] = {"source": {}, "target": {}}
    left_out: dict[str, str] = {}
    for table, columns in opened.values():
        names = [side.path for side in table.sides] if isinstance(table, ParallelFiles) else columns[:2]
        for role, name in zip(roles, names, strict=True):
            roles[role][name] = None
        left_out.update(columns.left_out)
    layouts = " and ".join(dict.fromkeys(table.layout for table, _ in opened.values()))
    encodings = " and ".join(dict.fromkeys(table.encoding for table, _ in opened.values() if table.encoding))
    rows = sum(map(len, readings))
    return Taken(
        tuple(files), layouts, encodings, rows, "pair", {role: tuple(names) for role, names in roles.items()}, left_out
    )
