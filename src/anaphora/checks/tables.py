"""Checks of tables in files: quotation marks that hold no field."""

from __future__ import annotations

from collections.abc import Iterable

from anaphora.checks.findings import Finding
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.tables import Table
from anaphora.data.location import Location
from anaphora.formatting import counted

_KEPT = 1000  # rows of one finding


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
