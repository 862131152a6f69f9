"""Sentences to tag, with the parts of their input that the answer repeats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from anaphora.data.files.json_values import hint_of_list
from anaphora.data.files.lines import InputLine
from anaphora.data.files.sentences import MalformedLine
from anaphora.data.files.tag_lines import sided, slashed
from anaphora.data.files.tag_offsets import entities, text_and_spans
from anaphora.data.files.tag_rows import TOKENS, listed
from anaphora.data.files.word_lines import WordLayout, WordLine
from anaphora.data.files.word_splitting import words_in
from anaphora.errors import DataError
from anaphora.metrics.notation import Marking
from anaphora.metrics.spans import PLAIN, spans
from anaphora.tasks.base.line_answers import text_of, value_of
from anaphora.tasks.tag.data import split
from anaphora.tasks.tag.inputs import Block, Line, Whole, refused


class Item(NamedTuple):
    """A sentence to tag, and the parts of the input that its answer repeats."""

    tokens: tuple[str, ...]
    lines: list[tuple[list[str], int | None]]  # the fields of each, and the number of its word, if it is one
    values: Mapping[str, Any]  # of the JSON object
    layout: WordLayout | None = None
    text: str | None = None  # whose words are tagged

    @property
    def between(self) -> str:
        """Return the separator of a line's fields."""
        return "\t" if self.layout is None or self.layout.tabs else " "

    def marked(self, tags: tuple[str, ...], marking: Marking) -> dict[str, Any]:
        """Return the spans of the text by its characters; nothing without a text or without spans."""
        if self.text is None or marking.scheme == PLAIN:
            return {}
        return {"entities": entities(self.text, tags, spans(marking.plain(tags)))}


def item_of(source: Line | Block | Whole, column: str | None, layout: str) -> Item:
    """Return a sentence of the input; raises DataError if it cannot be read.

    The words of an object are in `column`; a text is split as in training files of a format.
    """
    if isinstance(source, Block):
        return _block(source)
    if isinstance(source, Whole):
        refused(source)
        return _item(source.tokens, None)
    text = text_of(source.line)
    if source.line.json:
        return _object(source.line, text, column)
    if source.format in ("slashes", "sides"):
        try:
            found = slashed(text, source.mark) if source.format == "slashes" else sided(text)
        except DataError as error:
            raise DataError(f"{source.line.where}: {error}") from error
        return _item(found.tokens, None)
    return _item(split(text, layout), None)


def _object(line: InputLine, text: str, column: str | None) -> Item:
    values = value_of(line, text)
    names = [name for name in (column, *TOKENS) if isinstance(values, dict) and name in values]
    try:
        found = text_and_spans(values) or _text_alone(values)
        if found and not any(_are_words(values[name]) for name in names[:1]):
            tokens = tuple(word.text for word in words_in(found[0]))
            item = _item(tokens, {**values, "tokens": tokens})
            return item._replace(text=found[0])
        if not names:
            got = f"{json.dumps(values, ensure_ascii=False)[:80]}.{hint_of_list(values)}"
            raise DataError(f"expected a JSON object with 'tokens', got {got}")
        return _item(listed(values[names[0]], str(names[0])), values)
    except DataError as error:
        raise DataError(f"{line.where}: {error}") from error


def _are_words(value: Any) -> bool:
    """Return whether a field has the words of a sentence, not objects with the places of words in a text (Prodigy)."""
    return isinstance(value, list) and bool(value) and not isinstance(value[0], dict)


def _text_alone(values: Any) -> tuple[str, list[Any]] | None:
    """Return the text of an object without spans."""
    text = values.get("text") if isinstance(values, dict) else None
    return (text, []) if isinstance(text, str) else None


def _block(block: Block) -> Item:
    """Return lines as one sentence; raises DataError for lines that cannot be read."""
    texts = list(map(text_of, block.lines))
    if block.layout is None:
        return Item((), [([text], None) for text in texts], {"tokens": ()})
    lines: list[tuple[list[str], int | None]] = []
    words: list[WordLine] = []
    wrong: list[MalformedLine] = []
    for text, word in block.layout.words(enumerate(texts), wrong):
        lines.append((block.layout.fields(text), None if word is None else len(words)))
        words += [] if word is None else [word]
    if wrong:
        raise DataError(f"{block.lines[wrong[0].line].where}: {wrong[0].message}")
    tokens = tuple(word.token for word in words)
    return Item(tokens, lines, {"tokens": tokens}, block.layout)


def _item(tokens: tuple[str, ...], values: Mapping[str, Any] | None) -> Item:
    lines = [([" ".join(word.split()) or word], number) for number, word in enumerate(tokens)]
    return Item(tokens, list(lines), {"tokens": tokens} if values is None else values)
