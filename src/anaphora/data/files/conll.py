"""Sentences with a tag for each word, in the three forms they are kept in.

    columns    a word per line, fields between tabs or blanks, a blank line between sentences (CoNLL-2000, -2002, -2003)
    conllu     the ten columns of Universal Dependencies; lines of several words (1-2) and of none (1.1) are no words
    json       an object per sentence with lists of words and of tags; or a table with two columns of lists

In columns, a line -DOCSTART- ends a sentence and is none itself; one that begins with # and has not as many fields as
the others is a comment. Everything is told by file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.tables import Table, read_table
from anaphora.data.files.text import STANDARD_INPUT, read_text
from anaphora.data.location import Row
from anaphora.errors import DataError, closest

CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
TOKENS = ("tokens", "words", "token", "word", "form", "text", "sentence")
TAGS = ("tags", "ner_tags", "pos_tags", "labels", "upos", "pos", "ner", "tag", "label")
_TABLES = (".jsonl", ".ndjson", ".json", ".parquet")
_WORD, _NO_WORD = re.compile(r"\d+"), re.compile(r"\d+-\d+|\d+\.\d+")
_DOCUMENT = "-DOCSTART-"
_MOST_WRONG = 1000


class Columns(Protocol):
    """Where a word and its tag stand, as a person may set it; None: as is usual."""

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
        """How the file's bytes are characters."""


@dataclass(frozen=True)
class Sentences:
    """Words and tags of sentences, and the line that each word stands in."""

    tokens: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    lines: tuple[tuple[int, ...], ...]
    files: tuple[str, ...]  # of each sentence

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def words(self) -> int:
        """How many there are."""
        return sum(map(len, self.tokens))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(B,) words of each."""
        return np.array([len(row) for row in self.tokens], dtype=np.int64)

    def place(self, row: int, word: int = 0) -> Row:
        """Where a word stands."""
        return Row(self.files[row], self.lines[row][word] if self.lines[row] else 0)

    def at(self, row: int) -> str:
        """Where a sentence begins, in words."""
        file, line = self.place(row)
        return f"'{file}', line {line}" if file else f"sentence {line}"

    def take(self, rows: Sequence[int]) -> Sentences:
        """Some sentences."""
        tokens, tags, lines, files = (
            tuple(part[row] for row in rows) for part in (self.tokens, self.tags, self.lines, self.files)
        )
        return Sentences(tokens, tags, lines, files)  # type: ignore[arg-type]

    @staticmethod
    def joined(several: Sequence[Sentences]) -> Sentences:
        """All of them, one after another."""
        parts = zip(*((each.tokens, each.tags, each.lines, each.files) for each in several), strict=True)
        return Sentences(*(tuple(row for part in parts_of for row in part) for parts_of in parts))

    @staticmethod
    def of(tokens: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> Sentences:
        """Sentences in memory, numbered from 1."""
        lines = tuple((number,) * max(1, len(row)) for number, row in enumerate(tokens, 1))
        return Sentences(tuple(map(tuple, tokens)), tuple(map(tuple, tags)), lines, ("",) * len(lines))


class Wrong(NamedTuple):
    """A line that is none."""

    line: int
    message: str


class Word(NamedTuple):
    """A word's line: what stands in it, and which of its fields are the word and the tag (None: it has no tag)."""

    line: int
    fields: list[str]
    token: str
    tag: str | None


def kind_of(name: str, wanted: str, first: str) -> str:
    """The form of a file: as wanted, by its ending, or as its first line that is not blank looks."""
    if wanted != "auto":
        return wanted
    ending = Path(name).suffix.lower()
    if ending in _TABLES or (name == STANDARD_INPUT and first.lstrip()[:1] in ("{", "[")):
        return "json"
    if ending == ".conllu":
        return "conllu"
    fields = first.split("\t")
    return "conllu" if len(fields) == len(CONLLU) and _WORD.match(fields[0]) else "columns"


def read_sentences(path: str, data: Columns, encoding: str | None = None) -> Sentences:
    """The sentences of one file.

    Raises DataError for what cannot be read, naming the line.
    """
    found, wrong = look(path, data, encoding)
    if wrong:
        more = f" (and {len(wrong) - 1:,} lines more)" if len(wrong) > 1 else ""
        raise DataError(f"'{path}', line {wrong[0].line}: {wrong[0].message}{more}")
    return found


def look(path: str, data: Columns, encoding: str | None = None) -> tuple[Sentences, list[Wrong]]:
    """The sentences of one file, and the lines that are none; raises DataError if nothing of it can be read."""
    if data.format == "json" or (data.format == "auto" and Path(path).suffix.lower() in _TABLES):
        return _of_table(read_table(path, encoding or data.encoding), path, data)
    text = read_text(path, encoding or data.encoding)
    first = next(filter(_may_be_word, text.split("\n")), "")
    kind = kind_of(path, data.format, first)
    if kind == "json":
        raise DataError("JSON on standard input: write it into a file that ends in .jsonl.")
    wrong: list[Wrong] = []
    layout = conllu(data) if kind == "conllu" else columns(data, first)
    tokens, tags, lines = list[tuple[str, ...]](), list[tuple[str, ...]](), list[tuple[int, ...]]()
    for sentence in layout.sentences(enumerate(text.split("\n"), 1), wrong):
        tokens.append(tuple(word.token for word in sentence))
        tags.append(tuple(word.tag or "" for word in sentence))
        lines.append(tuple(word.line for word in sentence))
    return Sentences(tuple(tokens), tuple(tags), tuple(lines), (path,) * len(tokens)), wrong


