"""Which columns of a table are the label, the text, or the channels of a series.

A named column is taken; any other column is found by its usual name, or because only one column fits. If several
columns fit, an error asks for the name. A column that only counts the lines is a channel only if it is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anaphora.data.files.numbers import Mark, decimal_mark, number
from anaphora.data.files.tables import Table
from anaphora.errors import DataError, UsageError
from anaphora.tasks.classify.bookkeeping import IDS
from anaphora.tasks.classify.channels import first_other_value
from anaphora.tasks.classify.column_values import (
    Values,
    are_lists,
    are_mostly_numbers,
    are_quantities,
    are_times,
    are_words,
    have_fractions,
    have_letters,
    is_quantity,
    may_be_labels,
)
from anaphora.tasks.classify.heads import Head, Heads
from anaphora.tasks.classify.indicators import refuse_indicators
from anaphora.tasks.classify.roles import names_of, refuse_contradictions, refuse_id_as_channel, refuse_second_role
from anaphora.tasks.classify.settings import Data
from anaphora.tasks.classify.times import form_of
from anaphora.tasks.classify.written_lists import are_number_lists, refuse_label_lists, refuse_number_lists

LABELS = (
    "label", "labels", "class", "classes", "category", "categories", "target", "targets", "sentiment", "emotion",
    "emotions", "intent", "topic", "tag", "tags", "genre", "language", "activity", "polarity", "stars", "rating", "y",
)  # fmt: skip
TEXTS = (
    "text", "texts", "sentence", "review", "comment", "content", "message", "document", "utterance", "tweet", "body",
    "query", "question", "description", "title", "headline", "name", "input", "x",
)  # fmt: skip
_SURE = TEXTS[:-3]  # names of texts, and of nothing else
TIMES = ("time", "t", "step", "timestamp", "index")


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are read: `text` or `channels`, with `id` if each line is one step of a series;
    `wide` if a line is a whole series of one channel, a column per step.

    `time_form` is the form of the times; `commas` are the channels whose numbers have a decimal comma.
    """

    label: str
    text: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    id: str | None = None
    time: str | None = None
    multi: bool = False
    wide: bool = False
    time_form: str | None = None
    commas: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that a row is read from, without its label."""
        return self.text or self.channels

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The decimal mark of each channel."""
        return tuple("," if name in self.commas else "." for name in self.channels)


def choose(data: Data, *tables: Table) -> Columns:
    """Find the columns that are read from all tables.

    Raises UsageError for options that contradict each other; DataError if a named column is missing, with the nearest
    name, or if a needed column is not clear.
    """
    refuse_contradictions(data, tables)
    heads = Heads(tables)
    label = data.label or _label(data, heads)
    refuse_second_role(label, data, heads.names)
    refuse_indicators(heads.values[label])
    if data.separator is None:
        refuse_label_lists(label, heads.values[label], heads.where)
    multi = data.separator is not None or any(isinstance(value, list | tuple) for value in heads.values[label])
    rest = {name: values for name, values in heads.values.items() if name != label}
    if data.text:
        return Columns(label, tuple(names_of(data.text, heads.names)), multi=multi)
    named = tuple(names_of(data.columns, heads.names))
    given = next((option for option in ("wide", "id", "time") if getattr(data, option)), None)
    text = None if named or given else _text(rest)
    if text:
        return Columns(label, (text,), multi=multi)
    lists = [name for name in named or rest if are_lists(rest[name])]
    if lists and (not named or len(lists) == len(named)):
        if given:
            raise UsageError(
                f"--{given} has no effect: each row of column '{lists[0]}' is a whole series. Leave it out."
            )
        return Columns(label, channels=tuple(lists), multi=multi)
    if data.wide:
        return Columns(label, channels=named or _wide(heads, rest), multi=multi, wide=True)
    return _steps(data, heads, rest, named, label, multi)


def left_out(data: Data, tables: Sequence[Table], columns: Columns) -> dict[str, str]:
    """Return the columns of tables that are not read, each with the reason."""
    heads = Heads(tables)
    taken = {columns.label, *columns.inputs, columns.id, columns.time}
    unread = [name for name in heads.names if name not in taken]
    counted = heads.counting(unread)
    others = {name: _other(name, heads.values[name], columns, bool(data.columns)) for name in unread}
    reasons = {name: "empty" if heads.is_empty(name) else counted.get(name, others[name]) for name in unread}
    return {**reasons, **heads.partial()}


