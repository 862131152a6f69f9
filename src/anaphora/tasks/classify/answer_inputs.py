"""The rows that a classifier answers: of tables, of folders, and of lines that are texts or JSON objects.

A column that the model needs and that an input lacks is one error for the input, not one for each row.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from anaphora.data.files import lines
from anaphora.data.files.first_line import begins_list, first_line, names_columns, rows_of
from anaphora.data.files.folders import read_tables
from anaphora.data.files.json_values import fields
from anaphora.data.files.labelled_data import read_labelled
from anaphora.data.files.labelled_lines import text_alone
from anaphora.data.files.lines import InputLine
from anaphora.data.files.reading import Reading
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.table_files import ENDINGS, JSON_LINES, read_table
from anaphora.data.files.tables import ColumnTable, Table
from anaphora.data.files.unlike_tables import look_at
from anaphora.errors import DataError
from anaphora.tasks.base.line_answers import text_of, value_of
from anaphora.tasks.classify.columns import Columns


def batches(
    paths: Sequence[str], columns: Columns, reading: Reading, labels: Collection[str], say: Callable[[str], None]
) -> Iterator[list[InputLine]]:
    """Yield the rows of files and folders, or of standard input for `-` or no path, some at a time; `labels` are those
    of the training data, and `say` takes a note on an input that is in doubt.

    Raises DataError, with the nearest column, for an input without a needed column.
    """
    for path in paths or [STANDARD_INPUT]:
        tables = _tables(path, columns, reading, labels)
        for table in tables or []:
            _check(table, columns)
            yield from lines.of_table(table)
        if tables is None:
            found = lines.batches([path], reading)
            first = next(found, [])
            _check_first(first, path, columns)
            if first and reading.header and not first[0].json:
                _look_at_first(first, columns, say)
            for batch in itertools.chain([first], found):
                yield [
                    line if line.json else line._replace(text=text_alone(line.text, reading.layout)) for line in batch
                ]


def refuse_text(line: InputLine, columns: Columns) -> None:
    """Raise DataError for a line that is a text, if the classifier needs several columns or a series."""
    if not line.json and len(columns.text) != 1:
        named = ", ".join(columns.inputs)
        raise DataError(
            f"{line.where}: the classifier reads {named}: give a JSON object with them, or a table. A file of series"
            " (.ts, .arff, UCR) is read by its name, not in a pipe."
        )


def _tables(path: str, columns: Columns, reading: Reading, labels: Collection[str]) -> list[Table] | None:
    """Return the tables in a file or folder, None for a file of lines."""
    if Path(path).is_dir() or (ending(path) in ENDINGS and ending(path) not in JSON_LINES):
        return read_tables([path], *reading)
    table = None if path == STANDARD_INPUT else read_labelled(path, *reading)
    if table is not None:
        return [table]
    if ending(path) in JSON_LINES or not _begins_as_table(path, columns, reading, labels):
        return None
    return [read_table(path, reading.encoding, reading.header)]


def _begins_as_table(path: str, columns: Columns, reading: Reading, labels: Collection[str]) -> bool:
    """Return whether the first line names the columns that the model reads; without a line of names, whether a label
    stands in the label's column.
    """
    first = first_line(path, reading.encoding)
    if begins_list(first):
        return True
    if reading.header:
        return names_columns(first, columns.inputs)
    place = int(columns.label) if columns.label.isdecimal() else 0
    return any(len(row) >= place > 0 and row[place - 1] in labels for row in rows_of(first))


def _check_first(first: Sequence[InputLine], path: str, columns: Columns) -> None:
    """Raise DataError if no line of the first ones has a needed column; a pipe shows its columns line by line."""
    if first:
        refuse_text(first[0], columns)
    if path == STANDARD_INPUT or not (first and first[0].json):
        return
    names: dict[str, None] = {}
    for line in first:
        names.update(dict.fromkeys(_fields(line)))
    if names:
        _check(ColumnTable(dict.fromkeys(names, ()), f"'{os.fspath(path)}'"), columns)


def _look_at_first(first: Sequence[InputLine], columns: Columns, say: Callable[[str], None]) -> None:
    """Tell the user of lines of texts that look like a table; raises DataError if the table lacks the column."""
    texts, (column, *_) = list(map(_shown, first)), columns.inputs
    if texts[0] == column:
        say(
            f"{first[0].where} is the name of the column '{column}', and it is answered as a text: remove the line, or"
            " give a file whose name ends in .csv."
        )
    elif note := look_at(texts, column, [columns.label], first[0].where.rpartition(", ")[0]):
        say(note)


def _check(table: Table, columns: Columns) -> None:
    try:
        for column in columns.inputs:
            table.need(column)
    except DataError as error:
        remedy = "The model reads the columns of its training data: rename the column of the file."
        raise DataError(f"{error} {remedy}") from error


def _shown(line: InputLine) -> str:
    return line.text.decode(line.encoding, "replace").strip()


def _fields(line: InputLine) -> list[str]:
    try:
        item = value_of(line, text_of(line))
    except DataError:
        return []
    return [*item, *fields(item)] if isinstance(item, dict) else []
