"""Which columns of a table are the label, the text, or the channels of a series.

A named column is taken; any other column is found by its usual name, or because only one column fits. If several
columns fit, an error asks for the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anaphora.data.files.numbers import MISSING
from anaphora.data.files.tables import Table
from anaphora.errors import DataError
from anaphora.formatting import comma_separated
from anaphora.tasks.classify.settings import Data

LABELS = (
    "label", "labels", "class", "classes", "category", "categories", "target", "targets", "sentiment", "emotion",
    "emotions", "intent", "topic", "tag", "tags", "genre", "language", "activity", "polarity", "stars", "rating", "y",
)  # fmt: skip
TEXTS = (
    "text", "texts", "sentence", "review", "comment", "content", "message", "document", "utterance", "tweet", "body",
    "query", "question", "description", "title", "headline", "name", "input", "x",
)  # fmt: skip
IDS = ("id", "ids", "sequence", "sequence_id", "series", "series_id", "case", "sample", "sample_id", "row_id")
TIMES = ("time", "t", "step", "timestamp", "index")


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are read: `text` or `channels`, with `id` if each line is one step of a series;
    `wide` if a line is a whole series of one channel, a column per step.
    """

    label: str
    text: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    id: str | None = None
    time: str | None = None
    multi: bool = False
    wide: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that a row is read from, without its label."""
        return self.text or self.channels


def choose(data: Data, table: Table) -> Columns:
    """Find the columns of a table.

    Raises DataError if a named column is missing, with the nearest name, or if a needed column is not clear.
    """
    head = dict(zip(table.columns, zip(*table.head(table.columns), strict=True), strict=True))
    candidates = [name for name in table.columns if _may_be_labels(head[name])]
    label = table.need(data.label) if data.label else _named(candidates, LABELS)
    if label is None:
        raise DataError(
            f"{table.name}: no column is called label; the columns are {', '.join(table.columns)}. Name the"
            " label column with --label; if the first line of a CSV is a row of data, add --no-header."
        )
    multi = data.separator is not None or any(isinstance(value, list | tuple) for value in head[label])
    rest = {name: values for name, values in head.items() if name != label}
    if data.text:
        return Columns(label, tuple(table.need(name) for name in _split(data.text, table)), multi=multi)
    channels = tuple(table.need(name) for name in _split(data.columns, table)) if data.columns else ()
    if data.wide:
        return Columns(label, channels=channels or tuple(rest), multi=multi, wide=True)
    if not channels:
        text = _text(rest)
        if text:
            return Columns(label, (text,), multi=multi)
        channels = tuple(name for name, values in rest.items() if _lists(values))
    if channels and all(_lists(rest[name]) for name in channels):
        return Columns(label, channels=channels, multi=multi)
    return _steps(data, table, rest, channels, label, multi)


def _steps(
    data: Data, table: Table, rest: dict[str, tuple[Any, ...]], channels: tuple[str, ...], label: str, multi: bool
) -> Columns:
    """Return the columns of a table in which each line is one step: the id of its series, and its channels."""
    key = table.need(data.id) if data.id else _repeating(rest)
    if key is None:
        raise DataError(
            f"{table.name}: the input columns are not clear; the columns are {', '.join(table.columns)}."
            " Name the text column with --text. For series with one step per line, name the column that"
            " identifies the series with --id; for one series per line, add --wide; or give each row a"
            " list of numbers per channel (JSONL, Parquet)."
        )
    time = table.need(data.time) if data.time else _named([name for name in rest if name != key], TIMES)
    channels = channels or tuple(name for name, values in rest.items() if name not in (key, time) and _numbers(values))
    if not channels:
        raise DataError(
            f"{table.name} has no numeric column besides {key!r} and {label!r}: name the columns with --columns."
        )
    return Columns(label, channels=channels, id=key, time=time, multi=multi)


def _named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {column.strip().lower(): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), None)


def _text(rest: dict[str, tuple[Any, ...]]) -> str | None:
    """Return the text column: the column with that name, or the only column of words."""
    words = [name for name, values in rest.items() if _words(values)]
    named = _named(words, TEXTS)
    return named or (words[0] if len(words) == 1 and _named(words, IDS) is None else None)


def _repeating(rest: dict[str, tuple[Any, ...]]) -> str | None:
    named = _named(list(rest), IDS)
    return named if named is not None and len(set(rest[named])) < len(rest[named]) else None


def _split(names: str, table: Table) -> list[str]:
    return [names] if names in table.columns else comma_separated(names)


def _may_be_labels(values: Sequence[Any]) -> bool:
    """Return whether no value is a fraction or a list of numbers, because such values are channels."""
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    lists = any(isinstance(value, list | tuple) for value in values)
    return not any(_is_fraction(item) or (lists and isinstance(item, int | float)) for item in flat)


def _is_fraction(value: Any) -> bool:
    if isinstance(value, str) and "." in value and _is_number(value):
        return not float(value).is_integer()
    return isinstance(value, float) and not value.is_integer()


def _lists(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, list | tuple) for value in present)


def _words(values: Sequence[Any]) -> bool:
    """Return whether all values are texts, and not all of them are numbers."""
    texts = [value for value in values if isinstance(value, str)]
    return bool(texts) and not _numbers(values)


def _numbers(values: Sequence[Any]) -> bool:
    return all(_is_number(value) for value in values)


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, int | float):
        return True
    if not isinstance(value, str):
        return False
    try:
        float(value if value.strip().lower() not in MISSING else "nan")
    except ValueError:
        return False
    return True
