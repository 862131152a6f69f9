"""Lines from files or a pipe, in batches, without waiting for lines that have not arrived.

A batch has the available lines, up to `most`: a long file comes in large batches, and the lines of a terminal or a slow
program come one by one. Only one batch is in memory.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import select
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from anaphora.data.files import frames
from anaphora.data.files.encodings import marked_encoding, not_text
from anaphora.data.files.folders import read_tables
from anaphora.data.files.line_ends import are_bytes
from anaphora.data.files.piped import Pipe
from anaphora.data.files.reading import AS_DEFAULT, Reading
from anaphora.data.files.sources import STANDARD_INPUT, ending, open_source, plain_name
from anaphora.data.files.tables import Table
from anaphora.errors import DataError, UsageError

MOST = 256
_READ = 2**16  # bytes
_JSON = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv", ".json", *frames.ENDINGS)


class InputLine(NamedTuple):
    """A line without its end, and its location; `json` says whether it should be an object."""

    where: str
    text: bytes
    json: bool
    encoding: str = "utf-8"


def batches(
    paths: Sequence[str | os.PathLike[str]],
    reading: Reading = AS_DEFAULT,
    most: int = MOST,
    plain: bool = False,
    check: Callable[[Table], None] = lambda table: None,
) -> Iterator[list[InputLine]]:
    """Yield the lines of files, or of standard input for `-` or without paths.

    The rows of a table or of a folder of texts come as JSON objects, unless `plain` asks for the lines of all files;
    `check` raises DataError for a table that lacks a column. Lines of standard input are objects if the first line that
    is not blank is an object; blank lines among objects are left out, as in training. Raises DataError for a file that
    cannot be read, UsageError if there is no standard input.
    """
    for path in paths or [STANDARD_INPUT]:
        extension = ending(path)
        if os.fspath(path) == STANDARD_INPUT:
            if sys.stdin is None:
                raise UsageError("Standard input (-) was named, but this process has none: name a file.")
            yield from _lines(_blocks(sys.stdin.buffer), "standard input", None, reading.encoding, most)
        elif not plain and (extension in _TABLES or os.path.isdir(path)):
            for table in read_tables([path], *reading):
                check(table)
                yield from of_table(table, most)
        else:
            is_json = extension in _JSON and not plain
            yield from _lines(_file_blocks(os.fspath(path)), f"'{os.fspath(path)}'", is_json, reading.encoding, most)


def _file_blocks(path: str) -> Iterator[bytes | None]:
    if plain_name(path) != Path(path):
        yield from open_source(path).blocks()
        return
    try:
        opened = open(path, "rb", buffering=0)  # noqa: SIM115 — closed below
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror or error}.{_hint_for_a_text(path)}") from error
    with opened as file:
        yield from _blocks(file)


def _hint_for_a_text(name: str) -> str:
    """Return a hint for a text that was given in place of a file name."""
    echo = f" A text itself goes through standard input: echo {shlex.quote(name)} | anaphora run …"
    return echo if " " in name else ""


def _lines(
    blocks: Iterator[bytes | None], name: str, is_json: bool | None, encoding: str, most: int
) -> Iterator[list[InputLine]]:
    number, batch = 0, list[InputLine]()
    bytewise = are_bytes(encoding) and codecs.lookup(encoding).name != "utf-8-sig"
    of_line = encoding if bytewise else "utf-8"
    pipe = Pipe() if is_json is None else None
    for text in lines_in(_text_alone(blocks, name, encoding), encoding):
        if text is None:
            if batch:
                yield batch
                batch = []
            continue
        number += 1
        if number == 1 and of_line == "utf-8":
            text = text.removeprefix(codecs.BOM_UTF8)
        if pipe is not None:
            pipe.check(text.decode(of_line, "replace"), f"{name}, line {number},")
        if is_json is None and text.strip():
            is_json = _is_object(text)
            batch = [] if is_json else batch
        if is_json and not text.strip():
            continue
        batch.append(InputLine(f"{name}, line {number}", text, bool(is_json), of_line))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def arrived_lines(file: BinaryIO | io.RawIOBase, encoding: str = "utf-8") -> Iterator[bytes | None]:
    """Yield lines without their ends, and None if the next line has not arrived."""
    return lines_in(_blocks(file), encoding)


def lines_in(blocks: Iterator[bytes | None], encoding: str) -> Iterator[bytes | None]:
    """Yield the lines of bytes that arrive in blocks, without their ends, and None for each None among the blocks.

    A line ends as in a file: where no LF occurs up to the end, CR alone ends a line.
    """
    pieces: list[bytes] = []  # of a line whose end has not arrived
    fed = False  # whether LF has occurred
    for block in blocks if are_bytes(encoding) else _as_utf8(blocks, encoding):
        if block is None:
            yield None
            continue
        first, *rest = block.split(b"\n")
        pieces.append(first)
        for line in rest:
            fed = True
            yield b"".join(pieces).rstrip(b"\r")
            pieces = [line]
    last = b"".join(pieces)
    if last:
        yield from [last.rstrip(b"\r")] if fed else last.removesuffix(b"\r").split(b"\r")


def _text_alone(blocks: Iterator[bytes | None], name: str, encoding: str) -> Iterator[bytes | None]:
    """Yield the blocks; raises DataError if the first bytes are those of a file that is not text."""
    checked = False
    for block in blocks:
        if block and not checked:
            checked = True
            if kind := not_text(block):
                raise DataError(f"{name} is {kind.name}, not text: {kind.remedy}.")
            if are_bytes(encoding) and (marked := marked_encoding(block)):
                raise DataError(
                    f"{name} begins with the byte order mark of {marked}, not {encoding}: add --encoding {marked}."
                )
            if 0 in block and are_bytes(encoding):
                raise DataError(f"{name} looks like binary data: it has a NUL character at byte {block.index(0)}.")
        yield block


def _blocks(file: BinaryIO | io.RawIOBase) -> Iterator[bytes | None]:
    """Yield bytes as they arrive, and None before waiting for the next."""
    waits = _can_wait(file)
    while True:
        if waits and not select.select([file], [], [], 0)[0]:
            yield None
        block = file.read1(_READ) if isinstance(file, io.BufferedReader) else file.read(_READ)
        if not block:
            return
        yield block


def _as_utf8(blocks: Iterator[bytes | None], encoding: str) -> Iterator[bytes | None]:
    """Yield the blocks of an encoding with wide characters as UTF-8; raises DataError if they cannot be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            yield None if block is None else decoder.decode(block).encode()
        yield decoder.decode(b"", True).encode()
    except UnicodeError as error:
        raise DataError(f"The input is not {encoding} text ({error}): name its encoding with --encoding.") from error


def _can_wait(file: BinaryIO | io.RawIOBase) -> bool:
    try:
        file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return False
    return True


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def of_table(table: Table, most: int = MOST) -> Iterator[list[InputLine]]:
    """Yield the rows of a table as JSON objects."""
    batch: list[InputLine] = []
    for number, values in table.rows(table.columns):
        item = dict(zip(table.columns, values, strict=True))
        batch.append(InputLine(table.at(number), json.dumps(item, ensure_ascii=False, default=str).encode(), True))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
