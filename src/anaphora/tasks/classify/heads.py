"""The first values of the columns of all tables: they show the kind of each column.

Only a column that all tables have can be read, so that the order of the files decides nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath

from anaphora.data.files.numbers import is_missing
from anaphora.data.files.tables import HEAD_ROWS, Table
from anaphora.tasks.classify.bookkeeping import counting
from anaphora.tasks.classify.column_values import Values

_FEWEST = 100  # rows of each table
Head = Mapping[str, Values]
"""The first values of columns, by name."""


class Heads:
    """The first values of the columns that all tables have, table by table."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tuple(tables)
        self.names = tuple(
            dict.fromkeys(name for name in tables[0].columns if all(name in table.columns for table in tables))
        )
        rows = max(_FEWEST, HEAD_ROWS // len(tables))
        self._heads = [_first_values(table, self.names, rows) for table in tables]
        self.values: Head = {name: tuple(itertools.chain(*(head[name] for head in self._heads))) for name in self.names}
        """The first values of all tables, one table after another."""

    @property
    def where(self) -> str:
        """The tables in words, for messages."""
        first, others = self.tables[0].name, len(self.tables) - 1
        return first + (f" and {others:,} other{'s' if others > 1 else ''}" if others else "")

    @property
    def listing(self) -> str:
        """The names of the columns, and those of the columns that only some tables have, for messages."""
        some = "".join(f"; {name} is {where}" for name, where in self.partial().items())
        if len(self.tables) == 1:
            return self.tables[0].listing
        return f"{', '.join(name or 'one without a name' for name in self.names)}{some}"

    def counting(self, names: Collection[str]) -> dict[str, str]:
        """Return which of these columns count or name the lines of one of the tables, each with the reason."""
        reasons: dict[str, str] = {}
        for head in self._heads:
            reasons |= counting({name: head[name] for name in names})
        return {name: reasons[name] for name in names if name in reasons}

    def repeats(self, name: str) -> bool:
        """Return whether a value of a column occurs again in the same table."""
        return any(len(set(map(str, head[name]))) < len(head[name]) for head in self._heads)

    def is_empty(self, name: str) -> bool:
        """Return whether a column has no value, in all rows of all tables."""
        if not all(map(is_missing, self.values[name])):
            return False
        return all(is_missing(value) for table in self.tables for _, (value,) in table.rows([name]))

    def partial(self) -> dict[str, str]:
        """Return the columns that only some tables have, each with these tables."""
        names = dict.fromkeys(name for table in self.tables for name in table.columns if name not in self.names)
        found = {name: [_file(table) for table in self.tables if name in table.columns] for name in names}
        return {
            name: f"only in {having[0]}"
            if len(having) == 1
            else f"only in {len(having):,} of {len(self.tables):,} files, such as {having[0]}"
            for name, having in found.items()
        }


def _file(table: Table) -> str:
    return repr(PurePath(table.name.strip("'")).name)


def _first_values(table: Table, names: Sequence[str], rows: int) -> Head:
    values = [row for _, row in itertools.islice(table.rows(names), rows)] if names else []
    return {name: tuple(row[at] for row in values) for at, name in enumerate(names)}
