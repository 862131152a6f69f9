"""Tables in binary files: Parquet and Arrow, which polars reads, and Excel and OpenDocument sheets."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from anaphora.data.files.sources import Source, ending
from anaphora.data.files.tables import NumberedRow, Table
from anaphora.data.nanoseconds import exact
from anaphora.errors import DataError, MissingExtra, UsageError

_POLARS = {".parquet": "Parquet", ".feather": "Arrow", ".arrow": "Arrow", ".ipc": "Arrow"}
_SHEETS = {".xlsx": "Excel", ".xlsm": "Excel", ".xlsb": "Excel", ".xls": "Excel", ".ods": "OpenDocument"}
ENDINGS = (*_POLARS, *_SHEETS)
_EXACT = 2**53  # whole numbers below it are exact in floating point
LAYOUTS = tuple(sorted({*_POLARS.values(), *_SHEETS.values()}))


class FrameTable(Table):
    """A table with types; of a file with several sheets the first sheet."""

    unit = "row"

    def __init__(self, source: Source, extension: str, header: bool = True) -> None:
        """Raises DataError for a file that cannot be read, MissingExtra if a package that reads it is missing."""
        self.name, self.layout = source.name, {**_POLARS, **_SHEETS}[extension]
        self._first, self.may_lack_names = 1, extension in _SHEETS
        try:
            if extension in _POLARS:
                self._frame = _frame(source, extension)
            else:
                self._frame, sheets = _sheet(source, header)
                if len(sheets) > 1:
                    self.layout += f", the first of {len(sheets)} sheets ('{sheets[0]}')"
                    self.other_sheets = (
                        f"only the first sheet, '{sheets[0]}', is read: move the sheet with the table before it, or"
                        " save that sheet as CSV"
                    )
                self._first += header
        except MissingExtra:
            raise
        except Exception as error:
            what = str(error).partition("\n")[0].rstrip(".")
            raise DataError(f"{self.name} cannot be read as {_kind(extension)}: {what}.") from error
        self._frame = _plain_numbers(_flat(self._frame))
        self._frame = self._frame.with_columns([exact(column) for column in self._frame.get_columns()])
        self.columns = tuple(self._frame.columns)

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row, numbered from 1; those of a sheet as a spreadsheet program numbers them."""
        return enumerate(self._frame.select(list(columns)).iter_rows(), self._first)


def refuse_encoding(paths: Sequence[str]) -> None:
    """Raise UsageError if an encoding was named for binary files alone."""
    kinds = [{**_POLARS, **_SHEETS}.get(ending(path)) for path in paths]
    if kinds and None not in kinds:
        named = " and ".join(dict.fromkeys(filter(None, kinds)))
        raise UsageError(f"--encoding has no effect on files of this layout ({named}): leave it out.")


def _flat(frame: Any) -> Any:
    """Return a frame with a column for every field of a column of objects, by its dotted name."""
    while any(hasattr(kind, "fields") for kind in frame.schema.values()):
        columns = {}
        for name, kind in frame.schema.items():
            column = frame.get_column(name)
            parts = {f"{name}.{part.name}": column.struct.field(part.name) for part in getattr(kind, "fields", ())}
            columns.update(parts or {name: column})
        frame = type(frame)(columns)
    return frame


def _plain_numbers(frame: Any) -> Any:
    """Return a frame with floating-point numbers in place of decimal numbers, which have a type of their own."""
    import polars

    return frame.with_columns(polars.col(polars.Decimal).cast(polars.Float64))


def _whole_numbers(frame: Any) -> Any:
    """Return a sheet's frame with whole numbers as such: a sheet stores 1 as 1.0."""
    import polars

    floats = (frame.get_column(name) for name, kind in frame.schema.items() if kind == polars.Float64)
    whole = [column for column in floats if ((column == column.floor()) & (column.abs() < _EXACT)).all()]
    return frame.with_columns([column.cast(polars.Int64) for column in whole])


def _kind(extension: str) -> str:
    return {**_POLARS, **_SHEETS}[extension]


def _frame(source: Source, extension: str) -> Any:
    try:
        import polars
    except ImportError as error:
        raise MissingExtra("train", f"reading {source.name}", missing="polars") from error
    read = polars.read_parquet if extension == ".parquet" else polars.read_ipc
    return read(io.BytesIO(source.whole()))


def _sheet(source: Source, header: bool) -> tuple[Any, list[str]]:
    """Return the first sheet, and the names of all."""
    try:
        import fastexcel
        import polars  # noqa: F401 — fastexcel converts to its frames
    except ImportError as error:
        raise MissingExtra("excel", f"reading {source.name}", missing="fastexcel") from error
    book = fastexcel.read_excel(source.whole())
    frame = _whole_numbers(book.load_sheet(0, header_row=0 if header else None).to_polars())
    if not header:
        frame.columns = [str(number) for number in range(1, 1 + frame.width)]
    return frame, book.sheet_names
