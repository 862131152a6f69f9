"""Checks of tables in files: formats that are not read, and quotation marks that hold no field."""

from __future__ import annotations

import os
from collections.abc import Iterable

from anaphora.checks.examine import unreadable
from anaphora.checks.findings import Finding
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.table_files import refuse_format
from anaphora.data.files.tables import Table
from anaphora.data.location import Location
from anaphora.errors import DataError
from anaphora.formatting import counted

_KEPT = 1000  # rows of one finding


def check_formats(paths: Iterable[str | os.PathLike[str]]) -> list[Finding]:
    """Return a finding on the first file in a format of tables that is not read, with the command that converts it."""
    for path in paths:
        try:
            refuse_format(path)
        except DataError as error:
            return [unreadable(error)]
    return []


def check_quotes(tables: Iterable[Table]) -> list[Finding]:
    """Return a finding on each table in which a quotation mark begins a field and holds none."""
    found = []
    for table in tables:
        if not isinstance(table, DelimitedTable) or not table.literal:
            continue
        lines = len(table.literal)
        message = (
            f"On {counted(lines, 'line')} a field begins with a quotation mark that holds no field, because it is not"
            " closed, or because marks stand elsewhere too: all such marks are read as characters."
        )
        remedy = "If the marks should hold fields, double every mark inside a field, and close every field."
        rows = tuple(Location(*table.place(line)) for line in table.literal[:_KEPT])
        found.append(Finding("literal-quotes", "info", table.name.strip("'"), rows, message, remedy, lines))
    return found
