"""Labelled rows, from files or from memory, with the held-out part and the test part set aside label by label."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from anaphora.checks.findings import Finding
from anaphora.data import in_memory
from anaphora.data.batches import Ragged
from anaphora.data.examples import Indices, Split, checked_share, hold_out_stratified, refuse_empty
from anaphora.data.files.folders import read_tables
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.data.files.tables import Table
from anaphora.data.folds import Folds, folds_of, rarest
from anaphora.data.parts import Parts, divided, held_out_files, part_files, test_files
from anaphora.tasks.classify import memory
from anaphora.tasks.classify.column_checks import of_reading
from anaphora.tasks.classify.columns import Columns, choose, with_decimal_comma
from anaphora.tasks.classify.inputs import Inputs, Labels, LabelValue, label_values, labels_of, row_series, text_of
from anaphora.tasks.classify.roles import refuse_names, refuse_reading, refuse_without_effect
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.series import SeriesSteps
from anaphora.tasks.classify.settings import ClassifyConfig, Data
from anaphora.tasks.classify.step_names import of_step_names
from anaphora.tasks.classify.taken import of_memory, of_tables

_TAKES = "a file, or a share of the rows"


@dataclass(frozen=True)
class Corpus(Split[Rows]):
    """Rows in their parts, the columns that they were read from, and the findings of the reading."""

    columns: Columns
    findings: tuple[Finding, ...] = ()


def read(config: ClassifyConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read tables or folders, and set the other parts aside; raises as `Task.read` does."""
    data = config.data
    tables = read_tables([str(path) for path in paths], data.encoding, data.header)
    refuse_reading(data, tables)
    columns = columns_of(config, tables)
    rows = rows_of(tables, columns, data)
    like = replace(columns, time_form=rows.order.form if rows.order else None)
    of_files: list[Rows] = []

    def read_part(files: Sequence[str]) -> Rows:
        of_files.append(rows_of(read_tables(files, data.encoding, data.header), like, data))
        return of_files[-1]

    parts = divided(rows, data, _TAKES, _draw(config), read_part)
    sources = (*map(str, paths), *part_files(config))
    return _corpus(config, parts, (rows, *of_files), like if of_files else columns, sources)


def columns_of(config: ClassifyConfig, tables: Sequence[Table]) -> Columns:
    """Return the columns that are read from tables.

    Raises as `choose` does, and UsageError for an option without effect.
    """
    columns = choose(config.data, *tables)
    refuse_without_effect(config, text=bool(columns.text))
    commas = with_decimal_comma(tables, () if columns.text else columns.channels)
    return replace(columns, commas=commas)


def from_memory(config: ClassifyConfig, data: Any) -> Corpus:
    """Return rows in memory as a corpus with shares of each label held out; raises as `Task.from_memory` does."""
    frame = in_memory.columns(data)
    if frame is not None:
        table = Frame(frame, memory.NAME)
        columns = columns_of(config, [table])
        return set_aside(config, rows_of([table], columns, config.data), columns)
    refuse_names(config.data)
    separator = config.data.separator
    labelled = memory.labelled(data, separator, True if separator else None, config.data.normalize)
    columns = memory.columns_of(labelled.inputs, labelled.multi)
    refuse_without_effect(config, text=bool(columns.text))
    corpus = set_aside(config, rows_in_memory(labelled), columns)
    return replace(corpus, taken=of_memory(columns, len(labelled.labels)))


def rows_in_memory(labelled: memory.Labelled) -> Rows:
    """Return rows in memory, such as an array X (B, T, C), numbered from 1."""
    numbers = np.arange(1, len(labelled.labels) + 1, dtype=np.int64)
    table = Frame({memory.LABEL: labelled.labels}, memory.NAME)
    places = np.stack([np.zeros_like(numbers), numbers], 1)
    return Rows(labelled.inputs, tuple(labelled.labels), (table,), places, values=labelled.values)


def set_aside(config: ClassifyConfig, rows: Rows, columns: Columns, *sources: str) -> Corpus:
    """Hold out shares of each label's rows; raises as `read` does."""
    return _corpus(config, divided(rows, config.data, _TAKES, _draw(config)), [rows], columns, sources)