class Layout:
    """How a line is a word: which of its fields are the word and its tag, which number -1 may be the last of."""

    def __init__(self, width: int, token: int, tag: int | None, tabs: bool, conllu: bool) -> None:
        self.width, self.token, self.tag, self.tabs, self.conllu = width, token, tag, tabs, conllu

    def sentences(self, lines: Iterable[tuple[int, str]], wrong: list[Wrong]) -> Iterator[list[Word]]:
        """The words of each sentence; what is wrong with a line is added to `wrong`, and the line left out."""
        words: list[Word] = []
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
        """Whether a line stands between sentences."""
        return not line.strip(" \t\r") or (not self.conllu and line.startswith(_DOCUMENT))

    def word(self, number: int, line: str, inside: bool, wrong: list[Wrong]) -> Word | None:
        """The word of a line, if it is one."""
        if self.ends(line):
            return None
        fields = self.fields(line)
        if self.conllu:
            if line.startswith("#") or _NO_WORD.fullmatch(fields[0]):
                return None
            if len(fields) == self.width and not _WORD.fullmatch(fields[0]):
                _add(wrong, number, f"{fields[0][:20]!r} is no number of a word; expected 1, 2, … or 1-2, or 1.1.")
                return None
        elif line.startswith("#") and not inside and len(fields) != self.width:
            return None
        if len(fields) != self.width:
            _add(
                wrong,
                number,
                f"{len(fields)} fields, expected {self.width} as in the first: {line[:60]!r}. Fields stand between"
                f" {'tabs' if self.tabs else 'blanks'}; a blank line ends a sentence.",
            )
            return None
        token, tag = fields[self.token], None if self.tag is None else fields[self.tag]
        if not token or tag == "":
            _add(wrong, number, f"{'no word' if not token else f'{token[:20]!r} has no tag'}: a field is empty.")
            return None
        return Word(number, fields, token, tag)

    def fields(self, line: str) -> list[str]:
        """The fields of a line, without what ends it."""
        line = line.rstrip("\r")
        return line.split("\t") if self.tabs else re.split("[ \t]+", line.strip(" \t"))


def columns(data: Columns, first: str, tagged: bool = True) -> Layout:
    """The layout of a file of columns whose first word stands in this line.

    Raises DataError if it has not the columns that are named.
    """
    tabs = "\t" in first.strip(" \t\r")
    plain = Layout(0, 0, None, tabs, False)
    width = len(plain.fields(first))
    token = _number(data.token or "1", width, "--token")
    if not tagged:
        return Layout(width, token, None, tabs, False)
    if width < 2:
        raise DataError(
            f"The first line with a word has one field, {first.strip()[:60]!r}; expected a word and its tag, with a tab"
            " or blanks between them."
        )
    return Layout(width, token, _number(data.tag or "-1", width, "--tag"), tabs, False)


def conllu(data: Columns, tagged: bool = True) -> Layout:
    """The layout of CoNLL-U; raises DataError for a field that it has not."""
    token, tag = (_field(name, option) for name, option in ((data.token or "FORM", "--token"),
                                                            (data.tag or "UPOS", "--tag")))  # fmt: skip
    return Layout(len(CONLLU), token, tag if tagged else None, True, True)


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
    """A column by its number, from 1, or from -1 backwards."""
    number = int(name) if name.lstrip("-").isdigit() else 0
    if not 1 <= abs(number) <= width:
        raise DataError(
            f"There is no column {name!r} ({option}): the first line with a word has {width} fields, 1 to {width}; -1"
            " is the last."
        )
    return number - 1 if number > 0 else width + number


def _of_table(table: Table, path: str, data: Columns) -> tuple[Sentences, list[Wrong]]:
    names = [_column(table, data.token, TOKENS, "--token"), _column(table, data.tag, TAGS, "--tag")]
    tokens, tags, lines = list[tuple[str, ...]](), list[tuple[str, ...]](), list[tuple[int, ...]]()
    wrong: list[Wrong] = []
    for number, values in table.rows(names):
        try:
            row = [listed(value, name) for value, name in zip(values, names, strict=True)]
            if len(row[0]) != len(row[1]):
                raise DataError(f"{len(row[0])} words and {len(row[1])} tags; expected a tag for each word.")
            if "" in row[1]:
                raise DataError(f"the tag of word {row[1].index('') + 1} is empty.")
        except DataError as error:
            _add(wrong, table.place(number)[1], str(error))
            continue
        tokens.append(row[0])
        tags.append(row[1])
        lines.append((table.place(number)[1],) * max(1, len(row[0])))
    return Sentences(tuple(tokens), tuple(tags), tuple(lines), (path,) * len(tokens)), wrong


def listed(value: Any, name: str) -> tuple[str, ...]:
    """A list of words or tags; numbers are taken as they are written. Raises DataError for anything else."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise DataError(f"'{name}' is {str(value)[:60]!r}; expected a list of texts.")
    for item in value:
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise DataError(f"'{name}' holds {str(item)[:60]!r} ({type(item).__name__}); expected texts.")
    return tuple(map(str, value))


def _column(table: Table, named: str | None, usual: Sequence[str], option: str) -> str:
    if named is not None:
        return table.need(named)
    plain = {column.strip().lower(): column for column in reversed(table.columns)}
    found = next((plain[name] for name in usual if name in plain), None)
    if found is None:
        raise DataError(
            f"{table.name}: none of its columns is called {usual[0]}; there are: {', '.join(table.columns)}. Name one"
            f" with {option}."
        )
    return found


def _may_be_word(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("#", _DOCUMENT))


def _add(wrong: list[Wrong], line: int, message: str) -> None:
    if len(wrong) < _MOST_WRONG:
        wrong.append(Wrong(line, message))
