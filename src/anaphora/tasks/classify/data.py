"""Labelled rows, from files or from memory, and the held-out part set aside label by label."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from anaphora.checks.findings import Finding
from anaphora.data import in_memory
from anaphora.data.batches import Ragged
from anaphora.data.examples import Split, checked_share, held_out_files, hold_out_stratified, refuse_empty
from anaphora.data.files.folders import read_tables
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.data.files.tables import Table
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


@dataclass(frozen=True)
class Corpus(Split[Rows]):
    """Rows in two parts, the columns that they were read from, and the findings of the reading."""

    columns: Columns
    findings: tuple[Finding, ...] = ()


def read(config: ClassifyConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read tables or folders, and set the held-out part aside; raises as `Task.read` does."""
    data = config.data
    tables = read_tables([str(path) for path in paths], data.encoding, data.header)
    sources = tuple(str(path) for path in paths)
    refuse_reading(data, tables)
    columns = columns_of(config, tables)
    rows = rows_of(tables, columns, data)
    if isinstance(data.valid, float):
        return set_aside(config, rows, columns, *sources)
    columns = replace(columns, time_form=rows.order.form if rows.order else None)
    held_out = rows_of(read_tables(held_out_files(config), data.encoding, data.header), columns, data)
    return _corpus(config, rows, held_out, (rows, held_out), columns, (*sources, *held_out_files(config)))


def columns_of(config: ClassifyConfig, tables: Sequence[Table]) -> Columns:
    """Return the columns that are read from tables.

    Raises as `choose` does, and UsageError for an option without effect.
    """
    columns = choose(config.data, *tables)
    refuse_without_effect(config, text=bool(columns.text))
    commas = with_decimal_comma(tables, () if columns.text else columns.channels)
    return replace(columns, commas=commas)


def from_memory(config: ClassifyConfig, data: Any) -> Corpus:
    """Return rows in memory as a corpus with a share of each label held out; raises as `Task.from_memory` does."""
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
    """Hold out a share of each label's rows; raises as `read` does."""
    share = checked_share(config.data.valid, "a file, or a share of the rows")
    train, held_out = hold_out_stratified(rows.labels, share, config.training.seed)
    return _corpus(config, rows.take(train), rows.take(held_out), [rows], columns, sources)


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
    config: ClassifyConfig,
    train: Rows,
    held_out: Rows,
    read: Sequence[Rows],
    columns: Columns,
    sources: tuple[str, ...],
) -> Corpus:
    """Return a corpus; `read` are the rows as they were read, in one part or in two."""
    remedy = "Add rows of each label, or name a held-out file with --valid."
    if len({*train.labels, *held_out.labels}) == len(train) + len(held_out):
        remedy = f"Each row has a label of its own: check that {columns.label!r} is the label column. {remedy}"
    refuse_empty(len(train), len(held_out), "row", remedy)
    seen = hashlib.sha256()
    _digest(train, seen)
    _digest(held_out, seen)
    columns = replace(columns, time_form=read[0].order.form if read[0].order else None)
    found = tuple(finding for rows in read for finding in of_reading(config.data, rows, columns))
    if columns.wide and not config.data.columns:
        found += tuple(of_step_names(columns.channels))
    tables = [table for rows in read for table in rows.tables]
    own = held_out_files(config), len(held_out)
    taken = of_tables(config.data, tables, columns, sources, len(train) + len(held_out), own)
    return Corpus(train, held_out, sources, seen.hexdigest(), columns, found, taken=taken)


def _digest(rows: Rows, seen: Any) -> None:
    seen.update(len(rows).to_bytes(8, "little"))
    if isinstance(rows.inputs, Ragged):
        seen.update(np.ascontiguousarray(rows.inputs.steps, dtype="<f8").tobytes())
        seen.update(np.ascontiguousarray(rows.inputs.ends, dtype="<i8").tobytes())
    else:
        seen.update("\0".join(rows.inputs).encode())
    seen.update("\0".join("\1".join(labels) for labels in rows.labels).encode())
