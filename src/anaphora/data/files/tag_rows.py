"""Tables of words and tags: a sentence per row with two lists, or a word per row and the number of its sentence.

    {"tokens": ["New", "York"], "tags": ["B-LOC", "I-LOC"]}        lists; in a CSV, texts of words between blanks
    Sentence #,Word,POS,Tag                                        a word per row; the number may stand only in the
    Sentence: 1,New,NNP,B-LOC                                      first row of a sentence
    ,York,NNP,I-LOC

Rows with one number are one sentence (`anaphora.data.files.sentence_rows`). Without a column of sentences, a blank line
ends a sentence.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from anaphora.data.files.sentence_rows import POSITIONS, grouped
from anaphora.data.files.sentences import Collected, Found, Read, record
from anaphora.data.files.tables import Table
from anaphora.data.files.tag_cells import have_spans, read_texts
from anaphora.data.files.word_splitting import between_blanks
from anaphora.errors import DataError
from anaphora.formatting import counted

TOKENS = ("tokens", "words", "token", "word", "form", "text", "sentence")
TAGS = ("tags", "ner_tags", "pos_tags", "labels", "tag", "upos", "pos", "ner", "label")
_NUMBERS = (
    "sentence #",
    "sentence_id",
    "sent_id",
    "sentence_idx",
    "sentence id",
    "sentence_number",
    "sentence",
    "sent",
)
_HEAD = 50
_AGAIN = {
    True: "'{0}' is {1!r} as in rows above, with rows of other sentences between; these rows are joined",
    False: "'{0}' is {1!r} as in a row above; it begins another sentence here",
}


def table_of_words(names: Sequence[str]) -> bool:
    """Return whether the names of columns are those of words and of tags."""
    plain = {name.strip().lower() for name in names}
    return bool(plain & set(TOKENS)) and bool(plain & set(TAGS))


def read_tagged_table(
    table: Table, path: str, token: str | None = None, tag: str | None = None, tagged: bool = True, texts: bool = True
) -> Read:
    """Return the sentences of a table, and its malformed rows.

    `path` is the file of the table, or empty for a table in memory; with `texts`, texts may stand in place of lists.
    Raises DataError if a column is missing.
    """
    names = [column_of_words(table, token)]
    if tagged:
        names.append(_column(table, tag, TAGS, "--tag"))
        if names[0] == names[1]:
            raise DataError(f"Column '{names[0]}' is both the words (--token) and the tags (--tag): name two columns.")
    head = [values for _, values in zip(range(_HEAD), table.head(names), strict=False)]
    number = next((name for name in table.columns if name.strip().lower() in _NUMBERS and name not in names), None)
    if texts and tagged and have_spans(row[1] for row in head):
        return read_texts(table, path, *names)
    if texts and _are_words(head, number is not None, tagged):
        return _words(table, path, names, number)
    return _lists(table, path, names, texts)


def column_of_words(table: Table, token: str | None = None) -> str:
    """Return the column of words, or of texts; raises DataError if it is missing."""
    return _column(table, token, TOKENS, "--token")


def listed(value: Any, name: str) -> tuple[str, ...]:
    """Return a list of words or tags as text; numbers become text. Raises DataError for another value."""
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        raise DataError(f"'{name}' is {str(value)[:60]!r}; expected a list of texts.")
    for item in value:
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise DataError(f"'{name}' holds {str(item)[:60]!r} ({type(item).__name__}); expected texts.")
    return tuple(map(str, value))


def _are_words(head: Sequence[tuple[Any, ...]], numbered: bool, tagged: bool) -> bool:
    """Return whether rows are words, not sentences: all values are single texts or numbers, and tags have no blanks."""
    values = [value for row in head for value in row if value is not None]
    if not values or not all(isinstance(value, str | int) for value in values):
        return False
    last = [str(row[-1] or "") for row in head]
    if tagged and numbered:
        return not any(len(between_blanks(tag)) > 1 or (tag.startswith("[") and tag.endswith("]")) for tag in last)
    return not any(len(between_blanks(str(value))) > 1 for value in values)


def _words(table: Table, path: str, names: Sequence[str], number: str | None) -> Read:
    collected = Collected(path)
    place = next((name for name in table.columns if name.strip().lower() in POSITIONS and name not in names), None)
    columns = [*names, *(name for name in (number, place) if name is not None)]
    found = grouped(table, columns, number is not None, place is not None)
    for rows in found.sentences:
        tokens, tags, lines = list[str](), list[str](), list[int]()
        for row, values in rows:
            own = ["" if value is None else str(value) for value in values[: len(names)]]
            missing = next((name for name, value in zip(names, own, strict=True) if not value), None)
            if missing is not None:
                record(collected.wrong, table.place(row)[1], f"'{missing}' is empty; expected a word and its tag.")
                continue
            tokens.append(own[0])
            tags.append(own[-1] if len(own) > 1 else "")
            lines.append(table.place(row)[1])
        if tokens:
            collected.add(tokens, tags, lines)
    for row, values in found.again:
        told = _AGAIN[found.joined].format(number, values[len(names)])
        record(collected.again, table.place(row)[1], told)
    left_out = _unread(table, columns) | ({} if number is None else {number: "the number of the sentence"})
    if place is not None and not found.placed:
        left_out[place] = "words are in the order of the file"
    tag = names[1] if len(names) > 1 else ""
    layout = f"{_layout(table)}, a word per row" + (f" in the order of '{place}'" if found.placed else "")
    return collected.read(Found("rows", layout, names[0], tag, 0, left_out))


def _lists(table: Table, path: str, names: Sequence[str], texts: bool) -> Read:
    collected = Collected(path)
    for number, values in table.rows(names):
        try:
            cell = _cell if texts and all(isinstance(value, str) for value in values) else listed
            row = [cell(value, name) for value, name in zip(values, names, strict=True)]
            if len(row[0]) != len(row[-1]):
                raise DataError(
                    f"{counted(len(row[0]), 'word')} and {counted(len(row[1]), 'tag')}; expected a tag for each word."
                )
            if len(row) > 1 and "" in row[1]:
                raise DataError(f"the tag of word {row[1].index('') + 1} is empty.")
        except DataError as error:
            record(collected.wrong, table.place(number)[1], str(error))
            continue
        tags = row[1] if len(row) > 1 else ("",) * len(row[0])
        collected.add(row[0], tags, (table.place(number)[1],) * max(1, len(row[0])))
    layout = f"{_layout(table)}, lists of words and tags"
    return collected.read(Found("json", layout, names[0], names[-1], left_out=_unread(table, names)))


def _unread(table: Table, columns: Sequence[str]) -> dict[str, str]:
    return dict.fromkeys((name for name in table.columns if name not in columns), "neither words nor tags")


def _cell(value: str, name: str) -> tuple[str, ...]:
    """Return the list that a text of a CSV is: words between blanks, or a list as Python writes it."""
    if value.startswith("[") and value.endswith("]"):
        try:
            return listed(ast.literal_eval(value), name)
        except (ValueError, SyntaxError, RecursionError):
            pass
    return tuple(between_blanks(value))


def _layout(table: Table) -> str:
    return str(getattr(table, "layout", "") or "a table")


def _column(table: Table, named: str | None, usual: Sequence[str], option: str) -> str:
    if named is not None:
        return table.need(named)
    plain = {column.strip().lower(): column for column in reversed(table.columns)}
    found = next((plain[name] for name in usual if name in plain), None)
    if found is None:
        raise DataError(
            f"{table.name}: no column is called {usual[0]}; the columns are {table.listing}."
            f" Name the column with {option}."
        )
    return found
