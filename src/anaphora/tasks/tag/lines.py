"""Lines of files or of a pipe as sentences to tag.

lines      a sentence per line, its words between blanks
columns    a word per line, as training reads it
conllu     CoNLL-U
json       an object per line with a list of words
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from anaphora.data.files import lines as line_files
from anaphora.data.files.conll import TOKENS, listed
from anaphora.data.files.lines import InputLine
from anaphora.data.files.reading import AS_DEFAULT, Reading
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.word_lines import CONLLU, MalformedLine, WordLayout, WordLine, columns, conllu
from anaphora.errors import DataError
from anaphora.tasks.base.line_answers import text_of, value_of
from anaphora.tasks.tag.settings import Data

FORMATS = ("auto", "lines", "columns", "conllu", "json")
_OBJECTS = (".jsonl", ".ndjson", ".json", ".parquet")
_COLUMNS = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv")
_COMMENT = re.compile(r"# ?(sent_id|text|newdoc|newpar|global)\b")  # of CoNLL-U
_LONGEST = 10_000  # lines of a sentence that are waited for


class Block(NamedTuple):
    """The lines of one sentence, a word in each, and their layout; None before the first word."""

    lines: list[InputLine]
    layout: WordLayout | None


class Item(NamedTuple):
    """A sentence to tag, and the parts of the input that its answer repeats."""

    tokens: tuple[str, ...]
    lines: list[tuple[list[str], int | None]]  # the fields of each, and the number of its word, if it is one
    values: Mapping[str, Any]  # of the JSON object
    layout: WordLayout | None = None

    @property
    def between(self) -> str:
        """Return the separator of a line's fields."""
        return "\t" if self.layout is None or self.layout.tabs else " "


def sentences_of(
    paths: Sequence[str], form: str, data: Data, reading: Reading = AS_DEFAULT
) -> Iterator[list[InputLine | Block]]:
    """Yield the sentences of files, or of standard input for `-` or no path, in groups."""
    for path in paths or [STANDARD_INPUT]:
        extension = ending(path)
        objects = form == "json" or (form == "auto" and extension in _OBJECTS)
        yield from _sentences(line_files.batches([path], reading, plain=not objects), form, extension, data)


def line_item(line: InputLine, column: str | None) -> Item:
    """Return a line as a sentence, an object's words being in `column`; raises DataError for another line."""
    text = text_of(line)
    if not line.json:
        return _item(tuple(text.split()), None)
    values = value_of(line, text)
    names = [name for name in (column, *TOKENS) if isinstance(values, dict) and name in values]
    if not names:
        raise DataError(f"{line.where}: expected a JSON object with 'tokens', got {text[:80]}.")
    try:
        return _item(listed(values[names[0]], str(names[0])), values)
    except DataError as error:
        raise DataError(f"{line.where}: {error}") from error


def block_item(block: Block) -> Item:
    """Return lines as one sentence; raises DataError for lines that cannot be read."""
    lines: list[tuple[list[str], int | None]] = []
    words: list[WordLine] = []
    wrong: list[MalformedLine] = []
    for number, line in enumerate(block.lines):
        text = text_of(line)
        if block.layout is None:
            lines.append(([text], None))
            continue
        word = block.layout.word(number, text, bool(words), wrong)
        lines.append((block.layout.fields(text), None if word is None else len(words)))
        words += [] if word is None else [word]
    if wrong:
        raise DataError(f"{block.lines[wrong[0].line].where}: {wrong[0].message}")
    tokens = tuple(word.token for word in words)
    return Item(tokens, lines, {"tokens": tokens}, block.layout)


def _item(tokens: tuple[str, ...], values: Mapping[str, Any] | None) -> Item:
    lines = [([" ".join(word.split()) or word], number) for number, word in enumerate(tokens)]
    return Item(tokens, list(lines), {"tokens": tokens} if values is None else values)


def _sentences(
    batches: Iterator[list[InputLine]], form: str, ending: str, data: Data
) -> Iterator[list[InputLine | Block]]:
    """Yield lines as sentences, or groups of lines with a word each."""
    layout: WordLayout | None = None
    held: list[InputLine] = []
    for batch in batches:
        sentences: list[InputLine | Block] = []
        for line in batch:
            text = line.text.decode(line.encoding, errors="replace")
            if form == "auto" and text.strip():
                form = "json" if line.json else _form(ending, text)
            if form in ("auto", "lines", "json"):
                sentences.append(line._replace(json=line.json or form == "json"))
                continue
            blank = not text.strip(" \t\r")
            held += [] if blank else [line]
            if layout is None and not blank and not text.startswith(("#", "-DOCSTART-")):
                layout = conllu(data, False) if form == "conllu" else columns(data, text, False)
            if held and (blank or len(held) == _LONGEST):
                sentences.append(Block(held, layout))
                held = []
        if sentences:
            yield sentences
    if held:
        yield [Block(held, layout)]


def _form(ending: str, first: str) -> str:
    """Return the form of a file's lines, by its ending and its first line."""
    fields = first.split("\t")
    if ending == ".conllu" or _COMMENT.match(first) or (len(fields) == len(CONLLU) and fields[0].isdigit()):
        return "conllu"
    return "columns" if ending in _COLUMNS or len(fields) > 1 else "lines"
