"""Tables and series in ARFF files, the format of Weka.

    @attribute att0 numeric        numeric, string, date, or nominal: {a, b}
    @data
    0.5, 'a b', ?

If all attributes but one nominal one are numbers named by consecutive numbers (`att0`, `att1` …), a line is a series of
one dimension; a relational attribute of such numbers (UEA archive) holds a dimension per line of its value. Any other
file is a table with a column per attribute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from anaphora.data.files.arff_fields import attribute_of, fields_of
from anaphora.data.files.recorded import RecordedTable, number_or_none, series_columns
from anaphora.data.files.tables import NumberedRow
from anaphora.errors import DataError
from anaphora.formatting import counted

ENDING = ".arff"
_NUMERIC = ("numeric", "real", "integer")
_FEWEST = 3  # numbers of a series
_NUMBERED = re.compile(r"(.*?)(\d+)")


class _Attribute(NamedTuple):
    name: str
    kind: str  # numeric, nominal, relational, or text
    values: frozenset[str | None] = frozenset()  # of a nominal attribute
    inside: tuple[str, ...] = ()  # the names in a relational attribute


def read_arff(text: str, name: str, encoding: str) -> RecordedTable:
    """Return the rows of a text.

    Raises DataError, with the line, for a malformed row, a value of another type or an undeclared one; and for sparse
    rows, with the command that converts them.
    """
    attributes, begin, lines = _header(text, name)
    records: list[NumberedRow] = []
    for number, line in enumerate(lines[begin:], begin + 1):
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        where = f"{name}, line {number}"
        if line.lstrip().startswith("{"):
            raise DataError(
                f"{where}, is a sparse row ({{1 x, 5 y}}). Convert the file with Weka: java -cp weka.jar"
                " weka.filters.unsupervised.instance.SparseToNonSparse -i sparse.arff -o dense.arff"
            )
        fields = fields_of(line.strip())
        if fields is None or len(fields) != len(attributes):
            found = (
                "a value whose quotation mark is not closed" if fields is None else f"{counted(len(fields), 'value')}"
            )
            raise DataError(f"{where}, has {found}; expected {counted(len(attributes), 'value')}, one per attribute.")
        read = zip(attributes, fields, strict=True)
        records.append((number, tuple(_value(attribute, field, where) for attribute, field in read)))
    return _as_series(attributes, records, name, encoding) or RecordedTable(
        name, [attribute.name for attribute in attributes], records, "ARFF table", encoding
    )


def _as_series(
    attributes: Sequence[_Attribute], records: Sequence[NumberedRow], name: str, encoding: str
) -> RecordedTable | None:
    """Return the table of series that the attributes describe, or None."""
    nominal = [at for at, attribute in enumerate(attributes) if attribute.kind == "nominal"]
    others = [attribute for attribute in attributes if attribute.kind != "nominal"]
    if len(nominal) != 1:
        return None
    label = nominal[0]
    if [attribute.kind for attribute in others] == ["relational"] and _consecutive(others[0].inside):
        rows = [(number, (*values[1 - label], values[label])) for number, values in records]
        odd = next((number for number, values in rows if len(values) != len(rows[0][1])), None)
        if odd is not None:
            raise DataError(f"{name}, line {odd}, has another number of dimensions than the first row.")
        channels = len(rows[0][1]) - 1 if rows else 0
        return RecordedTable(name, series_columns(channels), rows, f"ARFF series, dimensions: {channels}", encoding)
    if any(attribute.kind != "numeric" for attribute in others) or not _consecutive([each.name for each in others]):
        return None
    whole = [(number, (_steps(values[:label] + values[label + 1 :]), values[label])) for number, values in records]
    return RecordedTable(name, series_columns(1), whole, "ARFF series, dimensions: 1", encoding)


def _header(text: str, name: str) -> tuple[list[_Attribute], int, list[str]]:
    """Return the attributes, the number of the first line of data from 0, and all lines."""
    attributes: list[_Attribute] = []
    inside: list[str] | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        plain = line.strip()
        word = plain.lower().split(maxsplit=1)[:1]
        if word == ["@data"]:
            return attributes, number + 1, lines
        if word == ["@end"] and inside is not None:
            attributes[-1], inside = attributes[-1]._replace(inside=tuple(inside)), None
        elif word == ["@attribute"]:
            attribute = _attribute(plain, f"{name}, line {number + 1}")
            if inside is not None:
                inside.append(attribute.name)
                continue
            attributes.append(attribute)
            inside = [] if attribute.kind == "relational" else None
        elif plain and word != ["@relation"] and not plain.startswith("%"):
            raise DataError(f"{name}, line {number + 1}, is neither an @attribute nor a comment (%) before @data.")
    raise DataError(f"{name} has no line @data, after which the rows of an ARFF file stand.")


def _attribute(line: str, where: str) -> _Attribute:
    found = attribute_of(line)
    if found is None or not found[1]:
        raise DataError(f"{where}, is not an attribute: expected @attribute NAME TYPE.")
    name, kind = found
    if kind.startswith("{") and kind.endswith("}"):
        return _Attribute(name, "nominal", frozenset(fields_of(kind[1:-1].strip()) or ()))
    word = kind.lower().split()[0]
    if word in _NUMERIC:
        return _Attribute(name, "numeric")
    if word not in ("string", "date", "relational"):
        raise DataError(
            f"{where}: the type {kind!r} is not known; expected numeric, string, date, {{a, b}}, relational."
        )
    return _Attribute(name, word if word == "relational" else "text")


def _value(attribute: _Attribute, field: str | None, where: str) -> Any:
    where = f"{where}, attribute '{attribute.name}'"
    if attribute.kind == "relational":
        lines = (field or "").split("\n") if field else []
        return [_steps([number_or_none(step, where) for step in line.split(",")]) for line in lines]
    if attribute.kind == "numeric":
        return None if field is None else number_or_none(field, where)
    if attribute.kind == "nominal" and field is not None and field not in attribute.values:
        raise DataError(f"{where} holds {field!r}, which its type does not declare.")
    return field


def _steps(values: Sequence[float | None]) -> list[float | None]:
    """Return the steps of a series: missing numbers at its end are none."""
    steps = list(values)
    while steps and steps[-1] is None:
        steps.pop()
    return steps


def _consecutive(names: Sequence[str]) -> bool:
    """Return whether names are one word and consecutive numbers, such as att0, att1, att2."""
    parts = [_NUMBERED.fullmatch(name) for name in names]
    if len(parts) < _FEWEST or not all(parts):
        return False
    found = [(part[1], int(part[2])) for part in parts if part]
    return all(each == (found[0][0], found[0][1] + at) for at, each in enumerate(found))
