"""Lines with a word and its tag, in CoNLL columns and in CoNLL-U.

A layout says which fields of a line are the word and the tag, and which lines have no word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from anaphora.errors import DataError, closest

CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
WORD_NUMBER, _NO_WORD_NUMBER = re.compile(r"\d+"), re.compile(r"\d+-\d+|\d+\.\d+")
_DOCUMENT = "-DOCSTART-"
_MOST_WRONG = 1000


class ColumnChoice(Protocol):
    """The user's choice of format and columns; None means the default."""

    @property
    def format(self) -> str:
        """`auto`, `columns`, `conllu` or `json`."""

    @property
    def token(self) -> str | None:
        """The column of words."""

    @property
    def tag(self) -> str | None:
        """The column of tags."""

    @property
    def encoding(self) -> str:
        """The text encoding of the file."""


class MalformedLine(NamedTuple):
    """A malformed line, and a message about it."""

    line: int
    message: str


class WordLine(NamedTuple):
    """A line with a word: all its fields, and the fields of the word and the tag (None without a tag)."""

    line: int
    fields: list[str]
    token: str
    tag: str | None


class WordLayout:
    """The layout of a line: its number of fields, and the positions of the word and the tag."""

    def __init__(self, width: int, token: int, tag: int | None, tabs: bool, conllu: bool) -> None:
        self.width, self.token, self.tag, self.tabs, self.conllu = width, token, tag, tabs, conllu

    def sentences(self, lines: Iterable[tuple[int, str]], wrong: list[MalformedLine]) -> Iterator[list[WordLine]]:
        """Yield the words of each sentence; a malformed line is skipped and recorded in `wrong`."""
        words: list[WordLine] = []
        for number, line in lines:
            word = self.word(number, line, bool(words), wrong)
            if word is not None:
                words.append(word)
            elif words and self.ends(line):
                yield words
                words = []
        if words:
            yield words

    def ends(self, line: str) -> bool:
        """Return whether a line separates sentences."""
        return not line.strip(" \t\r") or (not self.conllu and line.startswith(_DOCUMENT))

    def word(self, number: int, line: str, inside: bool, wrong: list[MalformedLine]) -> WordLine | None:
        """Return the word of a line, or None if the line has no word."""
        if self.ends(line):
            return None
        fields = self.fields(line)
        if self.conllu:
            if line.startswith("#") or _NO_WORD_NUMBER.fullmatch(fields[0]):
                return None
            if len(fields) == self.width and not WORD_NUMBER.fullmatch(fields[0]):
                record(wrong, number, f"{fields[0][:20]!r} is not a word number; expected 1, 2, … or 1-2, or 1.1.")
                return None
        elif line.startswith("#") and not inside and len(fields) != self.width:
            return None
        if len(fields) != self.width:
            record(
                wrong,
                number,
                f"{len(fields)} fields, expected {self.width} as in the first: {line[:60]!r}. Fields stand between"
                f" {'tabs' if self.tabs else 'blanks'}; a blank line ends a sentence.",
            )
            return None
        token, tag = fields[self.token], None if self.tag is None else fields[self.tag]
        if not token or tag == "":
            record(wrong, number, f"{'no word' if not token else f'{token[:20]!r} has no tag'}: a field is empty.")
            return None
        return WordLine(number, fields, token, tag)

    def fields(self, line: str) -> list[str]:
        """Return the fields of a line without its line end."""
        line = line.rstrip("\r")
        return line.split("\t") if self.tabs else re.split("[ \t]+", line.strip(" \t"))


def columns(data: ColumnChoice, first: str, tagged: bool = True) -> WordLayout:
    """Return the layout of a file in the format `columns` whose first line with a word is `first`.

    Raises DataError if a named column does not exist.
    """
    tabs = "\t" in first.strip(" \t\r")
    plain = WordLayout(0, 0, None, tabs, False)
    width = len(plain.fields(first))
    token = _number(data.token or "1", width, "--token")
    if not tagged:
        return WordLayout(width, token, None, tabs, False)
    if width < 2:
        raise DataError(
            f"The first line with a word has one field, {first.strip()[:60]!r}; expected a word and its"
            " tag, separated by a tab or spaces."
        )
    return WordLayout(width, token, _number(data.tag or "-1", width, "--tag"), tabs, False)


def conllu(data: ColumnChoice, tagged: bool = True) -> WordLayout:
    """Return the layout of CoNLL-U; raises DataError for an unknown field."""
    token, tag = (_field(name, option) for name, option in ((data.token or "FORM", "--token"),
                                                            (data.tag or "UPOS", "--tag")))  # fmt: skip
    return WordLayout(len(CONLLU), token, tag if tagged else None, True, True)


def _field(name: str, option: str) -> int:
    if name.upper() in CONLLU:
        return CONLLU.index(name.upper())
    if name.lstrip("-").isdigit():
        return _number(name, len(CONLLU), option)
    near = closest(name.upper(), CONLLU)
    raise DataError(
        f"CoNLL-U has no field {name!r} ({option}). It has: {', '.join(CONLLU)}."
        f"{f' Did you mean {near}?' if near else ''}"
    )


def _number(name: str, width: int, option: str) -> int:
    """Return the index of a column given by its number, from 1, or from -1 backwards."""
    number = int(name) if name.lstrip("-").isdigit() else 0
    if not 1 <= abs(number) <= width:
        raise DataError(
            f"There is no column {name!r} ({option}): the first line with a word has {width} fields, 1 to {width}; -1"
            " is the last."
        )
    return number - 1 if number > 0 else width + number


def may_be_word(line: str) -> bool:
    """Return whether a line may have a word: it is not blank, a comment, or -DOCSTART-."""
    return bool(line.strip()) and not line.startswith(("#", _DOCUMENT))


def record(wrong: list[MalformedLine], line: int, message: str) -> None:
    """Add a malformed line to `wrong`, up to the first thousand."""
    if len(wrong) < _MOST_WRONG:
        wrong.append(MalformedLine(line, message))
