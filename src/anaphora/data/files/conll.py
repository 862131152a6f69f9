"""Sentences with a tag for each word, in three formats.

    columns    a word per line, fields between tabs or blanks, a blank line between sentences (CoNLL-2000, -2002, -2003)
    conllu     the ten columns of Universal Dependencies; multiword tokens (1-2) and empty nodes (1.1) are skipped
    json       an object per sentence with lists of words and of tags; or a table with two columns of lists

In columns, a line -DOCSTART- ends a sentence and is not a word. A line that begins with # outside a sentence and has
another number of fields than the others is a comment. Every message names file and line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.tables import Table, read_table
from anaphora.data.files.text import read_text
from anaphora.data.files.word_lines import (
    CONLLU,
    WORD_NUMBER,
    ColumnChoice,
    MalformedLine,
    columns,
    conllu,
    may_be_word,
    record,
)
from anaphora.data.location import Location
from anaphora.errors import DataError

TOKENS = ("tokens", "words", "token", "word", "form", "text", "sentence")
TAGS = ("tags", "ner_tags", "pos_tags", "labels", "upos", "pos", "ner", "tag", "label")
_TABLES = (".jsonl", ".ndjson", ".json", ".parquet")


@dataclass(frozen=True)
class Sentences:
    """Words and tags of sentences, and the line number of each word."""

    tokens: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    lines: tuple[tuple[int, ...], ...]
    files: tuple[str, ...]  # of each sentence

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def words(self) -> int:
        """The number of words."""
        return sum(map(len, self.tokens))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of words of each sentence, (B,)."""
        return np.array([len(row) for row in self.tokens], dtype=np.int64)

    def place(self, row: int, word: int = 0) -> Location:
        """Return the location of a word."""
        return Location(self.files[row], self.lines[row][word] if self.lines[row] else 0)

    def at(self, row: int) -> str:
        """Return the location of a sentence in words, for messages."""
        file, line = self.place(row)
        return f"'{file}', line {line}" if file else f"sentence {line}"

    def take(self, rows: Sequence[int]) -> Sentences:
        """Return the sentences with these numbers, in this order."""
        tokens, tags, lines, files = (
            tuple(part[row] for row in rows) for part in (self.tokens, self.tags, self.lines, self.files)
        )
        return Sentences(tokens, tags, lines, files)  # type: ignore[arg-type]

    @staticmethod
    def joined(several: Sequence[Sentences]) -> Sentences:
        """Return the sentences of several readings, one after another."""
        parts = zip(*((each.tokens, each.tags, each.lines, each.files) for each in several), strict=True)
        return Sentences(*(tuple(row for part in parts_of for row in part) for parts_of in parts))


def kind_of(name: str, wanted: str, first: str) -> str:
    """Return the format of a file: the wanted one, or by its file extension, or by its first line that is not blank."""
    if wanted != "auto":
        return wanted
    extension = ending(name)
    if extension in _TABLES or (name == STANDARD_INPUT and first.lstrip()[:1] in ("{", "[")):
        return "json"
    if extension == ".conllu":
        return "conllu"
    fields = first.split("\t")
    return "conllu" if len(fields) == len(CONLLU) and WORD_NUMBER.match(fields[0]) else "columns"


def read_sentences(path: str, data: ColumnChoice, encoding: str | None = None) -> Sentences:
    """Return the sentences of one file.

    Raises DataError, with the line, for a malformed file.
    """
    found, wrong = read_leniently(path, data, encoding)
    if wrong:
        more = f" (and {len(wrong) - 1:,} lines more)" if len(wrong) > 1 else ""
        raise DataError(f"'{path}', line {wrong[0].line}: {wrong[0].message}{more}")
    return found


def read_leniently(path: str, data: ColumnChoice, encoding: str | None = None) -> tuple[Sentences, list[MalformedLine]]:
    """Return the sentences of one file, and its malformed lines; raises DataError if nothing can be read."""
    if data.format == "json" or (data.format == "auto" and ending(path) in _TABLES):
        return sentences_of_table(read_table(path, encoding or data.encoding), path, data.token, data.tag)
    text = read_text(path, encoding or data.encoding)
    first = next(filter(may_be_word, text.split("\n")), "")
    kind = kind_of(path, data.format, first)
    if kind == "json":
        raise DataError("Standard input cannot hold JSON here: write it to a file that ends in .jsonl.")
    wrong: list[MalformedLine] = []
    layout = conllu(data) if kind == "conllu" else columns(data, first)
    tokens, tags, lines = list[tuple[str, ...]](), list[tuple[str, ...]](), list[tuple[int, ...]]()
    for sentence in layout.sentences(enumerate(text.split("\n"), 1), wrong):
        tokens.append(tuple(word.token for word in sentence))
        tags.append(tuple(word.tag or "" for word in sentence))
        lines.append(tuple(word.line for word in sentence))
    return Sentences(tuple(tokens), tuple(tags), tuple(lines), (path,) * len(tokens)), wrong


def sentences_of_table(
    table: Table, path: str, token: str | None = None, tag: str | None = None
) -> tuple[Sentences, list[MalformedLine]]:
    """Return the sentences of a table with a column of words and a column of tags, and its malformed rows.

    `path` is the file of the table, or empty for a table in memory. Raises DataError if a column is missing.
    """
    names = [_column(table, token, TOKENS, "--token"), _column(table, tag, TAGS, "--tag")]
    tokens, tags, lines = list[tuple[str, ...]](), list[tuple[str, ...]](), list[tuple[int, ...]]()
    wrong: list[MalformedLine] = []
    for number, values in table.rows(names):
        try:
            row = [listed(value, name) for value, name in zip(values, names, strict=True)]
            if len(row[0]) != len(row[1]):
                raise DataError(f"{len(row[0])} words and {len(row[1])} tags; expected a tag for each word.")
            if "" in row[1]:
                raise DataError(f"the tag of word {row[1].index('') + 1} is empty.")
        except DataError as error:
            record(wrong, table.place(number)[1], str(error))
            continue
        tokens.append(row[0])
        tags.append(row[1])
        lines.append((table.place(number)[1],) * max(1, len(row[0])))
    return Sentences(tuple(tokens), tuple(tags), tuple(lines), (path,) * len(tokens)), wrong


def listed(value: Any, name: str) -> tuple[str, ...]:
    """Return a list of words or tags as text; numbers become text. Raises DataError for another value."""
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
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
            f"{table.name}: no column is called {usual[0]}; the columns are {', '.join(table.columns)}."
            f" Name the column with {option}."
        )
    return found
