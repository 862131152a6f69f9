"""From files to rows with labels, and the held-out part set aside.

A share of the rows is held out label by label: with all rows in a row, each label's in an order that the seed draws,
those are taken at which  ⌊i·share⌋  goes up. So every label gives its share, give or take one row, and a label of one
row none.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.data.files.folders import read_tables
from anaphora.data.files.tables import Table
from anaphora.data.location import Row
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify.columns import Columns, choose
from anaphora.tasks.classify.inputs import labels_of, series_of, text_of, wide_series_of
from anaphora.tasks.classify.series import Steps
from anaphora.tasks.classify.settings import ClassifyConfig, Data

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """Texts or series (float64, NaN where a number is missing), each with its labels and the place it comes from."""

    inputs: tuple[str, ...] | Ragged
    labels: tuple[Labels, ...]
    tables: tuple[Table, ...]
    places: NDArray[np.int64]  # (B, 2): number of the table, number of the row in it

    def __len__(self) -> int:
        return len(self.labels)

    def place(self, row: int) -> Row:
        """Where a row stands."""
        table, number = self.places[row].tolist()
        file, line = self.tables[table].place(number)
        return Row(file, line)

    def at(self, row: int) -> str:
        """The same in words."""
        table, number = self.places[row].tolist()
        where: str = self.tables[table].at(number)
        return where

    def take(self, rows: NDArray[np.int64]) -> Rows:
        """Some rows."""
        inputs = self.inputs.take(rows) if isinstance(self.inputs, Ragged) else tuple(self.inputs[row] for row in rows)
        return Rows(inputs, tuple(self.labels[row] for row in rows), self.tables, self.places[rows])


@dataclass(frozen=True)
class Corpus:
    """What was read, split; `sha256` is that of all rows, the held-out ones last."""

    train: Rows
    held_out: Rows
    columns: Columns
    sources: tuple[str, ...]
    sha256: str


def read(config: ClassifyConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read tables or folders, and set the held-out part aside.

    Raises DataError for what cannot be read, UsageError for a share that is none.
    """
    data = config.data
    tables = read_tables([str(path) for path in paths], data.encoding, data.header)
    sources = tuple(str(path) for path in paths)
    if isinstance(data.valid, float):
        return split(config, tables, *sources)
    held_out = read_tables([data.valid], data.encoding, data.header)
    columns = choose(data, tables[0])
    return _corpus(rows_of(tables, columns, data), rows_of(held_out, columns, data), columns, (*sources, data.valid))


def split(config: ClassifyConfig, tables: Sequence[Table], *sources: str) -> Corpus:
    """Read tables that are open already, and hold out a share of their rows.

    Raises UsageError if `valid` is not a share between 0 and 1, and what `read` raises.
    """
    columns = choose(config.data, tables[0])
    return set_aside(config, rows_of(tables, columns, config.data), columns, *sources)


def set_aside(config: ClassifyConfig, rows: Rows, columns: Columns, *sources: str) -> Corpus:
    """Hold out a share of rows that were read; raises as `split` does."""
    share = config.data.valid
    if isinstance(share, str) or not 0 < share < 1:
        raise UsageError(f"--valid takes a file, or a share of the rows between 0 and 1; it was given {share}.")
    held_out = stratified(rows.labels, share, config.training.seed)
    inside = np.zeros(len(rows), dtype=np.bool_)
    inside[held_out] = True
    return _corpus(rows.take(np.flatnonzero(~inside)), rows.take(np.flatnonzero(inside)), columns, sources)


def stratified(labels: Sequence[Labels], share: float, seed: int) -> NDArray[np.int64]:
    """The rows that are held out; one with several labels goes by the rarest of them."""
    counts = Counter(label for row in labels for label in row)
    keys = [min(row, key=lambda label: (counts[label], label), default="") for row in labels]
    rng = np.random.default_rng([seed, len(labels)])
    order = rng.permutation(len(labels))
    groups: dict[str, list[int]] = {}
    for row in order.tolist():
        groups.setdefault(keys[row], []).append(row)
    held_out: list[int] = []
    at = 0
    for key in sorted(groups):
        rows = groups[key] if len(groups[key]) > 1 else []
        taken = [row for place, row in enumerate(rows, at) if int((place + 1) * share) > int(place * share)]
        held_out += taken[: len(rows) - 1]
        at += len(rows)
    return np.sort(np.array(held_out, dtype=np.int64))


def rows_of(tables: Sequence[Table], columns: Columns, data: Data) -> Rows:
    """Every row of the tables.

    Raises DataError, naming the place, for a value that is not what its column should hold.
    """
    texts: list[str] = []
    steps = Steps(columns)
    labels: list[Labels] = []
    places: list[tuple[int, int]] = []
    for which, table in enumerate(tables):
        extra = [column for column in (columns.id, columns.time) if column]
        names = [table.need(name) for name in (columns.label, *columns.inputs, *extra)]
        for number, (label, *values) in table.rows(names):
            if columns.id is not None:
                steps.add_line(values, label, (which, number), tables)
                continue
            where = table.at(number)
            if columns.text:
                texts.append(text_of(values, where))
            else:
                read_series = wide_series_of if columns.wide else series_of
                steps.add(read_series(values, columns.channels, where), where)
            labels.append(labels_of(label, data.separator, columns.multi, where))
            places.append((which, number))
    if columns.id is not None:
        for label, place in steps.firsts():
            where = f"{tables[place[0]].at(place[1])} (the series' first line)"
            labels.append(labels_of(label, data.separator, columns.multi, where))
            places.append(place)
    inputs: tuple[str, ...] | Ragged = tuple(texts) if columns.text else steps.ragged()
    return Rows(inputs, tuple(labels), tuple(tables), np.array(places, dtype=np.int64).reshape(-1, 2))


def _corpus(train: Rows, held_out: Rows, columns: Columns, sources: tuple[str, ...]) -> Corpus:
    if not len(train) or not len(held_out):
        part = "held-out" if len(train) else "training"
        raise DataError(
            f"The {part} part has no row; the data have {len(train) + len(held_out)}. Bring more of each label, or a"
            " file of its own with --valid."
        )
    seen = hashlib.sha256()
    _digest(train, seen)
    _digest(held_out, seen)
    return Corpus(train, held_out, columns, sources, seen.hexdigest())


def _digest(rows: Rows, seen: Any) -> None:
    seen.update(len(rows).to_bytes(8, "little"))
    if isinstance(rows.inputs, Ragged):
        seen.update(np.ascontiguousarray(rows.inputs.steps, dtype="<f8").tobytes())
        seen.update(np.ascontiguousarray(rows.inputs.ends, dtype="<i8").tobytes())
    else:
        seen.update("\0".join(rows.inputs).encode())
    seen.update("\0".join("\1".join(labels) for labels in rows.labels).encode())
