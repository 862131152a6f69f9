"""Sentences in, tags out: what `anaphora run` does with a tagger.

    lines      a sentence per line, its words between blanks      word <tab> tag, a blank line after each sentence
    columns    a word per line, as training reads it              the same lines with the tag as one more field
    conllu     CoNLL-U                                            the same with the tag's field filled in
    json       an object per line with a list of words            the same, with `tags` and `probability`

With `top`, the best of all tags of a sentence stand side by side, under a comment that says how likely each is. Each
sentence is answered by itself, whatever stands beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from anaphora.config import from_values
from anaphora.data.files import lines as stream
from anaphora.data.files.conll import CONLLU, TOKENS, Layout, Word, Wrong, columns, conllu, listed
from anaphora.data.files.lines import Line
from anaphora.data.files.text import STANDARD_INPUT
from anaphora.errors import DataError, UsageError
from anaphora.runtime import Model
from anaphora.tasks.tag.settings import TagConfig
from anaphora.tasks.tag.tagger import Tagged, Tagger

FORMATS = ("auto", "lines", "columns", "conllu", "json")
_OBJECTS = (".jsonl", ".ndjson", ".json", ".parquet")
_COLUMNS = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv")
_COMMENT = re.compile(r"# ?(sent_id|text|newdoc|newpar|global)\b")  # of CoNLL-U
_LONGEST = 10_000  # lines of a sentence that are waited for


class Block(NamedTuple):
    """The lines of one sentence, a word in each, and how they are read; None before there was a word."""

    lines: list[Line]
    layout: Layout | None


class Answers:
    """A tagger that answers sentences; `top` asks for so many rows of tags for each."""

    def __init__(self, model: Model, as_json: bool, top: int | None = None, form: str = "auto") -> None:
        """Raises UsageError if there is no such form of sentences."""
        if form not in FORMATS:
            raise UsageError(f"--format takes one of {', '.join(FORMATS)}; it was given {form!r}.")
        self.tagger = Tagger(model)
        self.as_json, self.top, self.form = as_json, top or 1, form
        self.blank = "{}" if as_json else ""  # stands for a sentence that could not be read
        self._data = from_values(TagConfig, model.config["training"]).data

    def batches(self, paths: Sequence[str]) -> Iterator[list[Line | Block]]:
        """The sentences of files, of standard input for `-` or nothing, some of them at once."""
        for path in paths or [STANDARD_INPUT]:
            ending = Path(path).suffix.lower()
            objects = self.form == "json" or (self.form == "auto" and ending in _OBJECTS)
            yield from self._cut(ending, stream.batches([path], plain=not objects))

    def __call__(self, items: Sequence[Line | Block]) -> list[str | DataError]:
        """An answer to each sentence, or what is wrong with it."""
        read: list[Any] = [self._block(item) if isinstance(item, Block) else self._line(item) for item in items]
        good = [at for at, each in enumerate(read) if not isinstance(each, DataError)]
        words = [read[at][1] for at in good]
        for at, tokens, found in zip(good, words, self.tagger.tag(words, self.top, self.as_json), strict=True):
            item, whole = items[at], read[at][0]
            if self.as_json:
                read[at] = _object(whole, tokens, found, self.top)
            elif isinstance(item, Block):
                read[at] = self._filled(item, whole, found)
            else:
                lines = [([" ".join(word.split()) or word], number) for number, word in enumerate(tokens)]
                read[at] = _columns(lines, found, "\t")
        return read

    def _cut(self, ending: str, batches: Iterator[list[Line]]) -> Iterator[list[Line | Block]]:
        """Lines as they are, or as sentences where a line is a word."""
        form, layout, held = self.form, None, list[Line]()
        for batch in batches:
            sentences: list[Line | Block] = []
            for line in batch:
                text = line.text.decode(errors="replace")
                if form == "auto" and text.strip():
                    form = "json" if line.json else _form(ending, text)
                if form in ("auto", "lines", "json"):
                    sentences.append(line._replace(json=line.json or form == "json"))
                    continue
                blank = not text.strip(" \t\r")
                held += [] if blank else [line]
                if layout is None and not blank and not text.startswith(("#", "-DOCSTART-")):
                    layout = conllu(self._data, False) if form == "conllu" else columns(self._data, text, False)
                if blank or len(held) == _LONGEST:
                    sentences += _blocks(held, layout)
                    held = []
            if sentences:
                yield sentences
        if held:
            yield _blocks(held, layout)

    def _line(self, line: Line) -> tuple[dict[str, Any] | None, tuple[str, ...]] | DataError:
        """A line's object, if it is one, and its words."""
        try:
            text = _decoded(line)
            if not line.json:
                return None, tuple(text.split())
            try:
                item = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{line.where} is not JSON: {error}.") from error
            wanted = (self._data.token, *TOKENS)
            names = [name for name in wanted if isinstance(item, dict) and name in item]
            if not names:
                raise DataError(f"{line.where}: expected a JSON object with 'tokens', got {text[:80]}.")
            try:
                return item, listed(item[names[0]], str(names[0]))
            except DataError as error:
                raise DataError(f"{line.where}: {error}") from error
        except DataError as error:
            return error

    def _block(self, block: Block) -> tuple[list[tuple[list[str], int | None]], tuple[str, ...]] | DataError:
        """The fields of a sentence's lines, each with the number of its word, if it is one; and its words."""
        whole: list[tuple[list[str], int | None]] = []
        words: list[Word] = []
        wrong: list[Wrong] = []
        for number, line in enumerate(block.lines):
            try:
                text = _decoded(line)
            except DataError as error:
                return error
            if block.layout is None:
                whole.append(([text], None))
                continue
            word = block.layout.word(number, text, bool(words), wrong)
            whole.append((block.layout.fields(text), None if word is None else len(words)))
            words += [] if word is None else [word]
        if wrong:
            return DataError(f"{block.lines[wrong[0].line].where}: {wrong[0].message}")
        return whole, tuple(word.token for word in words)

    def _filled(self, block: Block, whole: list[tuple[list[str], int | None]], found: Sequence[Tagged]) -> str:
        if block.layout is None or not block.layout.conllu:
            return _columns(whole, found, "\t" if block.layout is None or block.layout.tabs else " ")
        name = (self._data.tag or "UPOS").upper()
        field = CONLLU.index(name if name in CONLLU else "UPOS")
        told = [f"# tags {rank} p={one.probability:.4f}: {' '.join(one.tags)}" for rank, one in enumerate(found, 1)]
        lines = told if self.top > 1 else []
        for fields, number in whole:
            if number is not None:
                fields = [*fields[:field], found[0].tags[number], *fields[field + 1 :]]
            lines.append("\t".join(fields))
        return "\n".join([*lines, ""])