def _draw(config: ClassifyConfig) -> Callable[[Rows, float], tuple[Indices, Indices]]:
    """Return the function that draws a share of each label's rows."""
    return lambda rows, share: hold_out_stratified(rows.labels, share, config.training.seed)


def folds(config: ClassifyConfig, corpus: Corpus, count: int) -> Folds[Rows]:
    """Return the folds of a corpus, every label dealt out evenly; raises as `folds_of` does."""
    data, draw = config.data, _draw(config)

    def divide(rows: Rows) -> tuple[Rows, Rows]:
        stay, leave = draw(rows, checked_share(data.valid, _TAKES))
        return rows.take(stay), rows.take(leave)

    own = isinstance(data.valid, str)
    return folds_of(corpus, count, config.training.seed, own, Rows.joined, divide, lambda rows: rarest(rows.labels))


def rows_of(tables: Sequence[Table], columns: Columns, data: Data) -> Rows:
    """Return every row of the tables. Raises DataError, with the location, for a value of the wrong kind."""
    texts: list[str] = []
    steps = SeriesSteps(columns)
    labels: list[Labels] = []
    typed: dict[str, LabelValue] = {}
    places: list[tuple[int, int]] = []
    for which, table in enumerate(tables):
        extra = [column for column in (columns.id, columns.time) if column]
        names = [table.need(name) for name in (columns.label, *columns.inputs, *extra)]
        for number, (label, *values) in table.rows(names):
            typed.update(label_values(label))
            if columns.id is not None:
                steps.add_line(values, label, (which, number), tables)
                continue
            where = table.at(number)
            if columns.text:
                texts.append(text_of(values, where))
            else:
                steps.add(row_series(values, columns, where), where)
            labels.append(labels_of(label, data.separator, columns.multi, where, data.normalize))
            places.append((which, number))
    for label, (which, number) in steps.firsts:
        where = f"{tables[which].at(number)} (the series' first line)"
        labels.append(labels_of(label, data.separator, columns.multi, where, data.normalize))
        places.append((which, number))
    inputs: Inputs = tuple(texts) if columns.text else steps.ragged()
    at = np.array(places, dtype=np.int64).reshape(-1, 2)
    return Rows(inputs, tuple(labels), tuple(tables), at, steps.order, steps.split, typed)


def _corpus(
    config: ClassifyConfig, parts: Parts[Rows], read: Sequence[Rows], columns: Columns, sources: tuple[str, ...]
) -> Corpus:
    """Return a corpus; `read` are the rows as they were read, in one part or in several."""
    train, held_out, test = parts
    every = [part for part in parts if part is not None]
    count = sum(map(len, every))
    remedy = "Add rows of each label, or name a held-out file with --valid."
    if len({label for part in every for label in part.labels}) == count:
        remedy = f"Each row has a label of its own: check that {columns.label!r} is the label column. {remedy}"
    refuse_empty(len(train), len(held_out), "row", remedy, None if test is None else len(test))
    seen = hashlib.sha256()
    for part in every:
        _digest(part, seen)
    columns = replace(columns, time_form=read[0].order.form if read[0].order else None)
    found = tuple(finding for rows in read for finding in of_reading(config.data, rows, columns))
    if columns.wide and not config.data.columns:
        found += tuple(of_step_names(columns.channels))
    tables = [table for rows in read for table in rows.tables]
    files = {"held out": held_out_files(config), "test": test_files(config)}
    own = {name: (named, len(part)) for (name, named), part in zip(files.items(), every[1:], strict=False)}
    taken = of_tables(config.data, tables, columns, sources, count, own)
    return Corpus(train, held_out, sources, seen.hexdigest(), columns, found, taken=taken, test=test)


def _digest(rows: Rows, seen: Any) -> None:
    seen.update(len(rows).to_bytes(8, "little"))
    if isinstance(rows.inputs, Ragged):
        seen.update(np.ascontiguousarray(rows.inputs.steps, dtype="<f8").tobytes())
        seen.update(np.ascontiguousarray(rows.inputs.ends, dtype="<i8").tobytes())
    else:
        seen.update("\0".join(rows.inputs).encode())
    seen.update("\0".join("\1".join(labels) for labels in rows.labels).encode())
