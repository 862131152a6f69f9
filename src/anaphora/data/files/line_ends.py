"""Line ends: LF and CR LF end a line; CR alone ends a line only if there is no LF at all, as on old Macs.

CR CR LF, which a program writes that converts line ends twice, is one line end; so is a CR at the end of a file, whose
LF was cut off. Any other CR is a character of its line, and so are U+0085, U+2028, the vertical tab and the form feed.
An editor counts the lines in the same way.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from anaphora.data.files.sources import Source


def are_cr(source: Source, encoding: str) -> bool:
    """Return whether CR alone ends the lines of a source, because no LF occurs in it; False if it cannot be decoded."""
    if are_bytes(encoding):
        return not any(b"\n" in block for block in source.blocks())
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    try:
        return not any("\n" in decoder.decode(block) for block in source.blocks())
    except UnicodeError:
        return False


def are_bytes(encoding: str) -> bool:
    """Return whether the byte 10 is LF wherever it occurs, so that lines are found before they are decoded.

    >>> are_bytes("utf-8"), are_bytes("cp1252"), are_bytes("utf-16"), are_bytes("cp500")
    (True, True, False, False)
    """
    try:
        return b"\n".decode(encoding) == "\n"
    except UnicodeError:
        return False


class LineFeeds:
    """Text in pieces, whose line ends become LF; `cr` says whether CR alone ends a line."""

    def __init__(self, cr: bool) -> None:
        self.end = "\r" if cr else "\n"
        self._held = ""

    def read(self, text: str, last: bool) -> str:
        """Return a piece with LF as its line ends; CRs at the end of a piece belong to the next piece."""
        if self.end == "\r":
            return text.replace("\r", "\n")
        text = self._held + text
        body = text.rstrip("\r")
        self._held, ends = text[len(body) :], body
        if last and self._held:
            ends, self._held = f"{body}\n", ""
        while "\r\r\n" in ends:
            ends = ends.replace("\r\r\n", "\r\n")
        return ends.replace("\r\n", "\n")


def numbered(blocks: Iterable[bytes], cr: bool) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes of each line, without its end; LF and CR are single bytes."""
    end, kept, number = (b"\r" if cr else b"\n"), b"", 0
    for block in blocks:
        *lines, kept = (kept + block).split(end)
        for line in lines:
            number += 1
            yield number, line if cr else line.rstrip(b"\r")
    if kept:
        yield number + 1, kept.rstrip(b"\r")