def _blocks(held: list[Line], layout: Layout | None) -> list[Line | Block]:
    return [Block(held, layout)] if held else []


def _form(ending: str, first: str) -> str:
    """What the lines of a file are, by its ending and its first line."""
    fields = first.split("\t")
    if ending == ".conllu" or _COMMENT.match(first) or (len(fields) == len(CONLLU) and fields[0].isdigit()):
        return "conllu"
    return "columns" if ending in _COLUMNS or len(fields) > 1 else "lines"


def _decoded(line: Line) -> str:
    try:
        return line.text.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{line.where} is not UTF-8: its byte {error.start} is {line.text[error.start]:#04x}. Convert it first, for"
            " example with iconv -t utf-8."
        ) from error


def _columns(whole: Sequence[tuple[list[str], int | None]], found: Sequence[Tagged], between: str) -> str:
    """Lines with the tags of their words as the last fields."""
    lines = [] if len(found) == 1 else [f"# p {' '.join(f'{one.probability:.4f}' for one in found)}"]
    for fields, number in whole:
        tags = [] if number is None else [one.tags[number] for one in found]
        lines.append(between.join([*fields, *tags]))
    return "\n".join([*lines, ""])


def _object(item: Any, tokens: Sequence[str], found: Sequence[Tagged], top: int) -> str:
    best = found[0]
    added: dict[str, Any] = {"tags": best.tags, "probability": best.probability, "confidence": best.confidence}
    if top > 1:
        added["best"] = [{"tags": one.tags, "probability": one.probability} for one in found]
    whole = item if isinstance(item, dict) else {"tokens": tokens}
    return json.dumps({**whole, **added}, ensure_ascii=False)
