"""The layout of a file of words and tags, by its name and its first lines: one detector for all commands.

    columns    a word per line, fields between tabs or blanks, a blank line between sentences (CoNLL-2000, -2002, -2003)
    conllu     the ten columns of Universal Dependencies, and CoNLL-U Plus, whose first line names its columns
    conll2009, conll2012     the columns of these shared tasks, whose number differs from sentence to sentence
    json       an object per sentence with lists of words and of tags; or a table with two columns of lists
    rows       a table with a word per row
    offsets    JSON texts with spans by the numbers of their characters
    slashes, sides           a sentence per line, with its tags
    parallel   two files, one of words and one of tags
    lines      a sentence per line without tags: an input of `run` alone

A word layout may stand in any text file, so the decision rests on the first lines that are not blank.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from anaphora.data.files import frames
from anaphora.data.files.delimited import SEPARATORS
from anaphora.data.files.sentences import MalformedLine
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.tag_lines import are_sides, mark_of
from anaphora.data.files.tag_offsets import text_and_spans
from anaphora.data.files.tag_refusals import refuse_marked_words
from anaphora.data.files.tag_rows import TOKENS, table_of_words
from anaphora.data.files.unlike_tables import names_in
from anaphora.data.files.word_fields import CONLLU, ColumnChoice, names_columns
from anaphora.data.files.word_lines import WORD_NUMBER, WordLayout, blocks, columns, may_be_word, named
from anaphora.data.files.word_splitting import between_blanks, is_blank
from anaphora.errors import DataError
from anaphora.formatting import counted

FORMATS = ("auto", "columns", "conllu", "conll2009", "conll2012", "json", "rows", "offsets", "slashes", "sides")
WORD_LINES = ("columns", "conllu", "conll2009", "conll2012")
HEAD = 256  # lines that decide
_OBJECTS = (".jsonl", ".ndjson", ".json")
_CONLLU = (".conllu", ".conllup", ".cupt")
_COLUMNS = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv")
_LEAST, _FEWEST = 4, 2  # lines of one width that show columns: without known tags, and with them
_KNOWN = 0.9  # of the last fields
_STRING = r'"(?:[^"\\]|\\.)*"'
_SPACE = r"[ \t\r\n]*"
_OBJECT = re.compile(  # the begin of an object, or of a list of them
    rf"\[?{_SPACE}(\{{{_SPACE}{_STRING}{_SPACE}:|[\[{{]?{_SPACE}\Z)"
)
_PAIR = re.compile(rf"\[{_SPACE}\[?{_SPACE}{_STRING}{_SPACE},")  # the begin of a pair, or of a list of pairs
_MOST_FIELDS = 4  # of a line that may be words with their tags behind a slash


class Trained(NamedTuple):
    """The facts of a training that show whether a text is its layout: tags as written, format, width of its lines."""

    tags: Collection[str]
    format: str = ""
    width: int = 0


class Guess(NamedTuple):
    """A layout, and the reason why it was taken, if other readings are possible."""

    format: str
    reason: str = ""


def layout_of(path: str, wanted: str, head: Sequence[str], known: Collection[str] | None = None) -> str:
    """Return the format of tagged data: the wanted one, or by the ending and the first lines of a file.

    With `known` tags, a sentence per line has tags only if they are among them. Raises DataError for a word per
    line with its tag behind a mark.
    """
    extension = ending(path)
    filled = [line for line in head if not is_blank(line)]
    first = next(filter(may_be_word, filled), "")
    if wanted != "auto":
        return wanted
    if extension in frames.ENDINGS:
        return "json"
    if extension in _OBJECTS or (path == STANDARD_INPUT and _is_json("\n".join(filled))):
        return _objects(filled)
    if extension in _CONLLU or names_columns(head):
        return "conllu"
    fields = first.split("\t")
    if len(fields) == len(CONLLU) and WORD_NUMBER.match(fields[0]):
        return "conllu"
    if len(fields) >= 14 and WORD_NUMBER.fullmatch(fields[0]):
        return "conll2009"
    if any(line.startswith("#begin document") for line in filled) or _is_2012(between_blanks(first)):
        return "conll2012"
    names = first.split(max(SEPARATORS, key=first.count))
    if len(names) > 1 and table_of_words([name.strip('"\ufeff') for name in names]):
        return "rows"
    if are_sides(filled, known):
        return "sides"
    mark = None if _are_columns(head) else mark_of(filled, known)
    if mark and _are_blocks(head) and all(len(between_blanks(line)) == 1 for line in filled):
        refuse_marked_words(path, first.strip(), mark)
    return "slashes" if mark else "columns"


def layout_of_input(path: str, data: ColumnChoice, head: Sequence[str], trained: Trained) -> Guess:
    """Return the format of an input of `run`, in which tags may be missing; `data` are the settings of the training."""
    if data.format not in ("auto", "columns", "parallel") and _fits(data, head):
        return Guess(data.format)
    if _are_words_alone(head):
        return Guess("rows")
    known_tags = None if trained.format in ("slashes", "sides") else trained.tags
    found = layout_of(path, "auto", head, known_tags)
    filled = [line for line in head if may_be_word(line)]
    if not filled:
        return Guess(found)
    if found != "columns" and not (data.format == "columns" and _fits(data, head)):
        return Guess(found)
    tabs = 2 * sum("\t" in line.strip(" \t\r") for line in filled) >= len(filled)
    if tabs or ending(path) in _COLUMNS:
        return Guess("columns")
    widths = Counter(len(between_blanks(line)) for line in filled)
    if len(widths) > 1 and not (set(widths) == {1, max(widths)} and _are_blocks(head)):
        return Guess("lines")
    width = max(widths)
    ends = [fields[-1] for line in filled if len(fields := between_blanks(line)) == width > 1]
    known = sum(end in trained.tags for end in ends) >= _KNOWN * max(1, len(ends))
    if ends and known and len(ends) >= _FEWEST:
        return Guess("columns", f"every line has {counted(width, 'field')}, and the last one is a tag of the model")
    as_trained = trained.format == "columns" and trained.width - width in (0, 1)
    if data.format == "columns" and as_trained:
        return Guess("columns", f"every line has {counted(width, 'field')}, as in the training data")
    if as_trained and _are_blocks(head) and len(filled) >= _LEAST:
        return Guess(
            "columns", f"every line has {counted(width, 'field')}, and blank lines stand between groups of lines"
        )
    if trained.format == "parallel" or len(filled) < _LEAST:
        return Guess("lines")
    return Guess("lines", f"every line has {counted(width, 'word')}, but no tags of the model")


def word_layout(kind: str, data: ColumnChoice, head: Sequence[str], tagged: bool = True) -> WordLayout:
    """Return the layout of lines with a word each; raises DataError if a named column does not exist."""
    return columns(data, head, tagged) if kind == "columns" else named(kind, data, head, tagged)


def _fits(data: ColumnChoice, head: Sequence[str]) -> bool:
    """Return whether all lines can be read in the format that training was told."""
    filled = [line for line in head if not is_blank(line)]
    if data.format in ("slashes", "sides"):
        return are_sides(filled) if data.format == "sides" else mark_of(filled) is not None
    if data.format not in WORD_LINES:
        return False
    wrong: list[MalformedLine] = []
    try:
        words = list(word_layout(data.format, data, head).sentences(enumerate(head), wrong))
    except DataError:
        return False
    return bool(words) and not wrong


def _are_words_alone(head: Sequence[str]) -> bool:
    """Return whether lines are a table with a column of words, perhaps without tags; tabs may stand in a sentence."""
    several = sum(not is_blank(line) for line in head) > 1 and not any("\t" in line for line in head)
    return several and not {name.lower() for name in names_in(head)}.isdisjoint(TOKENS)


def _are_columns(head: Sequence[str]) -> bool:
    """Return whether all lines have the same small number of fields, and blank lines stand between groups of them."""
    widths = {len(between_blanks(line)) for line in head if may_be_word(line)}
    return len(widths) == 1 and 2 <= max(widths) <= _MOST_FIELDS and _are_blocks(head)


def _is_json(text: str) -> bool:
    """Return whether a text begins like JSON; what begins like a pair must be JSON as far as the text goes.

    >>> _is_json('["Ann flew.", {"entities": ['), _is_json('["", O'), _is_json('"", a'), _is_json('{"text": Ann')
    (True, False, False, True)
    """
    text = text.strip().removeprefix("\ufeff").lstrip()
    if not _PAIR.match(text):
        return _OBJECT.match(text) is not None
    try:
        json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return True
    except json.JSONDecodeError as error:
        return error.pos >= len(text) or error.msg.startswith("Unterminated")
    return True


def _objects(filled: Sequence[str]) -> str:
    """Return whether JSON has lists of words and tags or spans by characters, by its first object."""
    value = _first_value("\n".join(filled))
    value = value[0] if isinstance(value, list) and value and not isinstance(value[0], str) else value
    return "offsets" if not _has_lists(value) and _is_marked(value) else "json"


def _first_value(text: str) -> Any:
    """Return the first object or pair of a text, which may be cut; None if there is none."""
    decoder = json.JSONDecoder()
    text = text.strip().removeprefix("\ufeff")
    for begin in (0, 1):
        try:
            return decoder.raw_decode(text[begin:].lstrip())[0]
        except (ValueError, RecursionError):
            if not text.startswith("["):
                return None
    return None


def _has_lists(value: Any) -> bool:
    return isinstance(value, dict) and any(
        isinstance(own, list) and own and isinstance(own[0], str) and name in ("tokens", "words")
        for name, own in value.items()
    )


def _is_marked(value: Any) -> bool:
    try:
        return text_and_spans(value) is not None
    except (ValueError, DataError):
        return True


def _is_2012(fields: Sequence[str]) -> bool:
    return len(fields) >= 12 and fields[1].isdigit() and fields[2].isdigit() and not fields[0].isdigit()


def _are_blocks(head: Sequence[str]) -> bool:
    """Return whether blank lines stand between groups of lines, of which some has several."""
    return any(map(is_blank, head[:-1])) and max(map(len, blocks(head)), default=0) > 1
