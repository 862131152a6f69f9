"""A text, split into a training part and a held-out part.

Corpus = train + held_out        the end of the text is held out, or a separate file
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.text import Text, open_texts
from anaphora.data.progress import reporting
from anaphora.data.taken import Taken
from anaphora.errors import UsageError
from anaphora.formatting import counted


@dataclass(frozen=True)
class TextCorpus:
    """The split text; `sha256` is the digest of both parts as UTF-8, with a zero byte between them."""

    train: Text
    held_out: Text
    sources: tuple[str, ...]
    sha256: str
    held_out_sha256: str
    taken: Taken | None = field(default=None, kw_only=True)
    test: Text | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        """The sources in words."""
        names = ["standard input" if source == STANDARD_INPUT else source for source in self.sources]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "the text"


def read_corpus(paths: Sequence[str | Path], valid: float | str, encoding: str) -> TextCorpus:
    """Read texts of any length, `-` for standard input, and split them.

    Raises DataError for a text that cannot be read, UsageError for a share outside 0 … 1.
    """
    text = open_texts(list(paths), encoding)
    sources = tuple(str(path) for path in paths)
    if isinstance(valid, str):
        return of_parts(text, open_texts([valid], encoding), (*sources, valid), encoding, apart=True)
    return split_corpus(text, valid, *sources, encoding=encoding)


def split_corpus(text: str | Text, valid: float | str, *sources: str, encoding: str = "") -> TextCorpus:
    """Hold out the end of a text, which files `sources` held in an encoding.

    Raises UsageError if `valid` is not a share between 0 and 1.
    """
    if isinstance(valid, str) or not 0 < valid < 1:
        raise UsageError(f"--valid takes a file, or a share of the text between 0 and 1; it was given {valid}.")
    text = Text.of(text) if isinstance(text, str) else text
    edge = round(len(text) * (1 - valid))
    return of_parts(text[:edge], text[edge:], sources, encoding)


def of_parts(
    train: Text, held_out: Text, sources: tuple[str, ...], encoding: str = "", apart: bool = False
) -> TextCorpus:
    """Return the corpus of two texts, after a pass over both that computes their digests and counts their lines;
    `apart` says that the last of the sources is the held-out text.
    """
    whole, end = hashlib.sha256(), hashlib.sha256()
    lines, last = 0, "\n"
    for block in reporting(train.blocks(), len(train), "hashing the training part"):
        whole.update(block.encode())
        lines, last = lines + block.count("\n"), block[-1]
    if apart:
        lines, last = lines + (last != "\n"), "\n"
    whole.update(b"\0")
    for block in reporting(held_out.blocks(), len(held_out), "hashing the held-out part"):
        whole.update(block.encode())
        end.update(block.encode())
        lines, last = lines + block.count("\n"), block[-1]
    roles = {"text": sources[:-1], "held out": sources[-1:]} if apart else {}
    layout = _layout(len(train) + len(held_out), sources)
    taken = Taken(sources, layout, encoding, lines + (last != "\n"), "line", roles)
    return TextCorpus(train, held_out, sources, whole.hexdigest(), end.hexdigest(), taken=taken)


def _layout(characters: int, sources: Sequence[str]) -> str:
    files = f" in {len(sources):,} files" if len(sources) > 1 else ""
    return f"plain text of {counted(characters, 'character')}{files}"


def sha256_of(text: Text) -> str:
    """Return the digest of a text as UTF-8; it identifies the held-out part of a corpus."""
    seen = hashlib.sha256()
    for block in text.blocks():
        seen.update(block.encode())
    return seen.hexdigest()
