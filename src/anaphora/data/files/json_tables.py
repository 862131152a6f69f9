"""Tables in JSON: an object per line, a list of objects, or an object with one list of objects in it."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from anaphora.data.files.json_values import fields, parsed
from anaphora.data.files.tables import HEAD_ROWS, NumberedRow, Table
from anaphora.errors import DataError


class JsonTable(Table):
    """JSON objects, one per line or all in a list; the fields of objects inside have dotted names (`a.b`)."""

    def __init__(self, text: str, name: str, encoding: str = "utf-8", by_line: bool = False) -> None:
        """`by_line`: every line is an object; raises DataError for a text that is neither."""
        self.name, self._text, self.encoding = name, text, encoding
        self.layout = "JSON Lines"
        self._list = self._whole(text, by_line)
        names: dict[str, None] = {}
        for _, item in itertools.islice(self._objects(), HEAD_ROWS):
            names.update(dict.fromkeys(item))
        self.columns = tuple(names)

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row."""
        for number, item in self._objects():
            yield number, tuple([item.get(column) for column in columns])

    def _whole(self, text: str, by_line: bool) -> list[Any] | None:
        """Return the list of a text that is one JSON value; None if each line is a value."""
        first = text.strip()
        if first[:1] == "[":
            self.layout, self.unit = "JSON list", "item"
            found: list[Any] = parsed(text, self.name)
            return found
        value = None if by_line else _object(first)
        if value is None or ("\n" in first and _object(first.partition("\n")[0]) is not None):
            return None
        lists = [key for key, each in value.items() if isinstance(each, list) and each and isinstance(each[0], dict)]
        if len(lists) == 1:
            self.layout, self.unit = f"JSON list in '{lists[0]}'", "item"
            return list(value[lists[0]])
        file = self.name.strip("'")
        if len(lists) > 1:
            raise DataError(
                f"{self.name} is one object with several lists of objects ({', '.join(lists)}): choose one, for"
                f" example with: jq -c '.{lists[0]}[]' {shlex.quote(file)} > rows.jsonl"
            )
        _refuse_of_pandas(value, self.name)
        return [value]

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._list is not None:
            numbered: Iterable[tuple[int, Any]] = enumerate(self._list, 1)
        else:
            lines = enumerate(self._text.split("\n"), 1)
            numbered = ((number, parsed(line, f"{self.at(number)},")) for number, line in lines if line.strip())
        for number, item in numbered:
            if not isinstance(item, dict):
                raise DataError(
                    f'{self.at(number)}, is not a JSON object: expected {{"column": value, …}}, got {str(item)[:60]!r}.'
                )
            yield number, fields(item)


def _refuse_of_pandas(value: Mapping[str, Any], name: str) -> None:
    """Raise DataError, with the command that writes rows, for an object that holds a table in another order."""
    inside = list(value.values())
    if value.keys() >= {"columns", "data"} and all(isinstance(value[key], list) for key in ("columns", "data")):
        what, orient = "lists of columns and of data", "split"
    elif inside and all(isinstance(each, dict) for each in inside):
        by_row = all(map(str.isdecimal, value)) and not all(map(str.isdecimal, inside[0]))
        what, orient = "objects", "index" if by_row else "columns"
    else:
        return
    file = name if name.startswith("'") else "FILE"
    raise DataError(
        f"{name} is one object of {what}, such as pandas writes with orient='{orient}'. Write a row per line, for"
        f" example with: python -c \"import pandas; pandas.read_json({file}, orient='{orient}')"
        ".to_json('rows.jsonl', orient='records', lines=True)\""
    )


def _object(text: str) -> dict[str, Any] | None:
    """Return the object that a text is; None if it is something else."""
    if text[:1] != "{":
        return None
    try:
        value = parsed(text, "")
    except DataError:
        return None
    return value if isinstance(value, dict) else None
