"""Text as words, each with its first and its last character: every run of letters and digits, and every other mark.

Layouts that mark spans by characters are read with these words, and so is the text that such a model tags later.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"\w+|[^\w\s]")


class Word(NamedTuple):
    """A word: its characters from `begin` to `end`, `end` excluded."""

    text: str
    begin: int
    end: int


def between_blanks(line: str) -> list[str]:
    """Return the words between blanks and tabs, without the line end; other white space belongs to a word.

    >>> between_blanks(" 1\u00a0000  men ")
    ['1\\xa0000', 'men']
    """
    return [word for word in re.split("[ \t]+", line.rstrip("\r")) if word]


def is_blank(line: str) -> bool:
    """Return whether a line has nothing but blanks and tabs; any other white space is a part of a word.

    >>> is_blank(" \\t\\r"), is_blank("\\u3000")
    (True, False)
    """
    return not line.strip(" \t\r")


def words_in(text: str) -> list[Word]:
    """Return the words of a text.

    >>> [word.text for word in words_in("Ann (52) flew to New-York.")]
    ['Ann', '(', '52', ')', 'flew', 'to', 'New', '-', 'York', '.']
    """
    return [Word(match[0], *match.span()) for match in _WORD.finditer(text)]
