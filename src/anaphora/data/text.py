"""Text from a file or from standard input, read whole: Unicode with ``\\n`` at every line end.

A byte order mark at the start is dropped; ``\\r\\n`` and a lone ``\\r`` become ``\\n``, as Python's own text files
do. Nothing else is changed and no undecodable byte is ever replaced: a file that is not text in the named encoding is
refused, and the message says at which byte and line, and what the encoding probably is.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections.abc import Sequence
from encodings import aliases
from pathlib import Path

from anaphora.errors import DataError, UsageError, closest

STANDARD_INPUT = "-"

_MARKS = (  # the longer mark first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMATS = (
    (b"\x1f\x8b", "a gzip archive", "unpack it first, for example with gunzip"),
    (b"PK\x03\x04", "a zip archive (or a .docx, .odt or .epub file)", "save its contents as plain text first"),
    (b"%PDF-", "a PDF document", "extract its text first, for example with pdftotext"),
    (b"\x89PNG", "a PNG picture", "bring a text file"),
    (b"\xff\xd8\xff", "a JPEG picture", "bring a text file"),
    (b"\x7fELF", "a compiled program", "bring a text file"),
)
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1a\x1c-\x1f]"
)  # not tab, line feed, \v, \f, \r, and not escape (terminal logs)
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_HIGH_RUNS = re.compile(b"[\x80-\xff]+")
_CONTROL_SHARE = 1 / 1000  # a stray control character is a symbol like any other; more of them are not text
_IMPLAUSIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\uff61-\uff9f]"
)  # half-width katakana: another code read as Shift JIS
_IMPLAUSIBLE_SHARE = 1 / 50
_ISOLATED_SHARE = 0.6  # of the bytes above 127, in text where accented letters stand among plain ones


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """Return the text of one file, or of standard input for ``-``.

    Raises DataError when the file is missing, unreadable, a folder, empty, binary or not in ``encoding``, and
    UsageError when no such encoding exists.
    """
    _check_encoding(encoding)
    name = "standard input" if os.fspath(path) == STANDARD_INPUT else f"'{os.fspath(path)}'"
    raw = _read_bytes(path, name)
    if not raw:
        raise DataError(f"{name} is empty (0 bytes): expected some text")
    for start, what, remedy in _FORMATS:
        if raw.startswith(start):
            raise DataError(f"{name} is {what}, not text: {remedy}")
    text = _decode(raw, encoding, name)
    _refuse_binary(text, raw, encoding, name)
    text = text.removeprefix("\ufeff")
    if not text:
        raise DataError(f"{name} holds a byte order mark and nothing else: expected some text")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def read_texts(paths: Sequence[str | os.PathLike[str]], encoding: str = "utf-8") -> list[str]:
    """Return the text of each file, in the order given; ``-`` may stand once. Raises as :func:`read_text` does."""
    names = [os.fspath(path) for path in paths]
    if not names:
        raise UsageError("no text was named: give one or more files, or - for standard input")
    if names.count(STANDARD_INPUT) > 1:
        raise UsageError("standard input (-) was named more than once, but it can be read only once")
    return [read_text(name, encoding) for name in names]


def likely_encoding(raw: bytes) -> str | None:
    """Guess the encoding of bytes from marks, zero bytes and trial decoding; None when they do not look like text."""
    if marked := _marked(raw):
        return marked
    zeros_even, zeros_odd = raw[0::2].count(0), raw[1::2].count(0)
    if max(zeros_even, zeros_odd) > len(raw) // 8:
        trials = ["utf-16-le" if zeros_odd > zeros_even else "utf-16-be"]
    elif zeros_even or zeros_odd:
        return None
    else:
        loose = raw.decode("utf-8", "replace")
        if len(_BEYOND_ASCII.findall(loose)) > loose.count("\ufffd"):
            return "utf-8"
        high = _HIGH_RUNS.findall(raw)
        isolated = sum(len(run) == 1 for run in high) >= _ISOLATED_SHARE * sum(len(run) for run in high)
        trials = ["utf-8", "cp1252", "latin-1"] if isolated else ["shift_jis", "gb18030", "cp1251", "cp1252", "latin-1"]
    for trial in trials:
        try:
            text = raw.decode(trial)
        except UnicodeDecodeError:
            continue
        if len(_IMPLAUSIBLE.findall(text)) <= _IMPLAUSIBLE_SHARE * len(text):
            return trial
    return None


def _marked(raw: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)


def _check_encoding(encoding: str) -> None:
    try:
        io.TextIOWrapper(
            io.BytesIO(), encoding
        )  # LookupError also for codecs that are no text encoding, such as base64
    except LookupError as error:
        near = closest(encoding, set(aliases.aliases.values()))
        hint = f"did you mean {near.replace('_', '-')}?" if near else "common ones are utf-8, utf-16, cp1252, latin-1"
        raise UsageError(f"unknown text encoding {encoding!r}: {hint}") from error


def _read_bytes(path: str | os.PathLike[str], name: str) -> bytes:
    if os.fspath(path) == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("standard input (-) was named, but this process has none: name a file")
        return sys.stdin.buffer.read()
    file = Path(path)
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{name} does not exist: expected a text file{_neighbour(file)}") from error
    except IsADirectoryError as error:
        raise DataError(f"{name} is a folder: name the text files in it, for example '{file / '*.txt'}'") from error
    except PermissionError as error:
        raise DataError(f"{name} may not be read by you (permission denied): check it with ls -l") from error
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from error


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return f", but not even its folder '{file.parent}' exists"
    try:
        near = closest(file.name, os.listdir(file.parent))
    except PermissionError:
        return ""
    return f"; did you mean '{file.with_name(near)}'?" if near else f" in the folder '{file.parent.resolve()}'"


def _decode(raw: bytes, encoding: str, name: str) -> str:
    codec = codecs.lookup(encoding).name
    if codec == "utf-8" and (marked := _marked(raw)):
        raise DataError(f"{name} begins with the byte order mark of {marked}, not utf-8: add --encoding {marked}")
    try:
        text = raw.decode(codec)
        text.encode()  # utf-7 and its like can decode to half a surrogate pair, which is no text
        return text
    except UnicodeDecodeError as error:
        line = raw[: error.start].decode(codec, "replace").count("\n") + 1
        found = " ".join(f"{byte:02X}" for byte in raw[error.start : max(error.end, error.start + 1)][:4])
        where = f"{name} is not {encoding} text: at byte {error.start}, line {line}, {found} is no character"
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        where = f"{name} is not {encoding} text: at character {error.start}, line {line}, a surrogate stands alone"
    likely = likely_encoding(raw)
    if likely is None:
        raise DataError(f"{where}; it looks like binary data: bring a text file")
    if codecs.lookup(likely).name == codec:
        raise DataError(f"{where}, though the rest reads well: repair or remove that place")
    raise DataError(f"{where}; the file is probably {likely}: add --encoding {likely}")


def _refuse_binary(text: str, raw: bytes, encoding: str, name: str) -> None:
    first = _CONTROLS.search(text)
    if first is None or ("\0" not in text and len(_CONTROLS.findall(text)) <= _CONTROL_SHARE * len(text)):
        return
    at = text.find("\0") if "\0" in text else first.start()
    kind = f"the control character U+{ord(text[at]):04X}" if text[at] != "\0" else "a NUL character"
    byte, line = len(text[:at].encode(encoding)), text.count("\n", 0, at) + 1
    likely = likely_encoding(raw)
    other = likely is not None and codecs.lookup(likely) != codecs.lookup(encoding)
    remedy = f"it is probably {likely}: add --encoding {likely}" if other else "bring a text file"
    raise DataError(f"{name} looks like binary data: {kind} at byte {byte}, line {line}; {remedy}")
