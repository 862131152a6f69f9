"""Lines of a pipe whose first lines show a layout that is read only from a named file."""

from __future__ import annotations

import re

from anaphora.data.files.json_values import parsed
from anaphora.errors import DataError

_XML = r"(<\?xml[^>]*>\s*)?(<!DOCTYPE[^>]*>\s*)?"
_BY_NAME = (
    (re.compile(r"@(timestamps|univariate|classlabel)\s+(true|false)\b", re.IGNORECASE), ".ts"),
    (re.compile(r"@(problemname\s+\S+|serieslength\s+\d+)$", re.IGNORECASE), ".ts"),
    (re.compile(r"""@relation\s+('.*'|".*"|\S+)$""", re.IGNORECASE), ".arff"),
    (re.compile(rf"{_XML}<tmx\b", re.IGNORECASE), ".tmx"),
    (re.compile(rf"{_XML}<xliff\b", re.IGNORECASE), ".xlf"),
    (re.compile(rf"{_XML}<(srcset|refset|tstset)\b", re.IGNORECASE), ".sgm"),
    (re.compile(r'msgid ".*"$'), ".po"),
)
_BEFORE = ("#", "%", "<?xml", "<!DOCTYPE")
_OPEN_OBJECT = re.compile(r'\{\s*("(?:[^"\\]|\\.)*"\s*:.*[\[{,:]\s*)?')
_KEY = re.compile(r'\s*("(?:[^"\\]|\\.)*"\s*:|\})')


class Pipe:
    """The first lines of a pipe, one after another, up to the line that shows no such layout."""

    def __init__(self) -> None:
        self._is_known = self._is_brace = False

    def check(self, text: str, where: str) -> None:
        """Look at the next line; raises DataError, with the remedy, for a layout that is read by the name of a file."""
        line = text.strip().removeprefix("\ufeff")
        if self._is_brace and _KEY.match(line):
            raise _spread(where)
        if self._is_known or not line:
            return
        self._is_brace = line == "{"
        self._is_known = not line.startswith(_BEFORE)
        for pattern, ending in _BY_NAME:
            if pattern.match(line):
                raise DataError(
                    f"{where} is the beginning of {'an' if ending == '.arff' else 'a'} {ending} file, {line[:40]!r}."
                    f" Give such a file by its name: anaphora run MODEL FILE{ending}."
                )
        if not self._is_brace and _OPEN_OBJECT.fullmatch(line) and not _is_json(line):
            raise _spread(where)


def _spread(where: str) -> DataError:
    return DataError(
        f"{where} is a part of a JSON object over several lines. In a pipe every line is an object: use jq -c, or give"
        " the file by its name, which ends in .json."
    )


def _is_json(line: str) -> bool:
    try:
        parsed(line, "")
    except DataError:
        return False
    return True
