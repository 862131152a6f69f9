"""The two columns of a table of pairs: the named ones, the ones with usual names, or the only two that hold texts.

Tatoeba      id⇥text⇥id⇥text, text⇥text⇥attribution        the columns of numbers and of licences are no texts
datasets     {"translation": {"de": "Haus", "en": "house"}}  the columns translation.de and translation.en
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from anaphora.data.files.anki import AnkiTable
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.parallel import ParallelFiles
from anaphora.data.files.tables import Table
from anaphora.errors import DataError, UsageError

SOURCES = (
    "source", "src", "source_text", "src_text", "input", "input_text", "from", "original", "question", "text", "x",
)  # fmt: skip
TARGETS = (
    "target", "tgt", "target_text", "tgt_text", "output", "output_text", "to", "translation", "answer", "y", "label",
)  # fmt: skip
_CERTAIN = 4  # of these names
_NESTED = "translation."
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
_LICENCE = re.compile(r"CC[- ]BY\b|CC0\b")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
_ADDRESS = re.compile(r"https?://\S+")
_NEITHER = "neither source nor target"


ColumnNames = tuple[Sequence[str], Sequence[str]]
"""Names of columns of sources, and of columns of targets."""
NO_NAMES: ColumnNames = ((), ())


class PairColumns(NamedTuple):
    """The columns of source and target, and the other columns with the reason why each is not read."""

    source: str
    target: str
    left_out: Mapping[str, str]


def choose(
    table: Table, source: str | None = None, target: str | None = None, like: ColumnNames = NO_NAMES
) -> PairColumns:
    """Return the two columns of a table: the named ones, or those that have the names `like`, or as the module says.
    Beside one that is named, the other is the only one that holds texts.

    Raises UsageError for a column of parallel files, DataError if a column is missing, naming the nearest, or if the
    choice is not clear.
    """
    if isinstance(table, ParallelFiles) and (source or target):
        option = "--source" if source else "--target"
        raise UsageError(f"{option} has no effect on data of this layout ({table.layout}): leave it out.")
    given = (source and _need(table, source), target and _need(table, target))
    usual = {column.strip().lower(): column for column in reversed(table.columns)}
    known = [name or _of_name(table, names) for name, names in zip(given, like, strict=True)]
    found = [
        name or next((usual[each] for each in names if each in usual and usual[each] not in known), None)
        for name, names in zip(known, (SOURCES, TARGETS), strict=True)
    ]
    reasons: Mapping[str, str] = {}
    if None in found and (any(given) or not has_names(table)):
        reasons = _no_texts(table)
        texts = [column for column in table.columns if column not in reasons and column not in known]
        texts = [column for column in texts if column.startswith(_NESTED)] or texts
        if len(texts) == found.count(None):
            found = [name or texts.pop(0) for name in found]
    one, other = found
    if one is None or other is None or one == other:
        raise _unclear(table, given)
    left_out = {column: reasons.get(column, _NEITHER) for column in table.columns if column not in (one, other)}
    return PairColumns(one, other, left_out)


def has_names(table: Table) -> bool:
    """Return whether the names of the columns may be a first row that was taken for names."""
    own = isinstance(table, AnkiTable) or all(column.isdigit() for column in table.columns)
    return isinstance(table, DelimitedTable) and not own


def is_first_pair(columns: Sequence[str]) -> bool:
    """Return whether the names of columns are a pair beside numbers, a licence or an address.

    >>> is_first_pair(["1276", "Los!", "2", "Go!"]), is_first_pair(["source", "target", "1"])
    (True, False)
    """
    texts = [
        column
        for column in columns
        if column and not any(rule(column) for rule in (_is_number, _is_licence, _is_address))
    ]
    return len(texts) == 2 < len(columns) and not names_both(columns)


def names_both(columns: Sequence[str]) -> bool:
    """Return whether one of these columns is certainly called source, and another one target: `from` is a word, too."""
    plain = {column.strip().lower() for column in columns}
    return not plain.isdisjoint(SOURCES[:_CERTAIN]) and not plain.isdisjoint(TARGETS[:_CERTAIN])


def _unclear(table: Table, given: Sequence[str | None]) -> DataError:
    """Return the error of a table in which the named columns, or those that were found, are no two columns."""
    source, target = given
    if source is not None and source == target:
        return DataError(f"Column '{source}' of {table.name} is both --source and --target: name two columns.")
    missing = "them with --source and --target"
    if source is not None or target is not None:
        missing = f"the other one with {'--source' if source is None else '--target'}"
    bare = "; if the first line is a pair, add --no-header: the columns are then called 1, 2, …"
    return DataError(
        f"{table.name}: the source and target columns are not clear; the columns are {table.listing}."
        f" Name {missing}{bare if has_names(table) else '.'}"
    )


def _need(table: Table, column: str) -> str:
    """Return the column of this name, or the only one that has it as its last part: `de` for `translation.de`."""
    inner = [name for name in table.columns if name.endswith(f".{column}")]
    return inner[0] if column not in table.columns and len(inner) == 1 else table.need(column)


def _of_name(table: Table, names: Sequence[str]) -> str | None:
    """Return the first column that has one of these names, whole or as its last part; None for numbers of columns."""
    for name in names:
        last = name.rpartition(".")[2]
        same = [column for column in table.columns if column.rpartition(".")[2] == last]
        if not name.isdigit() and (name in table.columns or len(same) == 1):
            return name if name in table.columns else same[0]
    return None


def _no_texts(table: Table) -> dict[str, str]:
    """Return the columns that hold no texts, each with the reason."""
    found = dict(table.left_out)
    if len(table.columns) - len(found) <= 2:
        return found
    rows = table.head(table.columns)
    for at, column in enumerate(table.columns):
        values = [row[at] for row in rows]
        for reason, rule in _RULES.items():
            if column not in found and all(map(rule, values)):
                found[column] = reason
        if column not in found and _are_codes(values):
            found[column] = "a language code in every row"
    return found


def _are_codes(values: Sequence[Any]) -> bool:
    """Return whether values are codes of languages, some of them more than once."""
    codes = [value for value in values if isinstance(value, str) and _LANGUAGE.fullmatch(value)]
    return len(set(codes)) < len(codes) == len(values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value.strip())))


def _is_licence(value: Any) -> bool:
    return isinstance(value, str) and bool(_LICENCE.match(value))


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and bool(_ADDRESS.fullmatch(value.strip()))


_RULES: Mapping[str, Callable[[Any], bool]] = {
    "empty in every row": lambda value: value is None or value == "",
    "a number in every row": _is_number,
    "an attribution in every row": _is_licence,
    "an address in every row": _is_address,
    "no text": lambda value: not isinstance(value, str),
}
