"""Tables in files, by the extension of the name.

    .csv .tsv          a field per column; the first line names the columns, or their names are 1, 2, …
    .jsonl .ndjson     a JSON object per line                   .json   one list of objects
    .parquet .feather  by polars                                .xlsx .xls .ods   the first sheet

A field of a CSV file is text; a value in the other files has its own type. Only the text of one file is in memory at a
time.
"""

from __future__ import annotations

import os

from anaphora.data.files import frames
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.frames import FrameTable
from anaphora.data.files.json_tables import JsonTable
from anaphora.data.files.sources import STANDARD_INPUT, ending, open_source
from anaphora.data.files.tables import Table
from anaphora.data.files.text import read_text
from anaphora.errors import DataError

JSON_LINES = (".jsonl", ".ndjson")
_JSON = (*JSON_LINES, ".json")
ENDINGS = (".csv", ".tsv", *_JSON, *frames.ENDINGS)
_CONVERTED = {  # the kind of file, and the function of pandas that reads it
    ".orc": ("an ORC file", "read_orc"),
    ".pkl": ("a pickle, which can run programs when it is loaded", "read_pickle"),
    ".h5": ("an HDF5 file", "read_hdf"),
    ".dta": ("a Stata file", "read_stata"),
    ".sav": ("an SPSS file", "read_spss"),
    ".sas7bdat": ("a SAS file", "read_sas"),
}
_ALIASES = {".pickle": ".pkl", ".hdf5": ".h5", ".hdf": ".h5"}


def read_table(path: str | os.PathLike[str], encoding: str = "utf-8", header: bool = True) -> Table:
    """Open the table in a file, or on standard input for `-`, where the first character distinguishes JSON from CSV.

    Raises DataError as `read_text` does, for a format that is not read, and for a table without rows.
    """
    table = _open(path, encoding, header)
    if next(table.rows(table.columns[:1]), None) is None:
        raise DataError(f"{table.name} has no rows.")
    return table


def refuse_page(path: str | os.PathLike[str]) -> None:
    """Raise DataError, with the command that converts its table, for a page of HTML."""
    if ending(path) in (".html", ".htm"):
        name = os.fspath(path)
        raise DataError(
            f"'{name}' is a page of HTML: anaphora does not read the tables in it. Convert the first table, for example"
            f" with: python -c \"import pandas; pandas.read_html({name!r})[0].to_csv('rows.csv', index=False)\""
        )


def refuse_format(path: str | os.PathLike[str]) -> None:
    """Raise DataError, with the command that converts it, for a table in a format that is not read."""
    extension = ending(path)
    if found := _CONVERTED.get(_ALIASES.get(extension, extension)):
        kind, reading = found
        name = os.fspath(path)
        raise DataError(
            f"'{name}' is {kind}: anaphora does not read it. Convert it, for example with: python -c"
            f" \"import pandas; pandas.{reading}({name!r}).to_parquet('rows.parquet')\""
        )


def _open(path: str | os.PathLike[str], encoding: str, header: bool) -> Table:
    refuse_format(path)
    extension = ending(path)
    name = "standard input" if os.fspath(path) == STANDARD_INPUT else f"'{os.fspath(path)}'"
    if extension in frames.ENDINGS:
        return FrameTable(open_source(path), extension, header)
    text = read_text(path, encoding)
    if extension in _JSON or (extension != ".csv" and text.lstrip()[:1] in ("{", "[")):
        return JsonTable(text, name, encoding, by_line=extension in JSON_LINES)
    return DelimitedTable(text, name, "\t" if extension == ".tsv" else None, header, encoding)
