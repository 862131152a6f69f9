"""Tables with a text per row, whose spans stand in one cell as JSON: the CSV export of Label Studio.

text,id,label
Ann flew.,1,"[{""start"": 0, ""end"": 3, ""text"": ""Ann"", ""labels"": [""PER""]}]"
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from anaphora.data.files.json_values import parsed
from anaphora.data.files.sentences import Collected, Found, Read, record
from anaphora.data.files.tables import Table
from anaphora.data.files.tag_offsets import NEITHER, collect
from anaphora.errors import DataError


def have_spans(cells: Iterable[Any]) -> bool:
    """Return whether some cells are JSON lists of objects, and all others are empty.

    >>> have_spans(["", '[{"start": 0, "end": 3, "labels": ["PER"]}]']), have_spans(["['O']"]), have_spans([""])
    (True, False, False)
    """
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(isinstance(cell, str) and _is_list_of_objects(cell) for cell in filled)


def read_texts(table: Table, path: str, text: str, spans: str) -> Read:
    """Return the sentences of a table with a column of texts and a column of their spans; an empty cell has none."""
    collected = Collected(path)
    for number, (own, cell) in table.rows([text, spans]):
        line = table.place(number)[1]
        try:
            value = {"text": own or "", "spans": parsed(cell, f"'{spans}'") if cell else []}
        except DataError as error:
            record(collected.wrong, line, str(error))
            continue
        collect(collected, line, value)
    layout = f"{table.layout}, texts with spans by characters"
    left_out = {name: NEITHER for name in table.columns if name not in (text, spans)}
    return collected.read(Found("offsets", layout, text, spans, left_out=left_out))


def _is_list_of_objects(cell: str) -> bool:
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