def with_decimal_comma(tables: Sequence[Table], names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of tables whose numbers have a decimal comma: because a number is one only so, or because the
    fields stand between semicolons, as programs write them where the comma is the decimal mark.
    """
    semicolons = any(getattr(table, "separator", "") == ";" for table in tables)
    commas: dict[str, set[str]] = {name: set() for name in names}
    for table in tables:
        there = [name for name in names if name in table.columns]
        for _, values in table.rows(there):
            for name, value in zip(there, values, strict=True):
                if isinstance(value, str) and "," in value:
                    commas[name].add(value)
    return tuple(name for name, values in commas.items() if values and _are_commas(values, semicolons))


def _are_commas(values: set[str], likely: bool) -> bool:
    """Return whether the commas of numbers are decimal marks; `likely` decides where they may mark thousands, too."""
    return decimal_mark(values) == "," or (likely and all(number(value, ",") is not None for value in values))


def _other(name: str, values: Values, columns: Columns, named: bool) -> str:
    """Return why a column with these values is not read; `named` says that the channels were named."""
    if name.strip().lower() in LABELS:
        return f"the label is {columns.label!r}"
    if columns.text:
        return f"only {' and '.join(map(repr, columns.text))} is read as text"
    if are_number_lists(values):
        return "lists of numbers, written as text"
    if are_times(values):
        return "times; --time orders the steps by them" if columns.id is not None else "times"
    if are_quantities(values):
        return f"numbers with a unit, such as {next(filter(is_quantity, values))!r}"
    return "not named in --columns" if named else "not numbers"


def _label(data: Data, heads: Heads) -> str:
    head = heads.values
    label = _named([name for name, values in head.items() if may_be_labels(values, data.separator)], LABELS)
    if label is None:
        decimal = _named(head, LABELS)
        if decimal is not None:
            raise DataError(
                f"{heads.where}: column {decimal!r} holds decimal numbers or lists of numbers, which are read as a"
                f" channel. If each of its values is a label, name the column with --label {decimal}."
            )
        nameless = data.header and any(table.may_lack_names and not table.other_sheets for table in heads.tables)
        bare = "; if the first line is a row of data, add --no-header" if nameless else ""
        raise DataError(
            f"{heads.where}: no column is called label; the columns are {heads.listing}. Name the"
            f" label column with --label{bare}."
        )
    return label


def _steps(data: Data, heads: Heads, rest: Head, channels: tuple[str, ...], label: str, multi: bool) -> Columns:
    """Return the columns of a table in which each line is one step: the id of its series, and its channels."""
    key = data.id or _repeating(heads, rest)
    if key is None:
        refuse_number_lists({name: rest[name] for name in channels or rest}, heads.tables[0])
        raise DataError(
            f"{heads.where}: the input columns are not clear; the columns are {heads.listing}."
            " Name the text column with --text. For series with one step per line, name the column that"
            " identifies the series with --id; for one series per line, add --wide; or give each row a"
            f" list of numbers per channel (JSONL, Parquet).{_likely_ids(heads, rest, label)}"
        )
    refuse_id_as_channel(key, channels)
    others = {name: values for name, values in rest.items() if name != key}
    time = data.time or _usual_time({name: values for name, values in others.items() if name not in channels})
    counted = heads.counting(others)
    untimed = [name for name in others if name != time and name not in counted]
    channels = channels or tuple(
        name for name in untimed if are_mostly_numbers(others[name]) and not heads.is_empty(name)
    )
    if not channels:
        raise DataError(
            f"{heads.where} has no numeric column besides {key!r} and {label!r}: name the columns with --columns."
            + first_other_value(heads.tables, untimed)
            + (f" If {key!r} is the text, add --text {key}." if are_words(rest[key]) and not data.id else "")
        )
    return Columns(label, channels=channels, id=key, time=time, multi=multi)


def _wide(heads: Heads, rest: Head) -> tuple[str, ...]:
    """Return the columns that are steps: all that do not count the lines; raises DataError if one is not of numbers."""
    counted = heads.counting(rest)
    steps = tuple(name for name in rest if name not in counted)
    others = [name for name in steps if not are_mostly_numbers(rest[name])]
    if others:
        raise DataError(
            f"{heads.where}: with --wide each column is a step, and column {others[0]!r} has no numbers: name the"
            f" columns that are steps with --columns.{first_other_value(heads.tables, others)}"
        )
    return steps


def _usual_time(others: Head) -> str | None:
    """Return the column of times by its name; none if it is a time of day beside a column of dates, which must be
    joined to order the steps.
    """
    time = _named(others, TIMES)
    dates = [name for name, values in others.items() if name != time and are_times(values)]
    return None if time is not None and dates and form_of(others[time]) == "clock" else time


def _likely_ids(heads: Heads, rest: Head, label: str) -> str:
    """Return a sentence about the columns that may be the id: values that repeat, each with one label."""
    fitting = [
        name
        for name, values in rest.items()
        if heads.repeats(name)
        and len(set(map(str, values))) > len(set(map(str, heads.values[label])))
        and len(set(map(str, zip(values, heads.values[label], strict=True)))) == len(set(map(str, values)))
        and not have_fractions(values)
    ]
    return (
        f" {' or '.join(f'--id {name}' for name in fitting)} fits: each of its values has one label." if fitting else ""
    )


def _named(columns: Iterable[str], names: Sequence[str]) -> str | None:
    plain = {column.strip().lower(): column for column in reversed(list(columns))}
    return next((plain[name] for name in names if name in plain), None)


def _may_be_text(name: str, values: Values) -> bool:
    """Return whether a column may be the text; one without letters only if its name says so."""
    if name.strip().lower() in _SURE:
        return are_words(values) or are_number_lists(values)
    return are_words(values) and have_letters(values)


def _text(rest: Head) -> str | None:
    """Return the text column: the column with that name, or the only column of words.

    Words that occur again and again beside measurements are names, such as those of sensors. A field of an object
    inside (`user.name`) is the text only if there is no other.
    """
    words = [name for name, values in rest.items() if _may_be_text(name, values)]
    words = [name for name in words if "." not in name] or words
    named = _named(words, TEXTS)
    if named or len(words) != 1 or _named(words, IDS) is not None:
        return named
    values = rest[words[0]]
    names = 2 * len(set(values)) <= len(values) and any(map(have_fractions, rest.values()))
    return None if names else words[0]


def _repeating(heads: Heads, rest: Head) -> str | None:
    named = _named(rest, IDS)
    return named if named is not None and heads.repeats(named) else None
