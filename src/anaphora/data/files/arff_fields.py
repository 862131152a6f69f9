"""The fields of a line of an ARFF file: quotation marks around names and values, and backslashes before characters."""

from __future__ import annotations

import re

_FIELD = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?!['"])[^,]*?)\s*(,|$)""", re.DOTALL)
_NAMED = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(.*)""", re.IGNORECASE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def fields_of(line: str) -> list[str | None] | None:
    """Return the values between the commas of a line, None for a missing one (`?`); None if a quoted value is not
    closed.

    >>> fields_of("1, 'it\\\\'s, so', ?, '?'"), fields_of("'open, 2")
    (['1', "it's, so", None, '?'], None)
    """
    found: list[str | None] = []
    at = 0
    while at <= len(line):
        field = _FIELD.match(line, at)
        if field is None:
            return None
        found.append(None if field[1] == "?" else unquoted(field[1]))
        if not field[2]:
            return found
        at = field.end()
    return found


def attribute_of(line: str) -> tuple[str, str] | None:
    """Return name and type of a line `@attribute NAME TYPE`; None for another line.

    >>> attribute_of("@ATTRIBUTE 'the class' {a, 'b c'}")
    ('the class', "{a, 'b c'}")
    """
    found = _NAMED.fullmatch(line.strip())
    return (unquoted(found[1]), found[2].strip()) if found else None


def unquoted(text: str) -> str:
    """Return a value without its quotation marks and backslashes.

    >>> unquoted("'a\\\\nb'"), unquoted("plain")
    ('a\\nb', 'plain')
    """
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        return text
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), text[1:-1], flags=re.DOTALL)
