"""The layouts of pairs, told apart by the ending of a file's name and by its first lines.

    a.de b.en                  parallel files, two by two
    pairs.tsv .csv .jsonl …    a table; see `anaphora.data.files.table_files`
    pairs.txt                  a text with a tab in every line: a table, whose first line names the columns only if it
                               has usual names; with `|||` in every line, a source and a target; settings of Anki
    memory.tmx                 a translation memory

A format of translators' programs that is not read is refused with the command that converts it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence

from anaphora.data.files.anki import AnkiTable, settings_of
from anaphora.data.files.barred import BARS, BarredTable
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.json_tables import JsonTable
from anaphora.data.files.pair_columns import is_first_pair, names_both
from anaphora.data.files.parallel import ParallelFiles, Side
from anaphora.data.files.sources import STANDARD_INPUT, ending, open_source, plain_name
from anaphora.data.files.table_files import ENDINGS, read_table
from anaphora.data.files.tables import Table
from anaphora.data.files.text import read_text
from anaphora.data.files.tmx import TmxTable
from anaphora.errors import DataError, UsageError

TMX = ".tmx"
_DELIMITED = {".csv": None, ".tsv": "\t"}
_WHAT = "expected two parallel files (source, then target), or a table with two columns"
_HEAD_BYTES = 2**16
_HEAD = 100  # lines that tell a layout
_KIT = "pip install translate-toolkit"
_REFUSED = {
    ".po": ("a PO catalogue", "po2tmx -l LANGUAGE {name} {stem}.tmx", _KIT),
    ".xlf": ("XLIFF", "xliff2po {name} {stem}.po && po2tmx -l LANGUAGE {stem}.po {stem}.tmx", _KIT),
    ".sgm": ("SGML", "sed -n 's:.*<seg[^>]*> *\\(.*[^ ]\\) *</seg>.*:\\1:p' {name} > {stem}.txt", ""),
}
_REFUSED |= {
    ".pot": _REFUSED[".po"],
    ".xliff": _REFUSED[".xlf"],
    ".sdlxliff": _REFUSED[".xlf"],
    ".sgml": _REFUSED[".sgm"],
}


def open_pairs(paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8", header: bool = True) -> list[Table]:
    """Open tables, and parallel files two by two.

    Raises UsageError for a file without a partner, DataError for data that cannot be read or paired.
    """
    opened = open_files(paths, encoding, header)
    tables, sides = [each for each in opened if isinstance(each, Table)], sides_of(opened)
    return [*tables, *(ParallelFiles(*pair, encoding) for pair in sides)]


def open_files(paths: Sequence[str | os.PathLike[str]], encoding: str, header: bool) -> list[Table | Side]:
    """Open every file as a table, or as one of two parallel files; raises as `open_pairs` does."""
    names = [os.fspath(path) for path in paths]
    return [open_file(name, encoding, header, alone=len(names) == 1) for name in names]


def sides_of(opened: Sequence[Table | Side]) -> list[tuple[Side, Side]]:
    """Return the parallel files two by two; raises UsageError for a file without a partner, or for no files."""
    sides = [each for each in opened if isinstance(each, Side)]
    if len(opened) == len(sides) == 1:
        raise UsageError(f"'{sides[0].path}' was named alone, and its first line has no tab: {_WHAT}")
    if len(sides) % 2 or not opened:
        raise UsageError(f"{len(sides)} files were named ({', '.join(side.path for side in sides)}): {_WHAT}")
    return list(zip(sides[::2], sides[1::2], strict=True))


def open_file(name: str, encoding: str, header: bool, alone: bool = False) -> Table | Side:
    """Open a file as a table, or else as lines; a file that is named `alone` is a table if its first line has a tab.

    Raises DataError for data that cannot be read, or that another program must convert first.
    """
    extension = ending(name)
    _refuse(name, extension)
    if extension == TMX:
        return TmxTable(name, encoding)
    if extension in ENDINGS and extension not in _DELIMITED:
        return read_table(name, encoding, header)
    text = read_text(name, encoding)
    label = "standard input" if name == STANDARD_INPUT else f"'{name}'"
    if extension in _DELIMITED:
        return _delimited(text, label, _DELIMITED[extension], header, encoding)
    if name == STANDARD_INPUT and text.lstrip()[:1] in ("{", "["):
        return JsonTable(text, label, encoding)
    if settings_of(text):
        return AnkiTable(text, label, encoding)
    head = list(itertools.islice(_filled(text), 1 if alone else _HEAD))
    if head and all(BARS in line for line in head):
        return BarredTable(text, label, encoding)
    if name == STANDARD_INPUT:
        return _delimited(text, label, None, header, encoding)
    if head and all("\t" in line for line in head):
        return DelimitedTable(text, label, "\t", header=names_both(head[0].split("\t")), encoding=encoding)
    return Side.of(name, text)


def _delimited(text: str, label: str, separator: str | None, header: bool, encoding: str) -> Table:
    """Return a table whose first line names the columns, unless it is certainly a pair, or `header` is false."""
    table = DelimitedTable(text, label, separator, header=False, encoding=encoding)
    rows = table.rows(table.columns)
    first = next(rows, None)
    if header and first is not None and not is_first_pair(first[1]):
        table = DelimitedTable(text, label, separator, encoding=encoding)
        first = next(rows, None)
    if first is None:
        raise DataError(f"{table.name} has no rows.")
    return table


def is_table(name: str, encoding: str) -> bool:
    """Return whether `open_file` opens a regular file as a table, by its name and its first lines; its other lines may
    be damaged.

    Raises DataError for a format that another program must convert first.
    """
    extension = ending(name)
    _refuse(name, extension)
    if extension == TMX or extension in ENDINGS:
        return True
    if not os.path.isfile(name):
        return False
    text = next(iter(open_source(name).blocks()), b"")[:_HEAD_BYTES].decode(encoding, "replace")
    head = list(itertools.islice(_filled(text.rpartition("\n")[0] or text), _HEAD))
    return bool(settings_of(text)) or any(head and all(mark in line for line in head) for mark in ("\t", BARS))


def _refuse(name: str, extension: str) -> None:
    """Raise DataError for a format that another program must convert first."""
    if extension not in _REFUSED:
        return
    layout, command, kit = _REFUSED[extension]
    made = command.format(name=name, stem=plain_name(name).with_suffix(""))
    raise DataError(
        f"'{name}' is {layout}, which is not read. Convert it: {made}{f' (the programs: {kit})' if kit else ''}."
    )


def _filled(text: str) -> Iterator[str]:
    """Yield the lines of a text that are not blank."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        if text[begin:end].strip():
            yield text[begin:end]
        begin = end + 1
