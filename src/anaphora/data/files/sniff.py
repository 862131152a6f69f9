"""The beginnings of text files, and the encoding that they are all in: what a look costs little, and tells most of."""

from __future__ import annotations

from collections.abc import Sequence

from anaphora.data.files.encodings import likely_encoding
from anaphora.data.files.text import STANDARD_INPUT, read_text
from anaphora.errors import DataError, UsageError

_LOOKED_AT = 2**20  # bytes of each file


def heads_of(files: Sequence[str]) -> list[bytes]:
    """The first bytes of files, each without a line that is cut off.

    Raises DataError for what cannot be read, UsageError for standard input, which could not be read again.
    """
    if STANDARD_INPUT in files:
        raise UsageError("A config is guessed from files: standard input could not be read again to train on it.")
    return [_head(file) for file in files]


def encoding_of(files: Sequence[str], heads: Sequence[bytes]) -> str:
    """The one encoding in which all files can be read, as far as they were looked at.

    Raises DataError for files in different ones, or for one that is no text.
    """
    likely = {file: likely_encoding(head) for file, head in zip(files, heads, strict=True)}
    found = {encoding for encoding in likely.values() if encoding is not None}
    ascii_alone = {file for file, head in zip(files, heads, strict=True) if head.isascii()}
    if len({likely[file] for file in likely if file not in ascii_alone}) > 1:
        told = ", ".join(f"{file} {encoding or 'no text'}" for file, encoding in likely.items())
        raise DataError(f"The files are in different encodings ({told}): turn them into one, best UTF-8.")
    for file, encoding in likely.items():
        if encoding is None:
            read_text(file)  # says what is wrong
    return next((encoding for encoding in found if encoding != "utf-8"), "utf-8")


def _head(file: str) -> bytes:
    """The first bytes of a file, without a line that is cut off."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(_LOOKED_AT)
    except OSError:
        read_text(file)  # says it best
        raise
    if not head:
        read_text(file)
    return head if len(head) < _LOOKED_AT else head[: head.rfind(b"\n") + 1] or head
