"""Tables in texts with a separator between fields: CSV, TSV, and the like.

The separator is that with which the first lines have equal numbers of fields, most of them, or the one that a first
line `sep=;` declares, as Excel writes it; `quoting` judges the quotation marks.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from anaphora.data.files.numbers import number
from anaphora.data.files.quoting import MARK, Judged, judge, literal_lines
from anaphora.data.files.tables import NumberedRow, Table
from anaphora.errors import DataError
from anaphora.formatting import counted

_BETWEEN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_LAYOUTS = {mark: f"CSV with {name}" for mark, name in _BETWEEN.items()} | {"\t": "TSV"}
SEPARATORS = ",;\t|"
_DECLARED = re.compile(r'("?)sep=(.)\1 *(?:\r?\n|$)', re.IGNORECASE)
_NUMBER, _PERCENTAGE = "number", "percentage"
_HEAD = 2**17  # characters that show the separator
_HEAD_ROWS = 1000  # rows that show whether the first line names the columns


class DelimitedTable(Table):
    """A table in a text; `separator` is between two fields, and `literal` are the lines with marks taken literally."""

    may_lack_names = True

    def __init__(
        self, text: str, name: str, separator: str | None = None, header: bool = True, encoding: str = "utf-8"
    ) -> None:
        """Raises DataError if two columns have one name, or if the line of names is a row of data."""
        declared, text = declared_separator(text)
        self.name, self._text, self.encoding = name, text, encoding
        self.separator = declared or separator or _separator(text)
        judged = judge(text, self.separator)
        self._quoting, self.literal = judged.quoting, literal_lines(judged, text)
        self.layout = _LAYOUTS.get(self.separator, f"a table with {self.separator!r} between fields")
        self.layout += f" (sep={self.separator})" if declared else ""
        self.layout += "" if header else ", no line of names"
        self.layout += ", quotation marks as characters" if self.literal else ""
        first, names = next(self._quoting.records(text), (1, []))
        self._header = header
        self.columns = tuple(names if header else map(str, range(1, len(names) + 1)))
        if header and self._names_are_data():
            raise DataError(
                f"{self.name}, line {first}, should name the columns; it reads: {text.split(chr(10))[first - 1][:80]}."
                " Add a line of names, or add --no-header: the columns are then called 1, 2, …"
            )
        self.columns = self._named()
        for each in filter(None, self.columns):
            if self.columns.count(each) > 1:
                raise DataError(
                    f"{self.name}, line {first}, has two columns '{each}': names are unique. Rename one of them."
                )

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row."""
        at = [self.columns.index(column) for column in columns]
        width = len(self.columns)
        for line, fields in itertools.islice(self._quoting.records(self._text), int(self._header), None):
            if len(fields) != width:
                raise self._misfit(line, fields)
            yield line, tuple([fields[place] for place in at])

    def _misfit(self, line: int, fields: Sequence[str]) -> DataError:
        """Return the error of a line with another number of fields; quotation marks repair a line that has more."""
        width = len(self.columns)
        between = _BETWEEN.get(self.separator, repr(self.separator))
        remedy = f"Fields stand between {between}: add what is missing, or remove the line."
        if len(fields) > width or any(MARK in field for field in fields):
            remedy = (
                f"Put a field that contains {self.separator!r} or a line end in quotation marks, and double every"
                " quotation mark inside it."
            )
        has = f"{self.name}, line {line}, has {counted(len(fields), 'field')}"
        return DataError(f"{has}; expected {width} ({', '.join(self.columns)}). {remedy}")

    def _named(self) -> tuple[str, ...]:
        """Return the columns, in which those without a name after the first such column are named by their place, if
        they hold values.
        """
        unnamed = [at for at, name in enumerate(self.columns) if not name][1:]
        head = [
            fields for _, fields in itertools.islice(self._quoting.records(self._text), 1, _HEAD_ROWS if unnamed else 1)
        ]
        filled = {at for at in unnamed if any(at < len(fields) and fields[at] for fields in head)}
        return tuple(f"column {at + 1}" if at in filled else name for at, name in enumerate(self.columns))

    def _names_are_data(self) -> bool:
        """Return whether the names are numbers, or numbers and percentages as in the rows below, beside texts that
        occur again in their columns.
        """
        kinds = [_kind(name) for name in self.columns]
        if all(kind == _NUMBER for kind in kinds):
            return bool(kinds)
        if not any(kinds):
            return False
        head = [fields for _, fields in itertools.islice(self._quoting.records(self._text), 1, _HEAD_ROWS)]
        columns = [[row[at] for row in head if at < len(row)] for at in range(len(kinds))]
        return all(
            all(_kind(value) == kind for value in values) and (kind != _PERCENTAGE or bool(values))
            if kind
            else bool(name) and name in values
            for name, kind, values in zip(self.columns, kinds, columns, strict=True)
        )


def declared_separator(text: str) -> tuple[str | None, str]:
    """Return the separator that a first line `sep=;` declares, and the text with this line empty; None without it.

    >>> declared_separator("sep=;\\na;b\\n"), declared_separator("sep=,b\\n")
    ((';', '\\na;b\\n'), (None, 'sep=,b\\n'))
    """
    found = _DECLARED.match(text)
    return (found[2], f"\n{text[found.end() :]}") if found else (None, text)


def _is_number(text: str) -> bool:
    return number(text) is not None or number(text, ",") is not None


def _kind(text: str) -> str:
    """Return whether a text is a number or a percentage; empty if it is neither."""
    if _is_number(text):
        return _NUMBER
    return _PERCENTAGE if text.strip().endswith("%") and _is_number(text.strip()[:-1]) else ""


def _separator(text: str) -> str:
    """Return the separator with which the first lines have equal numbers of fields.

    If several do, a tab is preferred, then the most fields; decimal commas separate nothing.
    """
    head = text[:_HEAD]
    if len(head) < len(text):
        head = head[: head.rfind("\n") + 1] or head
    found = {separator: judge(head, separator) for separator in SEPARATORS}
    several = {separator: judged for separator, judged in found.items() if judged.width > 1}
    if not several:
        return SEPARATORS[0]
    least = min(judged.share for judged in several.values())
    fitting = {separator: judged for separator, judged in several.items() if judged.share == least}
    if "," in fitting and any(_decimal_commas(head, judged) for each, judged in fitting.items() if each != ","):
        del fitting[","]
    return "\t" if "\t" in fitting else max(fitting, key=lambda separator: fitting[separator].width)


def _decimal_commas(head: str, judged: Judged) -> bool:
    """Return whether every comma of the first lines is in a number."""
    rows = itertools.islice(judged.quoting.records(head), _HEAD_ROWS)
    fields = [field for _, row in rows for field in row if "," in field]
    return bool(fields) and all(re.search("[0-9]", field) and _is_number(field) for field in fields)
