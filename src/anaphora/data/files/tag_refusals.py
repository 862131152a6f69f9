"""Layouts of words and tags that are not read, each with the way to convert it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from anaphora.data.files.sources import ending
from anaphora.errors import DataError

_COLUMNS = {",": "commas", ";": "semicolons"}
_MARKS = ",;:="


class _Refused(NamedTuple):
    """A layout: how a file is known by its ending and its first line, what it is, and how it is converted."""

    holds: Callable[[str, str], bool]
    name: str
    remedy: str


_REFUSED = (
    _Refused(
        lambda extension, _: extension == ".ann",
        "annotations of brat",
        "`python tools/anntoconll.py a.txt` of brat writes a.conll; train on it with --token 4 --tag 1",
    ),
    _Refused(
        lambda _, first: first.startswith("#FORMAT=WebAnno"),
        "a TSV of WebAnno or INCEpTION",
        "export the document as CoNLL 2002 or CoNLL-U there",
    ),
    _Refused(
        lambda extension, first: (
            extension in (".xml", ".xmi", ".tei", ".tcf") or first.startswith(("<?xml", "<!DOCTYPE"))
        ),
        "XML",
        "write a word, a tab and its tag per line, and a blank line after each sentence",
    ),
    _Refused(
        lambda extension, _: extension == ".spacy",
        "a DocBin of spaCy",
        "write JSON Lines from Python: {'text': doc.text, 'entities': [[e.start_char, e.end_char, e.label_], …]}",
    ),
)


def refuse(path: str, head: Sequence[str]) -> None:
    """Raise DataError, with the name of the layout and the way to convert it, for a file that is not read."""
    extension, first = ending(path), next(filter(str.strip, head), "").lstrip("\ufeff ")
    for refused in _REFUSED:
        if refused.holds(extension, first):
            raise DataError(f"'{path}' is {refused.name}, which is not read; {refused.remedy}.")


def refuse_marked_words(path: str, first: str, mark: str) -> None:
    """Raise DataError for lines with one word and its tag behind a mark, and blank lines between the sentences."""
    raise DataError(
        f"'{path}' has one word per line, with its tag after {mark!r}: {first[:60]!r}. Put a tab between word and"
        f" tag, for example with `sed 's{_between(mark)}\\(.*\\){mark}{_between(mark)}\\1\\t{_between(mark)}' FILE`."
    )


def _between(mark: str) -> str:
    """Return a character that separates the parts of a `sed` command, and is not the mark."""
    return "#" if mark == "/" else "/"


def refuse_marks(words: Sequence[str]) -> None:
    """Raise DataError for lines without blanks whose fields stand between other marks, without a line of names."""
    for mark in _MARKS:
        counts = {line.count(mark) for line in words}
        begin = f"The first line with a word is {words[0].strip()[:60]!r}: "
        if mark in _COLUMNS and len(counts) == 1 and counts != {0}:
            names = mark.join(["word", *(f"x{number}" for number in range(2, max(counts) + 1)), "tag"])
            raise DataError(
                f"{begin}its fields stand between {_COLUMNS[mark]}, and no line names the"
                f" columns. Add the names, for example with `sed -i '1i {names}' FILE`, and end the name in .csv."
            )
        if all(all(line.strip().rpartition(mark)[::2]) for line in words):
            raise DataError(
                f"{begin}its tag stands after {mark!r}. Put a tab between word and tag, for example with"
                f" `sed 's/\\(.*\\){mark}/\\1\\t/' FILE`."
            )
