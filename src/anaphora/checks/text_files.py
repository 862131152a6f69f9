"""Checks of text files and their lines; each file is read once, block by block, at any size.

A file that `anaphora.data.files.decoding` refuses gets one error here, with the lines at fault. A file that decodes may
still be wrong: it may have lost characters, or show the signs of another encoding. Pipes are not checked, because a
pipe can be read only once.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from anaphora.checks.findings import Finding
from anaphora.data.files import line_ends
from anaphora.data.files.decoding import decoded
from anaphora.data.files.encodings import check_encoding, likely_encoding, marked_encoding, not_text
from anaphora.data.files.sources import Source, open_source
from anaphora.data.location import Location
from anaphora.errors import DataError
from anaphora.formatting import as_sentence, problem_and_remedy

_SAMPLE = 2**20  # bytes
_ROWS = 1000
_LOST, _MARK, _RETURN = "\ufffd", "\ufeff", "\r"
# UTF-8 that was read as cp1252 or latin-1: the two bytes of é become Ã©, the three bytes of ’ become â€™.
_MISREAD = re.compile("[\u00c2\u00c3][\u0080-\u00aa\u00ac-\u00ba\u00bc-\u00bf\u20ac\u2122]|\u00e2[\u20ac\u0080].")
_MISREAD_LEAST = 2
_REPAIRS = ("cp1252", "latin-1")
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
        source = open_source(file)
        cr = line_ends.are_cr(source, encoding)
    except DataError as error:
        return [_from(error, "no-file", file)]
    blocks, signs = _FileBytes(source, file, encoding, cr), _DamagedLines()
    try:
        for text in decoded(blocks.read(), encoding, source.name, cr):
            signs.look(text)
    except DataError as error:
        return [_refused(source, file, encoding, error, cr)]
    return [*blocks.findings(), *signs.strays(file), *([] if blocks.is_utf8 else signs.findings(file))]


class _FileBytes:
    """The bytes of a file, and statistics of the bytes before decoding."""

    def __init__(self, source: Source, file: str, encoding: str, cr: bool) -> None:
        self.file, self.encoding = file, encoding
        self._source, self._cr_alone = source, cr
        codec = codecs.lookup(encoding).name
        self._wide = codec.startswith(_WIDE)
        self._as_utf8 = None if self._wide or codec in ("utf-8", "ascii") else codecs.getincrementaldecoder("utf-8")()
        self._beyond_ascii = self._marked = False
        self._crlf = self._cr = self._lf = self._doubled = 0
        self._end = b""  # the last two bytes

    @property
    def is_utf8(self) -> bool:
        """Whether bytes that were read in another encoding are UTF-8 beyond ASCII."""
        return self._as_utf8 is not None and self._beyond_ascii

    def read(self) -> Iterator[bytes]:
        """Yield the blocks."""
        for block in self._source.blocks():
            self._marked |= not (self._end or self._wide) and block.startswith(codecs.BOM_UTF8)
            self._crlf += block.count(b"\r\n") + (self._end[-1:] == b"\r" and block[:1] == b"\n")
            self._doubled += (self._end + block).count(b"\r\r\n")
            self._cr += block.count(b"\r")
            self._lf += block.count(b"\n")
            self._end = (self._end + block)[-2:]
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
        is_cut = self._lf > 0 and self._end[-1:] == b"\r"
        odd, plain = self._cr if self._cr_alone else self._crlf + is_cut, self._lf - self._crlf
        if odd and not self._wide:
            message = (
                f"{odd:,} lines end in CR LF or CR{f', {plain:,} in LF' if plain else ''}: all line ends are"
                " read as LF."
            )
            if self._doubled:
                message += (
                    f" {self._doubled:,} of them end in CR CR LF, as after two conversions: that is one line end, too."
                )
            if is_cut:
                message += " The file ends in a CR without its LF: the end of the file may be missing."
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
        self._lines: dict[str, list[int]] = {"cr": [], "lost": [], "mark": [], "misread": []}
        self._counts = dict.fromkeys(self._lines, 0)
        self._held = self._example = ""
        self._repairs = {codec: codecs.getincrementaldecoder("utf-8")() for codec in _REPAIRS}

    def look(self, text: str) -> None:
        """Examine the next block."""
        if _RETURN in text:
            self._note("cr", text, 0, [match.start() for match in re.finditer(_RETURN, text)])
        if not text.isascii():
            self._note("lost", text, 0, [match.start() for match in re.finditer(_LOST, text)] if _LOST in text else [])
            self._note("mark", text, 0, [match.start() for match in re.finditer(_MARK, text)] if _MARK in text else [])
        self._try_repairs(text)
        held = self._held + text  # the signs of one character may be split between blocks
        if not held.isascii() and any(sign in held for sign in "\u00c2\u00c3\u00e2"):
            matches = [match for match in _MISREAD.finditer(held) if match.end() > len(self._held)]
            self._example = self._example or (matches[0][0] if matches else "")
            self._note("misread", held, len(self._held), [match.start() for match in matches])
        self._line += text.count("\n")
        self._held = held[-2:]

    def _try_repairs(self, text: str) -> None:
        """Drop each encoding that does not turn the text so far back into UTF-8."""
        for codec, decoder in list(self._repairs.items()):
            if text.isascii() and not decoder.getstate()[0]:
                continue
            try:
                decoder.decode(text.encode(codec))
            except UnicodeError:
                del self._repairs[codec]

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

    def strays(self, file: str) -> list[Finding]:
        """Return a finding on CRs that end no line."""
        if not (strays := self._counts["cr"]):
            return []
        message = (
            f"CR (carriage return) occurs {_times(strays)} inside a line: the lines of this file end in LF, so such a"
            " CR ends no line, and is read as a character."
        )
        remedy = "If it should end a line, replace it by LF; else remove it."
        rows = tuple(Location(file, line) for line in self._lines["cr"])
        return [Finding("stray-return", "warning", file, rows, message, remedy)]

    def findings(self, file: str) -> list[Finding]:
        """Return findings on characters that indicate damage."""
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
            codec = next(iter(self._repairs), None)
            message = (
                f"The text contains characters such as {self._example!r}, which appear when UTF-8 is decoded as"
                f" {codec or ' or '.join(_REPAIRS)}."
            )
            remedy = "Export the file again from its source" + (
                f", or repair the text with text.encode('{codec}').decode('utf-8')."
                if codec
                else ": no encoding repairs the text as a whole, because other characters of the text are right."
            )
            found.append(Finding("misread-encoding", "warning", file, rows["misread"], message, remedy))
        return found


def _refused(source: Source, file: str, encoding: str, error: DataError, cr: bool) -> Finding:
    """Return a finding on a file that is not text, with the lines at fault."""
    head = next(source.blocks(), b"")
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
    if not_text(head):
        return _from(error, "binary", file)
    if codec.startswith(_WIDE) or marked_encoding(head):
        return _from(error, "wrong-encoding", file)
    bad, whole, controls, total = _lines(source, codec, cr)
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
    subject, found = "These lines are" if len(rows) > 1 else "This line is", _encoding_of(source, bad, codec, cr)
    remedy = f"{subject} probably {found}: convert the text to {encoding}, or remove it."
    return Finding("mixed-encoding", "error", file, rows, message, remedy)


def _encoding_of(source: Source, lines: Sequence[int], codec: str, cr: bool) -> str:
    """Return the encoding of some lines of a file; with too few bytes, the encoding that is mixed in most often."""
    wanted = set(lines)
    numbered = line_ends.numbered(source.blocks(), cr)
    broken = b"\n".join(line for number, line in numbered if number in wanted)[:_SAMPLE]
    likely = likely_encoding(broken)
    certain = likely is not None and codecs.lookup(likely).name != codec
    return str(likely) if certain and sum(byte > 127 for byte in broken) >= _CERTAIN else "cp1252"


def _lines(source: Source, codec: str, cr: bool) -> tuple[list[int], int, list[int], int]:
    """Return the first lines that do not decode, the number of lines beyond ASCII that do, the first lines with control
    characters, and the number of all lines.
    """
    bad: list[int] = []
    controls: list[int] = []
    whole = number = 0
    for number, line in line_ends.numbered(source.blocks(), cr):
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


def _from(error: DataError, code: str, file: str, rows: tuple[Location, ...] = ()) -> Finding:
    problem, remedy = problem_and_remedy(str(error))
    if not remedy:
        problem, remedy = map(as_sentence, str(error).partition(": ")[::2])
    return Finding(code, "error", file, rows, problem, remedy)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
