"""Lines from files or a pipe, in batches, without waiting for lines that have not arrived.

A batch has the available lines, up to `most`: a long file comes in large batches, and the lines of a terminal or a slow
program come one by one. Only one batch is in memory.
"""

from __future__ import annotations

import io
import json
import os
import select
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from anaphora.data.files.reading import AS_DEFAULT, Reading
from anaphora.data.files.tables import read_table
from anaphora.data.files.text import STANDARD_INPUT
from anaphora.errors import DataError, UsageError

MOST = 256
_READ = 2**16  # bytes
_JSON = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv", ".parquet", ".json")


class InputLine(NamedTuple):
    """A line without its end, and its location; `json` says whether it should be an object."""

    where: str
    text: bytes
    json: bool
    encoding: str = "utf-8"


def batches(
    paths: Sequence[str | os.PathLike[str]], reading: Reading = AS_DEFAULT, most: int = MOST, plain: bool = False
) -> Iterator[list[InputLine]]:
    """Yield the lines of files, or of standard input for `-` or without paths.

    The rows of a table come as JSON objects, unless `plain` asks for the lines of all files. Lines of standard input
    are objects if the first line that is not blank is an object. Raises DataError for a file that cannot be read,
    UsageError if there is no standard input.
    """
    for path in paths or [STANDARD_INPUT]:
        ending = Path(path).suffix.lower()
        if os.fspath(path) == STANDARD_INPUT:
            if sys.stdin is None:
                raise UsageError("Standard input (-) was named, but this process has none: name a file.")
            yield from _lines(sys.stdin.buffer, "standard input", None, reading.encoding, most)
        elif ending in _TABLES and not plain:
            yield from _rows(path, reading, most)
        else:
            try:
                opened = open(path, "rb", buffering=0)  # noqa: SIM115 — closed below
            except OSError as error:
                message = f"'{os.fspath(path)}' cannot be read: {error.strerror or error}."
                raise DataError(message + _hint_for_a_text(os.fspath(path))) from error
            with opened as file:
                yield from _lines(file, f"'{os.fspath(path)}'", ending in _JSON and not plain, reading.encoding, most)


def _hint_for_a_text(name: str) -> str:
    """Return a hint for a text that was given in place of a file name."""
    echo = f" A text itself goes through standard input: echo {shlex.quote(name)} | anaphora run …"
    return echo if " " in name else ""


def _lines(
    file: BinaryIO | io.RawIOBase, name: str, is_json: bool | None, encoding: str, most: int
) -> Iterator[list[InputLine]]:
    number, batch = 0, list[InputLine]()
    for text in arrived_lines(file):
        if text is None:
            if batch:
                yield batch
                batch = []
            continue
        number += 1
        if number == 1:
            text = text.removeprefix(b"\xef\xbb\xbf")
        if is_json is None and text.strip():
            is_json = _is_object(text)
        batch.append(InputLine(f"{name}, line {number}", text, bool(is_json), encoding))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def arrived_lines(file: BinaryIO | io.RawIOBase) -> Iterator[bytes | None]:
    """Yield lines without their ends, and None if the next line has not arrived."""
    kept = b""
    waits = _can_wait(file)
    while True:
        if waits and not select.select([file], [], [], 0)[0]:
            yield None
        block = file.read1(_READ) if isinstance(file, io.BufferedReader) else file.read(_READ)
        if not block:
            break
        *lines, kept = (kept + block).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
    if kept:
        yield kept.removesuffix(b"\r")


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


def _rows(path: str | os.PathLike[str], reading: Reading, most: int) -> Iterator[list[InputLine]]:
    table = read_table(path, reading.encoding, reading.header)
    batch: list[InputLine] = []
    for number, values in table.rows(table.columns):
        item = dict(zip(table.columns, values, strict=True))
        batch.append(InputLine(table.at(number), json.dumps(item, ensure_ascii=False, default=str).encode(), True))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
