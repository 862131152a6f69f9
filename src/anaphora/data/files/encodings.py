"""Detection of encodings, and of files that are not text."""

from __future__ import annotations

import codecs
import io
import re
from encodings import aliases
from typing import NamedTuple

from anaphora.errors import UsageError, closest


class FileFormat(NamedTuple):
    """A format of files that are not text: their first bytes, the name of the format, and the remedy."""

    start: bytes
    name: str
    remedy: str


_FORMATS = (
    (b"\x1f\x8b", "a gzip archive", "unpack it first, for example with gunzip, or let its name end in .gz"),
    (b"PK\x03\x04", "a zip archive (or a .docx, .xlsx or .epub file)", "save its contents as plain text or CSV first"),
    (b"%PDF-", "a PDF document", "extract its text first, for example with pdftotext"),
    (b"\x89PNG", "a PNG picture", "use a text file"),
    (b"\xff\xd8\xff", "a JPEG picture", "use a text file"),
    (b"\x7fELF", "a compiled program", "use a text file"),
    (b"PAR1\x15", "a Parquet file", "let its name end in .parquet"),
    (b"ARROW1\0\0", "an Arrow (Feather) file", "let its name end in .feather"),
    (b"BZh", "a bzip2 archive", "unpack it first, for example with bunzip2, or let its name end in .bz2"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first, for example with unxz, or let its name end in .xz"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first, for example with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first, for example with 7z x"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", "let its name end in .xls if it is a table"),
)

_MARKS = (  # longer marks first: the mark of UTF-32 begins with the mark of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_HIGH_RUNS = re.compile(b"[\x80-\xff]+")
_IMPLAUSIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\uff61-\uff9f]"
)  # half-width katakana: another encoding read as Shift JIS
_IMPLAUSIBLE_SHARE = 1 / 50
_ISOLATED_SHARE = 0.6  # of the bytes above 127, in text with accented letters among plain letters


def not_text(raw: bytes) -> FileFormat | None:
    """Return the format whose first bytes begin these bytes; None if they may be text."""
    return next((FileFormat(*each) for each in _FORMATS if raw.startswith(each[0])), None)


def check_encoding(encoding: str) -> None:
    """Raise UsageError, naming the nearest, unless `encoding` is a text encoding."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # also raises LookupError for codecs such as base64
    except LookupError as error:
        near = closest(encoding, set(aliases.aliases.values()))
        hint = f"did you mean {near.replace('_', '-')}?" if near else "common ones are utf-8, utf-16, cp1252, latin-1."
        raise UsageError(f"There is no text encoding {encoding!r}: {hint}") from error


def likely_encoding(raw: bytes) -> str | None:
    """Return the probable encoding of bytes by marks, zero bytes and trial decoding; None if they do not look like
    text.
    """
    if marked := marked_encoding(raw):
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


def marked_encoding(raw: bytes) -> str | None:
    """Return the encoding whose byte order mark begins the bytes; the mark of UTF-8 is ignored."""
    return next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)
