"""Decoding: the bytes of a file as checked characters, block by block, with ``\\n`` as the only line end.

A byte order mark at the start is dropped, and line ends become ``\\n`` (`anaphora.data.files.line_ends`). Nothing else
is changed, and no undecodable byte is replaced: bytes that are not text in the named encoding are refused.
The message names the byte, the line and the probable encoding. Characters and positions do not depend on how the bytes
are cut into blocks.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple, NoReturn

from anaphora.data.files.encodings import likely_encoding, marked_encoding, not_text
from anaphora.data.files.line_ends import LineFeeds
from anaphora.errors import DataError

_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])  # without tab, \n, \v, \f, \r and escape (terminal logs)
_ORDINARY = bytes(sorted(set(range(256)) - set(_CONTROLS)))
_CONTROL_SHARE = 1 / 1000  # a few control characters are ordinary symbols; a larger share means binary data


def decoded(
    blocks: Iterable[bytes], encoding: str, name: str, cr: bool = False, *, again: bool = False
) -> Iterator[str]:
    """Yield the text of a file's bytes; `name` is the name of the file in messages, and `cr` says whether CR alone ends
    a line.

    Raises DataError if the file is empty, binary or not in `encoding`. With `again`, the text was checked before and
    only needs to decode.
    """
    reading = _Reading(encoding, name, cr, again)
    held = b""
    for raw in blocks:
        if held:
            yield reading.text(held, last=False)
        held = raw
    if not held:
        raise DataError(f"{name} is empty (0 bytes): expected some text")
    yield reading.text(held, last=True)


class _Control(NamedTuple):
    """The first control character of a file."""

    character: str
    byte: int
    line: int
    sample: bytes  # of the file, to detect its encoding


class _Reading:
    """The state of reading one file."""

    def __init__(self, encoding: str, name: str, cr: bool, again: bool) -> None:
        self.encoding = encoding
        self.name = name
        self.again = again
        self.codec = codecs.lookup(encoding).name
        self.decoder = codecs.getincrementaldecoder(encoding)()
        self.line_feeds = LineFeeds(cr)
        self.raw = b""  # the current block
        self.first = self.last = True  # whether the current block is the first, the last
        self.bytes_before = 0  # in earlier blocks
        self.characters = 0  # including a byte order mark
        self.lines = 0
        self.controls = 0
        self.empty = True
        self.first_control: _Control | None = None

    def text(self, raw: bytes, last: bool) -> str:
        """Return the characters that a block completes; the last block triggers the final checks."""
        self.first, self.last, self.raw = self.bytes_before == 0, last, raw
        if self.first:
            self._refuse_formats()
        text = self._decoded()
        self.bytes_before += len(raw)
        if last and self.empty:
            raise DataError(f"{self.name} contains only a byte order mark: expected some text")
        if last and self.first_control is not None and self.controls > _CONTROL_SHARE * self.characters:
            self._refuse_control(self.first_control)
        return text

    def _decoded(self) -> str:
        before = self.decoder.getstate()
        begin = self.bytes_before - len(before[0])  # the decoder adds the bytes that it held back
        try:
            text = self.decoder.decode(self.raw, self.last)
        except UnicodeError as error:
            if self.first and self.codec in ("utf-16", "utf-32") and marked_encoding(self.raw) != self.codec:
                self._refuse("it begins with no byte order mark")
            if not isinstance(error, UnicodeDecodeError):
                raise
            loose = codecs.getincrementaldecoder(self.encoding)("replace")
            loose.setstate(before)
            good = loose.decode(self.raw[: max(0, error.start - len(before[0]))])
            line = self.lines + good.count(self.line_feeds.end) + 1
            found = " ".join(f"{byte:02X}" for byte in error.object[error.start : max(error.end, error.start + 1)][:4])
            self._refuse(f"at byte {begin + error.start}, line {line}, {found} is not a character")
        if not self.again:
            self._check(text, begin)
        marked = self.characters == 0 and text.startswith("\ufeff")
        self.characters += len(text)
        if marked:
            text = text[1:]
        self.empty = self.empty and not text
        return self.line_feeds.read(text, self.last)

    def _check(self, text: str, begin: int) -> None:
        """Count the lines and control characters of text that begins at byte ``begin``."""
        try:
            utf8 = self.raw if self.codec == "utf-8" else text.encode()
        except UnicodeEncodeError as error:  # utf-7 and similar codecs can decode to half a surrogate pair
            line = self.lines + text.count(self.line_feeds.end, 0, error.start) + 1
            self._refuse(f"at character {self.characters + error.start}, line {line}, a surrogate stands alone")
        if controls := utf8.translate(None, _ORDINARY):
            self._count(controls, text, begin)
        self.lines += text.count(self.line_feeds.end)

    def _count(self, controls: bytes, text: str, begin: int) -> None:
        self.controls += len(controls)
        if self.first_control is None or 0 in controls:
            at = text.index(chr(0 if 0 in controls else controls[0]))
            mark = 0 if begin == 0 else len("".encode(self.encoding))  # each new encoding begins with a mark
            byte = begin + len(text[:at].encode(self.encoding)) - mark
            line = self.lines + text.count(self.line_feeds.end, 0, at) + 1
            self.first_control = _Control(text[at], byte, line, self._sample())
        if 0 in controls:
            self._refuse_control(self.first_control)

    def _refuse_formats(self) -> None:
        if kind := not_text(self.raw):
            raise DataError(f"{self.name} is {kind.name}, not text: {kind.remedy}.")
        if self.codec == "utf-8" and (marked := marked_encoding(self.raw)):
            raise DataError(
                f"{self.name} begins with the byte order mark of {marked}, not utf-8: add --encoding {marked}."
            )

    def _refuse(self, why: str) -> NoReturn:
        where = f"{self.name} is not {self.encoding} text: {why}"
        likely = likely_encoding(self._sample())
        if likely is None:
            raise DataError(f"{where}; it looks like binary data: use a text file.")
        if codecs.lookup(likely).name == self.codec:
            raise DataError(f"{where}, but the rest is valid: repair or remove that place.")
        raise DataError(f"{where}; the file is probably {likely}: add --encoding {likely}.")

    def _refuse_control(self, control: _Control) -> NoReturn:
        what = (
            f"the control character U+{ord(control.character):04X}" if control.character != "\0" else "a NUL character"
        )
        likely = likely_encoding(control.sample)
        other = likely is not None and codecs.lookup(likely) != codecs.lookup(self.encoding)
        remedy = f"it is probably {likely}: add --encoding {likely}" if other else "use a text file"
        raise DataError(
            f"{self.name} looks like binary data: {what} at byte {control.byte}, line {control.line}; {remedy}."
        )

    def _sample(self) -> bytes:
        """Return the current block without the characters that its edges may have cut."""
        if 0 in self.raw:
            return self.raw
        begin = 0 if self.first else self.raw.find(b"\n") + 1
        end = len(self.raw) if self.last else self.raw.rfind(b"\n") + 1
        cut = self.raw[begin:end]
        return self.raw if cut.isascii() else cut  # the refused bytes may be in the last line alone
