"""Labelled texts in files, as a table with the columns `text` and `label`.

    folder/sub-folder/*        a sub-folder is a label, a file in it a row
    folder/*.txt               a file is a label, a line in it a row
    a.txt b.txt …              the same for files that are named one by one

The label of a file is its name without extension. Empty lines at the end of a file are no rows.
"""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from anaphora.data.files import frames
from anaphora.data.files.labelled_data import ENDINGS as SERIES_ENDINGS
from anaphora.data.files.labelled_data import read_labelled
from anaphora.data.files.own import refuse_own
from anaphora.data.files.passed_over import passed_over
from anaphora.data.files.sources import STANDARD_INPUT, ending, plain_name
from anaphora.data.files.table_files import ENDINGS, read_table, refuse_format, refuse_page
from anaphora.data.files.tables import NumberedRow, Table
from anaphora.data.files.text import read_text
from anaphora.errors import DataError, UsageError

_SEEN, _FEWEST = 1000, 4  # lines that show columns: at most, at least
_WHAT = "expected a sub-folder of text files per label, or a text file per label"


class LabelledFiles(Table):
    """Text files whose names, or whose folders' names, are labels."""

    columns = ("text", "label")

    def __init__(self, name: str, files: Sequence[tuple[str, Path]], lines: bool, encoding: str) -> None:
        """Prepare a table; `files` are labels with a file each; `lines` says that a row is a line rather than a whole
        file.
        """
        self.name, self._files, self._lines, self.encoding = name, list(files), lines, encoding
        self.layout = "a text file per label, a row per line" if lines else "a folder per label, a row per file"
        self._starts: list[int] = []  # the number of the first row of each file

    def rows(self, columns: Sequence[str]) -> Iterator[NumberedRow]:
        """Yield every row, numbered through all files."""
        picks = [self.columns.index(column) for column in columns]
        number = 1
        for file, (label, path) in enumerate(self._files):
            if file == len(self._starts):
                self._starts.append(number)
            for text in self._texts(path):
                row = (text, label)
                yield number, tuple([row[pick] for pick in picks])
                number += 1

    def place(self, number: int) -> tuple[str, int]:
        """Return the file of a row, and its line in the file."""
        file = bisect.bisect_right(self._starts, number) - 1
        return str(self._files[file][1]), number - self._starts[file] + 1

    def at(self, number: int) -> str:
        """Return the location of a row in words."""
        file, line = self.place(number)
        return f"'{file}', line {line}"

    def _texts(self, path: Path) -> list[str]:
        text = read_text(path, self.encoding) if path.stat().st_size else ""
        return text.rstrip("\n").split("\n") if self._lines else [text]


def read_tables(
    paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8", header: bool = True, layout: str = ""
) -> list[Table]:
    """Open all named data: tables, folders of text, or text files with one label each; `layout` is that of a model's
    training data.

    Raises UsageError if no data are named, DataError as `read_table` does and for a folder without texts.
    """
    if not paths:
        raise UsageError("No data were named: name a table (CSV, TSV, JSONL, Parquet) or a folder of text files.")
    tables: list[Table] = []
    texts: list[Path] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            tables += _folder(path, encoding, layout)
        elif (table := read_labelled(given, encoding, header, layout)) is not None:
            tables.append(table)
        elif ending(path) in ENDINGS or os.fspath(given) == STANDARD_INPUT:
            tables.append(read_table(given, encoding, header))
        else:
            refuse_format(path)
            refuse_page(path)
            texts.append(path)
    if texts:
        for path in texts:
            if not path.exists():
                read_text(path, encoding)  # the error names a similar file
        if not layout:
            _refuse_columns(texts, encoding)
        labelled = [(plain_name(path).stem, path) for path in texts]
        tables.append(LabelledFiles("the text files", labelled, True, encoding))
    return tables


def text_files(paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Return every text file that these paths include, except empty files in a label's folder, which are empty rows."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files, lines, _ = _files(path)
            found += [file for _, file in files if lines or not file.is_file() or file.stat().st_size]
        elif ending(path) not in frames.ENDINGS:
            found.append(path)
    return found


def _folder(folder: Path, encoding: str, layout: str) -> list[Table]:
    files, lines, others = _files(folder)
    _refuse_tables(folder, files, lines)
    read = [read_labelled(path, encoding, layout=layout) for _, path in files] if lines else []
    if read and None not in read:
        tables: list[Table] = [table for table in read if table is not None]
        tables[0].left_out = others
        return tables
    for _, path in files:
        if path.is_dir():
            raise DataError(f"'{path}' is a folder inside a label's folder; in '{folder}' {_WHAT}.")
    if not files:
        raise DataError(f"The folder '{folder}' holds no texts: {_WHAT}.")
    if lines and not layout:
        _refuse_columns([path for _, path in files], encoding)
    table = LabelledFiles(f"'{folder}'", files, lines, encoding)
    table.left_out = others
    return [table]


def _refuse_columns(paths: Sequence[Path], encoding: str) -> None:
    """Raise DataError for a text file of columns: every line has the same number of tabs, two or more."""
    for path in paths:
        text = read_text(path, encoding) if path.stat().st_size else ""
        tabs = [line.count("\t") for line in itertools.islice(text.split("\n"), _SEEN) if line.strip()]
        if len(tabs) >= _FEWEST and min(tabs) == max(tabs) > 1:
            raise DataError(
                f"'{path}' has {tabs[0]} tabs in every line: it is a table of {tabs[0] + 1} columns, not the texts of"
                f" one label. Rename the file to '{plain_name(path).stem}.tsv', and name the columns with --text and"
                " --label. If the first line does not name the columns, add --no-header: they are then called 1, 2, …"
            )


def _refuse_tables(folder: Path, files: Sequence[tuple[str, Path]], lines: bool) -> None:
    """Raise DataError for a folder of tables, with the command that makes one table of them."""
    tables = [path for _, path in files if ending(path) in (*ENDINGS, *SERIES_ENDINGS)]
    if tables and lines:
        raise DataError(f"'{folder}' is a folder of tables: name the tables themselves, such as '{tables[0]}'.")
    if tables:
        raise DataError(
            f"'{tables[0]}' is a table in a label's folder. Make one table with a step per line, and add --id id:"
            ' python -c "import polars as p, pathlib; p.concat([p.read_csv(f).with_columns(id=p.lit(str(f)),'
            f" label=p.lit(f.parent.name)) for f in sorted(pathlib.Path({str(folder)!r}).glob('*/*'))])"
            ".write_csv('series.csv')\""
        )


def _files(folder: Path) -> tuple[list[tuple[str, Path]], bool, dict[str, str]]:
    """Return the files of a folder with their labels, whether a row is a line of a file, and the files that are not
    read, each with the reason.
    """
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    labels = [path for path in inside if path.is_dir()]
    if labels:
        files = [(label.name, path) for label in labels for path in sorted(label.iterdir()) if path.name[0] != "."]
        refuse_own(folder, [path for _, path in files])
        return (
            files,
            False,
            passed_over(folder, (path for path in inside if path not in labels), "in no label's folder"),
        )
    texts = [path for path in inside if ending(path) == ".txt"] or inside
    refuse_own(folder, texts)
    others = passed_over(folder, sorted({*inside} - {*texts}), "no .txt file")
    return [(plain_name(path).stem, path) for path in texts], True, others
