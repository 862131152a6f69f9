"""The first line of standard input, or of a file whose name does not tell its format: it shows if a table follows.

Standard input is not consumed. The first line of a table names the columns of a model, in fields between separators.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence

from anaphora.data.files.delimited import SEPARATORS, declared_separator
from anaphora.data.files.sources import STANDARD_INPUT, open_source

_END = re.compile(r"[\r\n]")
_FIELD_OF_LINES = re.compile(r'(?:[^\r\n]*[,;|\t])?"')  # such a line may begin a quoted field that goes on
_JSON_LIST = re.compile(r"\s*\[\s*(\{.*)?")


def first_line(path: str, encoding: str) -> str:
    """Return the first line, or its beginning if it is long, without a line `sep=;` before it; empty for a folder, and
    for a pipe that is no file.
    """
    if path == STANDARD_INPUT:
        buffer = getattr(sys.stdin, "buffer", None)
        raw = buffer.peek() if isinstance(buffer, io.BufferedReader) else b""
    else:
        raw = next(iter(open_source(path).blocks()), b"") if os.path.isfile(path) else b""
    _, text = declared_separator(raw.decode(encoding, "replace"))
    return _record(text.lstrip("\r\n"))


def _record(text: str) -> str:
    """Return the first line of a text, with the lines after it into which a quoted field goes on.

    >>> _record('id,"long\\nname"\\n1,2'), _record('4" pipe\\n5" pipe'), _record('a,"b\\nc')
    ('id,"long\\nname"', '4" pipe', 'a,"b')
    """
    first, *rest = _END.split(text)
    if _FIELD_OF_LINES.match(first) is None:
        return first
    line = first
    for more in rest:
        if not line.count('"') % 2:
            break
        line = f"{line}\n{more}"
    return first if line.count('"') % 2 else line


def rows_of(line: str) -> list[list[str]]:
    """Return the fields of a line for every separator that it has.

    >>> rows_of('"id";text'), rows_of("a text")
    ([['id', 'text']], [])
    """
    return [[field.strip(' "\ufeff') for field in line.split(mark)] for mark in SEPARATORS if mark in line]


def names_columns(line: str, columns: Sequence[str]) -> bool:
    """Return whether a line names all of these columns, and others too.

    >>> names_columns("id,text", ["text"]), names_columns("text", ["text"]), names_columns("my text, too", ["text"])
    (True, False, False)
    """
    return any(set(columns) <= set(row) for row in rows_of(line))


def begins_list(line: str) -> bool:
    """Return whether a JSON list of objects begins with this line.

    >>> begins_list('[{"text": "a"}, {"text"'), begins_list("["), begins_list("[music]")
    (True, True, False)
    """
    return _JSON_LIST.fullmatch(line) is not None
