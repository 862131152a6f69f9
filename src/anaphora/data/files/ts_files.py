"""Series in `.ts` files, the layout of the UEA & UCR archive and of sktime and aeon.

    @problemName Cricket                    lines with @ describe the data, lines with # are comments
    @classLabel true left right
    @data
    1.0,2.0,?:0.5,0.6,0.7:left              a series: its dimensions between colons, its label last

With `@timestamps true` a step is (time,value), and the times of the steps are not read: the steps keep their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anaphora.data.files.recorded import RecordedTable, number_or_none, series_columns
from anaphora.data.files.tables import NumberedRow
from anaphora.errors import DataError

ENDING = ".ts"
_STAMPED = re.compile(r"\(([^(),]*),([^(),]*)\)")


def read_ts(text: str, name: str, encoding: str) -> RecordedTable:
    """Return the series of a text as lists of numbers, a column per dimension, with their labels.

    Raises DataError, with the line, for a malformed row, another number of dimensions, or an undeclared label; and for
    a file without labels.
    """
    header, begin, lines = _header(text, name)
    _refuse_without_labels(header, name)
    stamped = header.get("timestamps", "").lower() == "true"
    declared = set(header.get("classlabel", "").split()[1:])
    records: list[NumberedRow] = []
    for number, line in enumerate(lines[begin:], begin + 1):
        if line.strip():
            records.append((number, tuple(_row(line, f"{name}, line {number}", stamped, declared))))
            if len(records[-1][1]) != len(records[0][1]):
                found, first = len(records[-1][1]) - 1, len(records[0][1]) - 1
                raise DataError(
                    f"{name}, line {number}, has {found} dimensions; expected {first}, as in line {records[0][0]}."
                )
    channels = len(records[0][1]) - 1 if records else 0
    dimensions = "1 dimension" if channels == 1 else f"{channels} dimensions"
    layout = f".ts series of {dimensions}" + (", the times of the steps not read" if stamped else "")
    return RecordedTable(name, series_columns(channels), records, layout, encoding)


def _header(text: str, name: str) -> tuple[dict[str, str], int, list[str]]:
    """Return the description by lower-case keys, the number of the first line of data from 0, and all lines."""
    header: dict[str, str] = {}
    lines = text.split("\n")
    for number, line in enumerate(lines):
        plain = line.strip()
        if plain.lower() == "@data":
            return header, number + 1, lines
        if plain.startswith("@"):
            key, *value = plain[1:].split(maxsplit=1) or [""]
            header[key.lower()] = "".join(value)
        elif plain and not plain.startswith("#"):
            raise DataError(f"{name}, line {number + 1}, stands before @data and begins with neither @ nor #.")
    raise DataError(f"{name} has no line @data, after which the series of a .ts file stand.")


def _refuse_without_labels(header: dict[str, str], name: str) -> None:
    if header.get("targetlabel", "").lower().startswith("true"):
        raise DataError(
            f"{name} is for regression (@targetLabel true): its labels are numbers to predict, not classes."
        )
    if header.get("classlabel", "true").lower().startswith("false"):
        raise DataError(f"{name} has no labels (@classLabel false), so a classifier cannot learn from it.")


def _row(line: str, where: str, stamped: bool, declared: set[str]) -> Iterator[list[float | None] | str]:
    """Yield the numbers of each dimension, then the label."""
    *dimensions, label = _with_times(line) if stamped else line.split(":")
    label = label.strip()
    if not dimensions:
        raise DataError(f"{where}, has no colon; expected dimensions and a label, with colons between them.")
    if not label or (declared and label not in declared):
        known = f"; @classLabel declares {', '.join(sorted(declared))}" if declared else ""
        raise DataError(f"{where}, has the label {label!r}{known}.")
    for at, dimension in enumerate(dimensions):
        values = [value for _, value in _STAMPED.findall(dimension)] if stamped else dimension.split(",")
        steps = values if dimension.strip() else []
        yield [number_or_none(step, f"{where}, dimension {at + 1}, step {t}") for t, step in enumerate(steps, 1)]
    yield label


def _with_times(line: str) -> list[str]:
    """Return dimensions and label of a row whose times may hold colons."""
    hidden = _STAMPED.sub(lambda step: step[0].replace(":", "\0"), line)
    return [part.replace("\0", ":") for part in hidden.split(":")]
