"""Quotation marks in a table of separated fields: which of them hold a field, by the evidence of the whole text.

    one,"two, with ""marks"" and
    a line end",three               quoted: a mark opens a field, a mark closes it, a doubled mark is a mark inside
    one<tab>"two<tab>5" long        as characters: a line is a row, a separator ends a field

Both readings of a text are tried, and the reading with the fewest rows of a wrong number of fields is taken. Programs
that quote fields quote every field with a mark in it; so a mark anywhere else shows that no field is quoted. A field
over several lines needs evidence: without it, the lines must not be rows themselves (`_evidence`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from anaphora.data.files.numbers import number

MARK = '"'
_FIELD = "\0"  # stands for a quoted field; a text holds no NUL
_UNQUOTED = re.compile(r'\\(["\\])|""')


@dataclass(frozen=True)
class Quoting:
    """A reading of quotation marks: as characters, or around fields.

    `lines`: a field may hold line ends; `spaced`: spaces may stand around the marks; `escaped`: a mark inside has a
    backslash before it.
    """

    separator: str
    quoted: bool = True
    lines: bool = True
    spaced: bool = False
    escaped: bool = False

    def records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the fields of each record and the number of its first line; blank lines are no records."""
        at, line = 0, 1
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            if not self.quoted or text.find(MARK, at, end) < 0:
                fields = text[at:end].split(self.separator)
                fields = [field.strip(" ") for field in fields] if self.spaced else fields
            else:
                fields, end = self._fields(text, at)
            if end > at:
                yield line, fields
            line += 1 + text.count("\n", at, end)
            at = end + 1

    def _fields(self, text: str, at: int) -> tuple[list[str], int]:
        """Return the fields of the record that begins at a position, and the position of its end."""
        fields: list[str] = []
        while True:
            if found := self.pattern.match(text, at):
                content = found[1]
                fields.append(_UNQUOTED.sub(_plain, content) if self.escaped else content.replace('""', MARK))
            else:
                found = self._unquoted.match(text, at)
                assert found is not None
                fields.append(found[0].strip(" ") if self.spaced else found[0])
            at = found.end()
            if text[at : at + 1] != self.separator:
                return fields, at
            at += 1

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of a quoted field at its place; the group is its content."""
        space, inside = (" *+" if self.spaced else ""), '"' + ("" if self.lines else "\n")
        escape = r"\\." if self.escaped else "(?!)"
        content = rf'(?:[^{inside}{chr(92) * 2 if self.escaped else ""}]++|{escape}|"")*+'
        edge = rf"[^{re.escape(self.separator)}\n]"
        flags = re.DOTALL if self.lines else re.NOFLAG
        return re.compile(rf'(?<!{edge}){space}"({content})"{space}(?!{edge})', flags)

    @cached_property
    def _unquoted(self) -> re.Pattern[str]:
        return re.compile(rf"[^{re.escape(self.separator)}\n]*+")


class Judged(NamedTuple):
    """A reading of a text, and the text with its quoted fields masked: its records, those with another number of fields
    than the first, and this number.
    """

    quoting: Quoting
    masked: str
    records: int
    odd: int
    width: int

    @property
    def share(self) -> float:
        """The share of records with a wrong number of fields."""
        return self.odd / max(1, self.records)

    @property
    def is_clean(self) -> bool:
        """Whether every mark belongs to a quoted field."""
        return MARK not in self.masked


def judge(text: str, separator: str) -> Judged:
    """Return the reading of the quotation marks of a text that its records support best."""
    as_characters = _judged(Quoting(separator, quoted=False, lines=False), text)
    if MARK not in text:
        return as_characters
    plain = _judged(Quoting(separator), text)
    if plain.is_clean and not plain.odd and _evidence(plain, text):
        return plain
    others = [_judged(Quoting(separator, spaced=spaced, escaped=not spaced), text) for spaced in (True, False)]
    clean = [each for each in (plain, *others) if each.is_clean]
    by_line = _judged(Quoting(separator, lines=False), text)
    most = 2 * sum(_FIELD in record for record in by_line.masked.split("\n")) > by_line.records
    candidates = [each for each in clean if _evidence(each, text)]
    candidates += [by_line, as_characters] if most else [as_characters, by_line]
    candidates += [each._replace(odd=each.odd + _rows_inside(each, text)) for each in (*clean, plain)]
    return min(candidates, key=lambda found: found.share)


def literal_lines(judged: Judged, text: str) -> list[int]:
    """Return the lines on which a field begins with a mark that holds no field: its marks are characters."""
    edge = rf"(?<![^{re.escape(judged.quoting.separator)}\n])"
    opening = re.compile(rf'{edge} *+"' if judged.quoting.spaced else f'{edge}"')
    if judged.is_clean or not opening.search(judged.masked):
        return []
    return [line for line, record in _numbered(judged, text) if opening.search(record)]


def _numbered(judged: Judged, text: str) -> Iterator[tuple[int, str]]:
    """Yield the masked lines, each with its number in the text."""
    quoting, number, at = judged.quoting, 1, 0
    held = [found[0].count("\n") for found in quoting.pattern.finditer(text)] if quoting.quoted else []
    for line in judged.masked.split("\n"):
        yield number, line
        fields = line.count(_FIELD)
        number += 1 + sum(held[at : at + fields])
        at += fields


def _judged(quoting: Quoting, text: str) -> Judged:
    masked = quoting.pattern.sub(_FIELD, text) if quoting.quoted else text
    counts = [line.count(quoting.separator) for line in masked.split("\n") if line]
    odd = sum(count != counts[0] for count in counts)
    return Judged(quoting, masked, len(counts), odd, counts[0] + 1 if counts else 0)


def _evidence(judged: Judged, text: str) -> bool:
    """Return whether a text whose marks all fit was written by a program that quotes fields.

    No field holds a line end; or a record has only one field; or a field on one line needs its marks; or all fields of
    a column are quoted; or, unless tabs are between the fields, the first line of a field over several lines does not
    look like a row of the others.
    """
    quoting, masked = judged.quoting, judged.masked
    if masked.count("\n") == text.count("\n") or quoting.separator not in masked:
        return True
    needing = (quoting.separator, '""', '\\"') if quoting.escaped else (quoting.separator, '""')
    for found in quoting.pattern.finditer(text):
        if "\n" not in found[1] and any(each in found[1] for each in needing):
            return True
    records = [line.split(quoting.separator) for line in masked.split("\n") if line]
    wide = min(map(len, records))
    if len(records) > 1 and any(all(record[at] == _FIELD for record in records) for at in range(wide)):
        return True
    return quoting.separator != "\t" and not _begin_with_rows(judged, text)


def _begin_with_rows(judged: Judged, text: str) -> bool:
    """Return whether the first line of every field over several lines looks like a row: beside the field, its values
    occur in other lines of the same column, or are numbers as all of them are.
    """
    separator = judged.quoting.separator
    several = [found for found in judged.quoting.pattern.finditer(text) if "\n" in found[0]]
    marked = judged.quoting.pattern.sub(lambda found: _FIELD if "\n" in found[0] else found[0], text)
    lines = [line for line in marked.split("\n")[1:] if _FIELD not in line]
    lines += [line for found in several for line in found[1].split("\n")[1:-1]]
    rows = [row for row in (line.split(separator) for line in lines) if len(row) == judged.width]
    columns = [(set(column), all(map(_is_number, column))) for column in zip(*rows, strict=True)]
    for found in several:
        begin = text.rfind("\n", 0, found.start()) + 1
        first = text[begin : text.index("\n", found.start())].split(separator)
        opening = text.count(separator, begin, found.start())
        for at, (value, (others, numbers)) in enumerate(zip(first, columns, strict=False)):
            if at != opening and value not in others and not (numbers and _is_number(value)):
                return False
    return bool(columns)


def _rows_inside(judged: Judged, text: str) -> int:
    """Return the number of lines inside quoted fields that are whole rows themselves."""
    separator = judged.quoting.separator
    return sum(
        line.count(separator) == judged.width - 1
        for found in judged.quoting.pattern.finditer(text)
        for line in found[1].split("\n")[1:-1]
    )


def _is_number(text: str) -> bool:
    return number(text) is not None


def _plain(found: re.Match[str]) -> str:
    return found[1] or MARK
