"""Checks of text files and their lines; each file is read once, block by block, at any size.

A file that `anaphora.data.files.decoding` refuses gets one error here, with the lines at fault. A file that decodes may
still be wrong: it may have lost characters, or show the signs of another encoding. Pipes are not checked, because a
pipe can be read only once.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from anaphora.checks.findings import Finding
from anaphora.data.files.decoding import decoded
from anaphora.data.files.encodings import FORMATS, check_encoding, likely_encoding, marked_encoding
from anaphora.data.files.text import read_text
from anaphora.data.location import Location
from anaphora.errors import DataError
from anaphora.formatting import as_sentence

BLOCK = 2**20
_ROWS = 1000
_LOST, _MARK = "\ufffd", "\ufeff"
# UTF-8 that was read as cp1252 or latin-1: the two bytes of é become Ã©, the three bytes of ’ become â€™.
_MISREAD = re.compile("[\u00c2\u00c3][\u0080-\u00aa\u00ac-\u00ba\u00bc-\u00bf\u20ac\u2122]|\u00e2[\u20ac\u0080].")
_MISREAD_LEAST = 2
_CERTAIN = 32  # least number of bytes beyond ASCII that identify an encoding
_WIDE = ("utf-16", "utf-32")
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])


def check_texts(paths: Sequence[str | Path], encoding: str) -> list[Finding]:
    """Return findings on these files, which are to be read in `encoding`.

    Raises UsageError for an unknown encoding.
    """
    check_encoding(encoding)
    return [finding for path in paths for finding in check_text(path, encoding)]


def check_text(path: str | Path, encoding: str) -> list[Finding]:
    """Return findings on one file; none for standard input and other pipes."""
    file = str(path)
    if file == "-" or (Path(file).exists() and not Path(file).is_file() and not Path(file).is_dir()):
        return []
    try:
        blocks = _FileBytes(file, encoding)
    except OSError:
        try:
            read_text(file, encoding)  # raises the best message
        except DataError as error:
            return [_from(error, "no-file", file)]
        return []
    signs = _DamagedLines()
    try:
        for text in decoded(blocks.read(), encoding, f"'{file}'"):
            signs.look(text)
    except DataError as error:
        return [_refused(file, encoding, error)]
    return [*blocks.findings(), *([] if blocks.is_utf8 else signs.findings(file))]


class _FileBytes:
    """The bytes of a file, and statistics of the bytes before decoding."""

    def __init__(self, file: str, encoding: str) -> None:
        self.file, self.encoding = file, encoding
        codec = codecs.lookup(encoding).name
        self._wide = codec.startswith(_WIDE)
        self._as_utf8 = None if self._wide or codec in ("utf-8", "ascii") else codecs.getincrementaldecoder("utf-8")()
        self._beyond_ascii = self._marked = False
        self._crlf = self._cr = self._lf = 0
        self._open = open(file, "rb")  # noqa: SIM115 — read closes it

    @property
    def is_utf8(self) -> bool:
        """Whether bytes that were read in another encoding are UTF-8 beyond ASCII."""
        return self._as_utf8 is not None and self._beyond_ascii

    def read(self) -> Iterator[bytes]:
        """Yield the blocks."""
        last = b""
        with self._open as file:
            while block := file.read(BLOCK):
                self._marked |= not (last or self._wide) and block.startswith(codecs.BOM_UTF8)
                self._crlf += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
                self._cr += block.count(b"\r")
                self._lf += block.count(b"\n")
                last = block[-1:]
                if self._as_utf8 is not None and not self._decodes(block):
                    self._as_utf8 = None
                yield block

    def _decodes(self, block: bytes) -> bool:
        assert self._as_utf8 is not None
        self._beyond_ascii |= not block.isascii()
        try:
            self._as_utf8.decode(block)
        except UnicodeDecodeError:
            return False
        return True

    def findings(self) -> list[Finding]:
        """Return findings on the bytes."""
        found = []
        if self._marked:
            found.append(
                Finding(
                    "byte-order-mark",
                    "info",
                    self.file,
                    (),
                    "The byte order mark at the beginning of the file is dropped.",
                    "",
                )
            )
        if self._cr and not self._wide:
            odd, plain = self._crlf + (self._cr - self._crlf), self._lf - self._crlf
            message = (
                f"{odd:,} lines end in CR LF or CR{f', {plain:,} in LF' if plain else ''}: all line ends are"
                " read as LF."
            )
            found.append(Finding("line-ends", "info", self.file, (), message, "", figures={"cr": odd, "lf": plain}))
        if self.is_utf8:
            message = (
                f"The file is read as {self.encoding}, but it is valid UTF-8: characters beyond ASCII are misread."
            )
            remedy = "Add --encoding utf-8."
            found.append(Finding("misread-encoding", "warning", self.file, (), message, remedy))
        return found


class _DamagedLines:
    """Lines of a text with characters that indicate damage; the text is read from its beginning."""

    def __init__(self) -> None:
        self._line = 1
        self._lines: dict[str, list[int]] = {"lost": [], "mark": [], "misread": []}
        self._counts = dict.fromkeys(self._lines, 0)
        self._held = self._example = ""

    def look(self, text: str) -> None:
        """Examine the next block."""
        if not text.isascii():
            self._note("lost", text, 0, [match.start() for match in re.finditer(_LOST, text)] if _LOST in text else [])
            self._note("mark", text, 0, [match.start() for match in re.finditer(_MARK, text)] if _MARK in text else [])
        held = self._held + text  # the signs of one character may be split between blocks
        if not held.isascii() and any(sign in held for sign in "\u00c2\u00c3\u00e2"):
            matches = [match for match in _MISREAD.finditer(held) if match.end() > len(self._held)]
            self._example = self._example or (matches[0][0] if matches else "")
            self._note("misread", held, len(self._held), [match.start() for match in matches])
        self._line += text.count("\n")
        self._held = held[-2:]

    def _note(self, sign: str, text: str, before: int, places: Sequence[int]) -> None:
        """Record positions in a text whose first `before` characters were counted already."""
        self._counts[sign] += len(places)
        known = self._lines[sign]
        line, at = self._line - text.count("\n", 0, before), 0
        for place in places[:_ROWS]:
            line += text.count("\n", at, place)
            at = place
            if len(known) < _ROWS and known[-1:] != [line]:
                known.append(line)

    def findings(self, file: str) -> list[Finding]:
        """Return findings on the text."""
        found = []
        rows = {sign: tuple(Location(file, line) for line in lines) for sign, lines in self._lines.items()}
        if lost := self._counts["lost"]:
            message = f"U+FFFD occurs {_times(lost)}: an earlier program could not read a character there."
            remedy = "Export the file again from its source in the right encoding, or remove these lines."
            found.append(Finding("lost-character", "warning", file, rows["lost"], message, remedy))
        if marks := self._counts["mark"]:
            message = f"A byte order mark occurs {_times(marks)} inside the text, probably because files were joined."
            found.append(Finding("stray-mark", "warning", file, rows["mark"], message, "Remove U+FEFF from the file."))
        if self._counts["misread"] >= _MISREAD_LEAST:
            message = (
                f"The text contains characters such as {self._example!r}, which appear when UTF-8 is decoded as cp1252."
            )
            remedy = (
                "Export the file again from its source, or repair the text with text.encode('cp1252').decode('utf-8')."
            )
            found.append(Finding("misread-encoding", "warning", file, rows["misread"], message, remedy))
        return found


def _refused(file: str, encoding: str, error: DataError) -> Finding:
    """Return a finding on a file that is not text, with the lines at fault."""
    with open(file, "rb") as opened:
        head = opened.read(BLOCK)
    codec = codecs.lookup(encoding).name
    if not head.removeprefix(codecs.BOM_UTF8):
        return Finding(
            "empty-file",
            "error",
            file,
            (),
            "The file has no characters.",
            "Remove the file from the list, or add text to it.",
        )
    if any(head.startswith(start) for start, _, _ in FORMATS):
        return _from(error, "binary", file)
    if codec.startswith(_WIDE) or marked_encoding(head):
        return _from(error, "wrong-encoding", file)
    bad, whole, controls, total = _lines(file, codec)
    likely = likely_encoding(head)
    other = likely is not None and codecs.lookup(likely).name != codec
    if other and (not bad or str(likely).startswith(_WIDE)):
        return _from(error, "wrong-encoding", file)
    if not bad or likely is None:
        return _from(error, "binary", file, tuple(Location(file, line) for line in bad or controls))
    rows = tuple(Location(file, line) for line in bad)
    if not whole:
        return _from(error, "wrong-encoding", file, rows)
    message = (
        f"{len(rows):,} of {total:,} lines are not valid {encoding}, though {whole:,} other lines beyond ASCII are."
    )
    subject, found = "These lines are" if len(rows) > 1 else "This line is", _encoding_of(file, bad, codec)
    remedy = f"{subject} probably {found}: convert the text to {encoding}, or remove it."
    return Finding("mixed-encoding", "error", file, rows, message, remedy)


def _encoding_of(file: str, lines: Sequence[int], codec: str) -> str:
    """Return the encoding of some lines of a file; with too few bytes, the encoding that is mixed in most often."""
    wanted = set(lines)
    with open(file, "rb") as opened:
        broken = b"\n".join(line for number, line in _numbered(opened) if number in wanted)[:BLOCK]
    likely = likely_encoding(broken)
    certain = likely is not None and codecs.lookup(likely).name != codec
    return str(likely) if certain and sum(byte > 127 for byte in broken) >= _CERTAIN else "cp1252"


def _lines(file: str, codec: str) -> tuple[list[int], int, list[int], int]:
    """Return the first lines that do not decode, the number of lines beyond ASCII that do, the first lines with control
    characters, and the number of all lines.
    """
    bad: list[int] = []
    controls: list[int] = []
    whole = number = 0
    with open(file, "rb") as opened:
        for number, line in _numbered(opened):
            if len(controls) < _ROWS and len(line.translate(None, _CONTROLS)) < len(line):
                controls.append(number)
            if line.isascii():
                continue
            try:
                line.decode(codec)
                whole += 1
            except UnicodeDecodeError:
                bad.append(number)
    return bad, whole, controls, number


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their numbers; a lone CR ends a line like LF."""
    number = 0
    for line in lines:
        for part in line.rstrip(b"\r\n").split(b"\r"):
            number += 1
            yield number, part


def _from(error: DataError, code: str, file: str, rows: tuple[Location, ...] = ()) -> Finding:
    said = str(error)
    message, _, remedy = said.partition("; ") if "; " in said else said.partition(": ")
    return Finding(code, "error", file, rows, as_sentence(message), as_sentence(remedy))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
