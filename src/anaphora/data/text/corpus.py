"""A text, split into a training part, a held-out part, and a test part if wanted.

Corpus = train + held_out + test        the end of the text is set aside, or separate files
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from anaphora.data.examples import checked_share
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.text import Text, open_texts
from anaphora.data.parts import share_of_test, test_paths, valid_paths
from anaphora.data.progress import reporting
from anaphora.data.taken import Taken
from anaphora.formatting import counted

_TAKES = "a file, or a share of the text"


@dataclass(frozen=True)
class TextCorpus:
    """The split text; `sha256` is the digest of all parts as UTF-8, with a zero byte between them."""

    train: Text
    held_out: Text
    sources: tuple[str, ...]
    sha256: str
    held_out_sha256: str
    taken: Taken | None = field(default=None, kw_only=True)
    test: Text | None = field(default=None, kw_only=True)
    test_sha256: str | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        """The sources in words."""
        names = ["standard input" if source == STANDARD_INPUT else source for source in self.sources]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "the text"


def read_corpus(
    paths: Sequence[str | Path], valid: float | str, encoding: str, test: float | str | None = None
) -> TextCorpus:
    """Read texts of any length, `-` for standard input, and split them.

    Raises DataError for a text that cannot be read, UsageError for a share outside 0 … 1 and for shares that leave
    nothing to train on.
    """
    text = open_texts(list(paths), encoding)
    held_out = valid_paths(valid) if isinstance(valid, str) else []
    tested = test_paths(test) if isinstance(test, str) else []
    own = {name: tuple(files) for name, files in (("held out", held_out), ("test", tested)) if files}
    others = {name: open_texts(files, encoding) for name, files in own.items()}
    return _split(text, valid, test, others, tuple(map(str, paths)), encoding, own)


def split_corpus(
    text: str | Text, valid: float | str, *sources: str, encoding: str = "", test: float | str | None = None
) -> TextCorpus:
    """Hold out the end of a text, which files `sources` held in an encoding: the test part is the last.

    Raises UsageError if a share is not between 0 and 1, or if the shares leave nothing to train on.
    """
    return _split(Text.of(text) if isinstance(text, str) else text, valid, test, {}, sources, encoding, {})


def _split(
    text: Text,
    valid: float | str,
    test: float | str | None,
    others: Mapping[str, Text],
    sources: tuple[str, ...],
    encoding: str,
    own: Mapping[str, tuple[str, ...]],
) -> TextCorpus:
    """Return the corpus of a text; `others` are the texts of the parts with files of their `own`."""
    share = 0.0 if "held out" in others else checked_share(valid, _TAKES)
    tested = share_of_test(test, _TAKES, share, files="test" in others)
    first, last = (round(len(text) * (1 - apart)) for apart in (share + tested, tested))
    held_out = others.get("held out", text[first:last])
    ending = others.get("test", text[last:] if tested else None)
    return of_parts(text[:first], held_out, sources, encoding, own, ending)


def of_parts(
    train: Text,
    held_out: Text,
    sources: tuple[str, ...],
    encoding: str = "",
    own: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    test: Text | None = None,
) -> TextCorpus:
    """Return the corpus of texts, after a pass over all that computes their digests and counts their lines; `own` are
    the files of the parts that have their own.
    """
    whole, digests = hashlib.sha256(), []
    lines, last = 0, "\n"
    for name, text in (("training", train), ("held-out", held_out), *((("test", test),) if test is not None else ())):
        digest, ends = hashlib.sha256(), name.replace("-", " ") in own
        if name != "training":
            whole.update(b"\0")
        if ends:
            lines, last = lines + (last != "\n"), "\n"
        for block in reporting(text.blocks(), len(text), f"hashing the {name} part"):
            encoded = block.encode()
            whole.update(encoded)
            digest.update(encoded)
            lines, last = lines + block.count("\n"), block[-1]
        digests.append(digest.hexdigest())
    roles = {"text": sources, **own} if own else {}
    every = (*sources, *(file for files in own.values() for file in files))
    layout = _layout(len(train) + len(held_out) + (0 if test is None else len(test)), every)
    taken = Taken(every, layout, encoding, lines + (last != "\n"), "line", roles)
    return TextCorpus(
        train,
        held_out,
        every,
        whole.hexdigest(),
        digests[1],
        taken=taken,
        test=test,
        test_sha256=digests[2] if test is not None else None,
    )


def _layout(characters: int, sources: Sequence[str]) -> str:
    files = f" in {len(sources):,} files" if len(sources) > 1 else ""
    return f"plain text of {counted(characters, 'character')}{files}"


def sha256_of(text: Text) -> str:
    """Return the digest of a text as UTF-8; it identifies the held-out part of a corpus."""
    seen = hashlib.sha256()
    for block in text.blocks():
        seen.update(block.encode())
    return seen.hexdigest()
