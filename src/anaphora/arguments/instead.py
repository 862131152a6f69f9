"""What to give in place of a value of a wrong kind: the last sentence of the message that refuses the value.

predict(Path("a.csv"))        … A path is not read here. Give the values in the file, …
predict(b"abc")               … Decode bytes first: data.decode().
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Set
from io import IOBase
from typing import Any, NamedTuple

_LONGEST_NAME = 300


class _Kind(NamedTuple):
    """A kind of wrong values, and what to give instead; {} is the value."""

    holds: Callable[[Any], bool]
    instead: str


def _is_path(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _LONGEST_NAME and "\0" not in value and os.path.isfile(value)
    return isinstance(value, os.PathLike)


def _is_frame(value: Any) -> bool:
    return isinstance(value, Mapping) or hasattr(value, "columns") or hasattr(value, "column_names")


_KINDS = (
    _Kind(
        _is_path,
        "A file is not read here: give the values in it, such as a column of pandas.read_csv('{}'), or use"
        " model.answer(pathlib.Path('{}')), which reads files as training does; evaluate reads files, too.",
    ),
    _Kind(lambda value: isinstance(value, IOBase), "Give what is in the file: file.read(), or a list of its lines."),
    _Kind(lambda value: isinstance(value, bytes | bytearray), "Decode the bytes: data.decode()."),
    _Kind(lambda value: isinstance(value, Iterator), "Give a list: list(values)."),
    _Kind(lambda value: isinstance(value, Set), "A set has no order: give a list."),
    _Kind(_is_frame, "Of a frame, give the column that holds the texts."),
)


def instead(value: Any, *, one: bool = False) -> str:
    """Return what to give in place of a value, with a space before it; empty if nothing is known.

    `one` says that a single text is expected, else several values are. Of a list, the first value that is of a wrong
    kind is judged.

    >>> instead(b"abc"), instead("a text"), instead(["a"], one=True)
    (' Decode the bytes: data.decode().', ' Give it in a list.', ' Give each text by itself.')
    """
    if isinstance(value, list | tuple):
        if one:
            return " Give each text by itself."
        wrong = next((item for item in value if not isinstance(item, str)), "")
        return "" if isinstance(wrong, str | list | tuple) else instead(wrong)
    if one and _is_path(value):
        return f" A file is not read here: give its text, pathlib.Path('{value}').read_text(encoding='utf-8')."
    for kind in _KINDS:
        if kind.holds(value):
            return f" {kind.instead.format(*[value] * kind.instead.count('{}'))}"
    return " Give it in a list." if isinstance(value, str) and not one else ""
