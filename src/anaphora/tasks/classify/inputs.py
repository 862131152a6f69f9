"""One row of data in the form of the network's input: a text, or a series (T, C) of numbers; and its labels.

The same functions read rows for training and rows for a trained model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.data.files.numbers import Mark, is_missing
from anaphora.data.files.numbers import number as as_number
from anaphora.data.surrogates import refuse_half_pair
from anaphora.data.text.normal_form import Form, normal
from anaphora.data.text.words import split_words
from anaphora.errors import DataError
from anaphora.tasks.classify.column_values import are_times, is_quantity
from anaphora.tasks.classify.columns import Columns
from anaphora.tasks.classify.written_lists import is_number_list

Labels = tuple[str, ...]
LabelValue = str | int | float | bool
Series = NDArray[np.float64]
LARGEST = 1e150
"""The largest number that is read: the sum of squares of larger ones is beyond the largest double."""
Inputs = tuple[str, ...] | Ragged
"""Texts, or series one after another."""


def text_of(values: Sequence[Any], where: str) -> str:
    """Return the text of a row: its text columns, joined.

    Raises DataError for a list or an object, and for half a surrogate pair, which is not text.
    """
    parts = [value if isinstance(value, str) else _plain(value, where) for value in values if value is not None]
    text = "\n".join(parts)
    refuse_half_pair(text, where)
    return text


def refuse_no_text(values: Sequence[Any], names: Sequence[str], where: str) -> None:
    """Raise DataError if all text columns of a row are missing."""
    if all(value is None for value in values):
        named = " and ".join(map(repr, names))
        raise DataError(f"{where}: {named} {'has' if len(names) == 1 else 'have'} no value: expected a text.")


def prepared(text: str, kind: str, lower: bool) -> str:
    """Return a text in the form that is split into units: lowercase if requested, and for words one space before each
    word, so that a word is the same unit at the beginning of a text and inside it.

    >>> prepared("Well done, I'd say.", "word", lower=True)
    " well done , i'd say ."
    """
    text = text.lower() if lower else text
    if kind != "word":
        return text
    return "".join(f" {unit.strip()}" for unit in split_words(text) if not unit.isspace())


def series_of(values: Sequence[Any], names: Sequence[str], where: str) -> Series:
    """Return the series of a row, (T, C): a list of T numbers per channel, or one list of T lists of C numbers.

    Raises DataError for values that are not lists of numbers, or lists of different lengths.
    """
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, list | tuple | np.ndarray):
            raise DataError(
                f"{where}: column '{name}' should hold a list of numbers, one per step; it holds {shown(value)}."
            )
    if len(values) == 1 and any(isinstance(step, list | tuple | np.ndarray) for step in values[0]):
        steps = [[number(item, names[0], where) for item in step] for step in values[0]]
        wide = {len(step) for step in steps}
        if len(wide) > 1:
            raise DataError(f"{where}: the steps of '{names[0]}' have {min(wide)} to {max(wide)} numbers; expected one")
        return np.array(steps, dtype=np.float64)
    channels = [[number(item, name, where) for item in value] for name, value in zip(names, values, strict=True)]
    lengths = {name: len(channel) for name, channel in zip(names, channels, strict=True)}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{count} in '{name}'" for name, count in lengths.items())
        raise DataError(f"{where}: the channels have different numbers of steps ({told}); expected the same in all.")
    return np.array(channels, dtype=np.float64).T.reshape(-1, len(names))


def row_series(values: Sequence[Any], columns: Columns, where: str) -> Series:
    """Return the series (T, C) of a row that is a whole series; raises DataError as `series_of` and `number` do."""
    if not columns.wide:
        return series_of(values, columns.channels, where)
    read = zip(values, columns.channels, columns.marks, strict=True)
    steps = np.array([number(value, name, where, mark) for value, name, mark in read], dtype=np.float64)
    there = np.flatnonzero(~np.isnan(steps))
    return steps[: there[-1] + 1 if there.size else 0, None]  # missing numbers at the end are not steps


def number(value: Any, column: str, where: str, mark: Mark = ".") -> float:
    """Return a number, with this decimal mark in a text; NaN if it is missing. Raises DataError for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise DataError(
                f"{where}: column '{column}' holds a whole number beyond the largest double (1.8e308)."
            ) from None
    if is_missing(value):
        return np.nan
    read = as_number(value, mark) if isinstance(value, str) else None
    if read is None:
        comma = " with a decimal comma, as in the training data" if mark == "," and isinstance(value, str) else ""
        raise DataError(
            f"{where}: column '{column}' holds {shown(value)}, which is not a number{comma}. {_remedy(value)}"
        )
    return read


def _remedy(value: Any) -> str:
    """Return what to do about a value that is no number."""
    if isinstance(value, bool):
        return "Write 0 for false and 1 for true."
    if are_times([value]):
        return "If it is the time of a step, name the column with --time and not with --columns."
    if is_quantity(value):
        return "Write the number alone, without a unit or a currency."
    if is_number_list(value):
        return "Write JSON Lines with a list of numbers per row, where a row is a whole series."
    if isinstance(value, str) and value.startswith("#"):
        return "It is an error of a spreadsheet program: correct the formula, or write NA where the number is missing."
    if isinstance(value, str) and not any(map(str.isalnum, value)):
        return f"If {shown(value)} stands for a missing number, write NA in its place, and train with --missing mean."
    return "Write a number, or NA where it is missing."


def labels_of(value: Any, separator: str | None, multi: bool, where: str, normalize: Form = "none") -> tuple[str, ...]:
    """Return the labels of a row in a normal form: exactly one, or with `multi` any number of different labels.

    Raises DataError if a required label is missing.
    """
    if multi:
        if isinstance(value, list | tuple | np.ndarray):
            found = [_plain(item, where) for item in value]
        else:
            text = "" if value is None else _plain(value, where)
            found = text.split(separator) if separator else [text]
        return tuple(dict.fromkeys(normal(label.strip(), normalize) for label in found if label.strip()))
    label = "" if value is None else _plain(value, where).strip()
    if not label:
        raise DataError(f"{where} has no label: add a label, or remove the row.")
    return (normal(label, normalize),)


def label_values(value: Any) -> dict[str, LabelValue]:
    """Return the labels of a row that are numbers or truth values, each by its name.

    >>> label_values([1, "a", True]), label_values(2.0)
    ({'1': 1, 'True': True}, {'2.0': 2.0})
    """
    items = value if isinstance(value, list | tuple) else [value]
    return {str(item): item for item in items if isinstance(item, int | float)}


def shown(value: Any) -> str:
    """Return a value in few characters, for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(value: Any, where: str) -> str:
    if isinstance(value, list | tuple | dict | np.ndarray | bytes):
        raise DataError(f"{where}: expected a text or a number, got {shown(value)}.")
    text = str(value)
    refuse_half_pair(text, where)
    return text
