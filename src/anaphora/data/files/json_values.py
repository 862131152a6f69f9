"""Values in JSON: one parser for all files and pipes, and nested fields by their dotted names.

NaN and Infinity are read as such. An object that has a key twice, and half a surrogate pair, are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from anaphora.errors import DataError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parsed(text: str, where: str) -> Any:
    """Return the value of a JSON text; raises DataError, with the place `where`, for any other text."""
    try:
        value = json.loads(text, object_pairs_hook=_object)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{where} holds half a surrogate pair (\\uD800 to \\uDFFF), which is not text.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON: {error}.") from error
    return value


def fields(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object; those of objects inside have dotted names, and a number is a place in a list.

    >>> fields({"id": 1, "user": {"name": "Ann"}, "marks": [{"tag": "x"}]})
    {'id': 1, 'marks': [{'tag': 'x'}], 'user.name': 'Ann', 'marks.0.tag': 'x'}
    """
    inside = {key: value for key, value in item.items() if isinstance(value, dict) or _objects(value)}
    plain = {key: value for key, value in item.items() if not (isinstance(value, dict) and value)}
    return {**plain, **{name: value for name, value in _nested(inside, "") if name not in plain}}


def hint_of_list(item: Any) -> str:
    """Return how the rows are taken out of an object that holds one list of them; empty for anything else.

    >>> hint_of_list({"n": 1, "rows": [{"text": "a"}]})
    " Its field 'rows' is a list of objects: take one object per line, for example with jq -c '.rows[]'."
    """
    lists = [key for key, value in item.items() if _objects(value)] if isinstance(item, dict) else []
    if len(lists) != 1:
        return ""
    path = f".{lists[0]}" if lists[0].isidentifier() else f'."{lists[0]}"'
    return f" Its field '{lists[0]}' is a list of objects: take one object per line, for example with jq -c '{path}[]'."


def _nested(item: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        if isinstance(value, dict) and value:
            yield from _nested(value, f"{before}{key}.")
        elif _objects(value):
            yield from _nested(dict(zip(map(str, range(len(value))), value, strict=True)), f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"an object has the key {twice!r} twice")
    return found
