"""Pages, pictures and configs whose last line is a seal: it tells whether anyone changed the file since it was written.

seal = SHA-256 of all lines above it, in a comment of the file's language
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from anaphora.files import atomic
from anaphora.files.outputs import Kind

MAKER = "anaphora"  # in the metadata of a picture that is not text
_MADE = {  # how such a picture begins, and its maker in its metadata
    ".png": (b"\x89PNG\r\n\x1a\n", b"Software\0" + MAKER.encode()),
    ".pdf": (b"%PDF-", b"/Creator (" + MAKER.encode() + b")"),
}
_SEAL = "anaphora wrote the lines above; their SHA-256 is {}"
_WORDS = _SEAL.format("").encode()
_COMMENTS = {".toml": "# {}"}  # of other files: a comment of HTML and SVG
_FOUND = re.compile(rb"(?:<!-- |# )" + _SEAL.format("([0-9a-f]{64})").encode() + rb"(?: -->)?\n?\Z")
_PAGE_OF_EARLIER_VERSIONS = (
    b'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="content-security-policy" content="'
)


def write(path: str | os.PathLike[str], text: str) -> None:
    """Write a text and its seal, atomically; raises UsageError as `atomic.write` does."""
    whole = text if text.endswith("\n") else f"{text}\n"
    comment = _COMMENTS.get(Path(path).suffix, "<!-- {} -->")
    seal = comment.format(_SEAL.format(hashlib.sha256(whole.encode()).hexdigest()))
    atomic.write(path, [f"{whole}{seal}\n".encode()])


def unchanged(path: str | os.PathLike[str]) -> bool | None:
    """Return whether the lines of a file are those that were sealed; None if the file has no seal."""
    content = Path(path).read_bytes()
    found = _FOUND.search(content)
    return None if found is None else hashlib.sha256(content[: found.start()]).hexdigest().encode() == found[1]


def _begins(path: Path, *beginnings: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PAGE_OF_EARLIER_VERSIONS)).lower().startswith(beginnings)


def _page(path: Path) -> bool:
    if not _begins(path, b"<!doctype html"):
        return False
    intact = unchanged(path)
    return _begins(path, _PAGE_OF_EARLIER_VERSIONS) if intact is None else intact


def _picture(path: Path) -> bool:
    return _begins(path, b"<svg", b"<?xml") and unchanged(path) is True


def _drawing(path: Path) -> bool:
    content = path.read_bytes()
    return any(content.startswith(begins) and maker in content for begins, maker in _MADE.values())


def _changed(path: Path) -> bool:
    return _WORDS in path.read_bytes() and unchanged(path) is not True


PAGE = Kind("a page that anaphora wrote", _page, endings=(".html", ".htm"), changed=_changed)
PICTURE = Kind("a picture that anaphora wrote", _picture, endings=(".svg",), changed=_changed)
DRAWING = Kind("a picture that anaphora wrote", _drawing, endings=tuple(_MADE))
_KINDS = {ending: kind for kind in (PAGE, PICTURE, DRAWING) for ending in kind.endings}
CHART_ENDINGS = (*PICTURE.endings, *DRAWING.endings)


def of(path: str | os.PathLike[str], endings: tuple[str, ...] = tuple(_KINDS)) -> Kind:
    """Return the kind of a page or a picture by the ending of its name, which must be one of `endings`."""
    return _KINDS.get(Path(path).suffix.lower(), PAGE)._replace(endings=endings)
