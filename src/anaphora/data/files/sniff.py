"""The first bytes of text files, and the encoding of all files, for a quick look at the data."""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.data.files.encodings import likely_encoding
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.text import read_text
from anaphora.errors import DataError, UsageError

_HEAD_BYTES = 2**20  # bytes of each file


def heads_of(files: Sequence[str]) -> list[bytes]:
    """Return the first bytes of files, each without an incomplete last line.

    Raises DataError for a file that cannot be read, UsageError for standard input, which cannot be read twice.
    """
    if STANDARD_INPUT in files:
        raise UsageError("A config is suggested from files: training could not read standard input a second time.")
    return [_head(file) for file in files]


def encoding_of(files: Sequence[str], heads: Sequence[bytes]) -> str:
    """Return the one encoding of all files, by their first bytes.

    Raises DataError for files in different encodings, or for a file that is not text.
    """
    likely = {file: likely_encoding(head) for file, head in zip(files, heads, strict=True)}
    found = {encoding for encoding in likely.values() if encoding is not None}
    ascii_alone = {file for file, head in zip(files, heads, strict=True) if head.isascii()}
    if len({likely[file] for file in likely if file not in ascii_alone}) > 1:
        listing = ", ".join(f"{file} {encoding or 'not text'}" for file, encoding in likely.items())
        raise DataError(f"The files have different encodings ({listing}): convert them to one encoding, best UTF-8.")
    for file, encoding in likely.items():
        if encoding is None:
            read_text(file)  # raises the error
    return next((encoding for encoding in found if encoding != "utf-8"), "utf-8")


def _head(file: str) -> bytes:
    """Return the first bytes of a file without an incomplete last line."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except OSError:
        read_text(file)  # raises the best message
        raise
    if not head:
        read_text(file)
    return head if len(head) < _HEAD_BYTES else head[: head.rfind(b"\n") + 1] or head
