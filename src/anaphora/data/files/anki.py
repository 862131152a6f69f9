"""Notes that Anki exported as plain text: lines with the settings of the file, then a note per line.

#separator:tab                 the separator of the fields, in words or as it is
#html:true                     fields are HTML: marks become blanks, &amp; becomes &
#columns:Front⇥Back            the names of the columns
#tags column:3                 column 3 is no text; so with guid, notetype and deck
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.tables import NumberedRow
from anaphora.errors import DataError

_SETTING = re.compile(r"#([a-z]+(?: column)?):(.*)")
_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}
_MARK = re.compile(r"<[^<>]*>|\[sound:[^\]]*\]")


class AnkiTable(DelimitedTable):
    """Notes of Anki."""

    def __init__(self, text: str, name: str, encoding: str) -> None:
        """Read the settings, and prepare the notes; raises DataError for a separator that is not known."""
        settings = settings_of(text)
        separator = settings.get("separator", "\t")
        separator = _SEPARATORS.get(separator.lower(), separator)
        if len(separator) != 1:
            raise DataError(
                f"{name}: Anki's separator {separator!r} is not known; expected one of {', '.join(_SEPARATORS)}."
            )
        lines = text.split("\n", len(settings))
        super().__init__("\n" * len(settings) + lines[-1], name, separator, header=False, encoding=encoding)
        self.layout = f"notes of Anki, fields between {_named(separator)}"
        names = settings.get("columns", "").split(separator)
        if len(names) == len(self.columns) == len(set(names)):
            self.columns = tuple(names)
        self._html = settings.get("html", "").lower() == "true"
        places = {key.removesuffix(" column"): value for key, value in settings.items() if key.endswith(" column")}
        self.left_out = {
            self.columns[int(place) - 1]: f"Anki's {what}"
            for what, place in places.items()
            if place.isdigit() and 0 < int(place) <= len(self.columns)
        }

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every note, as plain text."""
        for number, values in super().rows(columns):
            yield number, tuple(map(_plain, values)) if self._html else values


def settings_of(text: str) -> dict[str, str]:
    """Return the settings at the beginning of an export; empty for another text.

    >>> settings_of("#separator:tab\\n#tags column:3\\nHaus\\thouse\\t\\n")
    {'separator': 'tab', 'tags column': '3'}
    """
    found = {}
    for line in text.split("\n"):
        setting = _SETTING.fullmatch(line.rstrip("\r"))
        if setting is None:
            break
        found[setting[1]] = setting[2]
    return found if "separator" in found else {}


def _named(separator: str) -> str:
    return next((f"{name}s" for name, mark in _SEPARATORS.items() if mark == separator), repr(separator))


def _plain(value: Any) -> Any:
    return " ".join(html.unescape(_MARK.sub(" ", value)).split()) if isinstance(value, str) else value
