"""Files or a pipe as sentences to tag, in every layout that training reads, and a sentence per line.

The layout of an input is decided by its first lines, so that a pipe is answered while it is open. Lines with a word
each are held until their sentence ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from anaphora.data.files import frames
from anaphora.data.files import lines as line_files
from anaphora.data.files.conll import grouped, read
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.lines import InputLine
from anaphora.data.files.reading import Reading
from anaphora.data.files.sentences import Read
from anaphora.data.files.sources import STANDARD_INPUT, ending, open_source
from anaphora.data.files.table_files import read_table
from anaphora.data.files.tables import ColumnTable, Table
from anaphora.data.files.tag_layouts import HEAD, WORD_LINES, Guess, Trained, layout_of, layout_of_input, word_layout
from anaphora.data.files.tag_lines import mark_of
from anaphora.data.files.tag_offsets import as_object, values_in
from anaphora.data.files.tag_rows import TAGS, TOKENS, column_of_words, read_tagged_table
from anaphora.data.files.text import read_text
from anaphora.data.files.unlike_tables import look_at, names_in
from anaphora.data.files.word_lines import WordLayout, may_be_word
from anaphora.data.files.word_splitting import between_blanks, is_blank
from anaphora.errors import DataError
from anaphora.tasks.tag.settings import Data

FORMATS = (
    "auto", "lines", "columns", "conllu", "conll2009", "conll2012", "json", "rows", "offsets", "slashes", "sides"
)  # fmt: skip
_OBJECTS = (".jsonl", ".ndjson", ".json", *frames.ENDINGS)
_TABLES = (".csv", ".tsv", *_OBJECTS)
_LONGEST = 10_000  # lines of a sentence that are waited for
Say = Callable[[str], None]


class Line(NamedTuple):
    """A line with one sentence, and its format; `mark` stands between a word and its tag."""

    line: InputLine
    format: str
    mark: str = ""


class Block(NamedTuple):
    """The lines of one sentence, a word in each, and their layout, None before the first word; no lines for a blank
    line that ends no sentence.
    """

    lines: list[InputLine]
    layout: WordLayout | None


class Whole(NamedTuple):
    """The words of a sentence of a table, or the reason why a row of it cannot be read."""

    tokens: tuple[str, ...]
    error: str = ""


class Inputs(NamedTuple):
    """How the inputs of a model are read; `say` tells the user about a doubtful decision.

    With `gaps`, lines without words are a sentence without words: an answer has the lines of its input.
    """

    form: str
    data: Data
    trained: Trained
    reading: Reading
    say: Say
    gaps: bool = False

    def sentences(self, paths: Sequence[str]) -> Iterator[Sequence[Line | Block | Whole]]:
        """Yield the sentences of files, or of standard input for `-` or no path, in groups."""
        for path, beside_tags in self._words(paths) or [(STANDARD_INPUT, False)]:
            if beside_tags:
                batches = line_files.batches([path], self.reading, plain=True)
                yield from self._replace(form="lines")._lines(path, batches)
            elif self._is_table(path):
                yield self._table(path)
            elif ending(path) == ".json" and self._kind_of_file(path) == "offsets":
                text = read_text(path, self.reading.encoding)
                yield [self._object(path, *numbered) for numbered in values_in(text, f"'{path}'")]
            else:
                objects = self.form in ("json", "offsets") or (self.form == "auto" and ending(path) in _OBJECTS)
                yield from self._lines(path, line_files.batches([path], self.reading, plain=not objects))

    def _words(self, paths: Sequence[str]) -> list[tuple[str, bool]]:
        """Return files without those of tags and labels, and whether tags stand beside a file of words."""
        alone = self.form != "auto" or self.data.format not in ("auto", "parallel")
        found: list[tuple[str, bool]] = []
        for words, *others in grouped(paths, "" if alone else "auto"):
            are_tags = bool(others) and self._has_known_tags(others[0])
            found.append((words, are_tags))
            if others and not are_tags:
                found += [(other, False) for other in others]
            elif others:
                named = " and ".join(map(repr, others))
                self.say(f"'{words}' is tagged; {named} {'belongs' if len(others) == 1 else 'belong'} to it.")
        return found

    def _has_known_tags(self, path: str) -> bool:
        """Return whether most words of the first lines of a file are tags of the model."""
        fields = [field for line in self._head(path) for field in between_blanks(line)]
        return 2 * sum(field in self.trained.tags for field in fields) > len(fields)

    def _is_table(self, path: str) -> bool:
        """Return whether a file is a table with a word per row."""
        if path == STANDARD_INPUT or self.form not in ("auto", "rows"):
            return False
        usual = {"rows": _TABLES, "offsets": (".csv",)}.get(self.trained.format, ())
        if self.form == "rows" or ending(path) in usual:
            return True
        return ending(path) not in _OBJECTS and self._kind_of_file(path) == "rows"

    def _kind_of_file(self, path: str) -> str:
        if not os.path.isfile(path):
            return ""  # reading it raises the error
        return layout_of(path, "auto", self._head(path), self.trained.tags)

    def _head(self, path: str) -> list[str]:
        first = next(open_source(path).blocks(), b"").decode(self.reading.encoding, "replace")
        return first.replace("\r\n", "\n").split("\n")[:HEAD]

    def _texts(self, path: str, table: Table) -> list[Line]:
        """Return the rows of a table as objects with a text, whose words a model of spans by characters tags."""
        column, names = column_of_words(table, self.data.token), table.columns
        rows = ((table.place(number)[1], dict(zip(names, row, strict=True))) for number, row in table.rows(names))
        return [self._object(path, line, {**row, "text": str(row[column] or "")}) for line, row in rows]

    def _table(self, path: str) -> Sequence[Line | Whole]:
        if self.trained.format == "offsets":
            return self._texts(path, read_table(path, self.reading.encoding))
        data = self.data.model_copy(update={"format": "rows"})
        return self._sentences(read(path, data, self.reading.encoding, tagged=False), f"'{path}'")

    def _sentences(self, found: Read, name: str) -> list[Whole]:
        """Return the sentences of a table, and its rows that cannot be read."""
        if found.again:
            self.say(f"{name}, line {found.again[0].line}: {found.again[0].message}.")
        wrong = [Whole((), f"{name}, line {each.line}: {each.message}") for each in found.wrong]
        return [*(Whole(tokens) for tokens in found.sentences.tokens), *wrong]

    def _of_whole(self, path: str, text: str, kind: str) -> Sequence[Line | Whole]:
        """Return the sentences of a text that is no sequence of lines: a table, or a JSON list."""
        if kind == "rows":
            name = "standard input" if path == STANDARD_INPUT else f"'{path}'"
            table = DelimitedTable(text, name)
            if self.trained.format == "offsets":
                return self._texts(path, table)
            return self._sentences(read_tagged_table(table, path, self.data.token, tagged=False), name)
        return [self._object(path, *numbered) for numbered in values_in(text, f"'{path}'")]

    def _object(self, path: str, number: int, value: object) -> Line:
        """Return a value of a JSON list as a line; a pair of a text and its spans becomes an object."""
        text = json.dumps(as_object(value), ensure_ascii=False, default=str).encode()
        return Line(InputLine(f"'{path}', line {number}", text, True), "json")

    def _lines(self, path: str, batches: Iterator[list[InputLine]]) -> Iterator[Sequence[Line | Block | Whole]]:
        """Yield lines as sentences, or groups of lines with a word each."""
        head: list[InputLine] = []
        for batch in batches:
            head += batch
            if any(may_be_word(_text(line)) for line in batch):
                break
        texts = list(map(_text, head))
        kind = self._decided(path, texts, any(line.json for line in head))
        mark = mark_of([text for text in texts if not is_blank(text)]) or "/" if kind == "slashes" else ""
        layout = None
        if kind in WORD_LINES and any(map(may_be_word, texts)):
            layout = word_layout(kind, self.data, texts, tagged=False)
        if kind == "rows" or (kind in ("json", "offsets") and texts[0].lstrip().startswith("[")):
            yield self._of_whole(
                path, "\n".join(_text(line) for batch in _chained(head, batches) for line in batch), kind
            )
            return
        if kind in WORD_LINES:
            yield from self._blocks(_chained(head, batches), layout)
            return
        for batch in _chained(head, batches):
            yield [Line(line._replace(json=line.json or kind in ("json", "offsets")), kind, mark) for line in batch]

    def _decided(self, path: str, head: Sequence[str], objects: bool) -> str:
        """Return the format of lines, and tell the user about it if other readings are possible."""
        if self.form != "auto":
            return self.form
        if objects:
            return "json"
        guess = layout_of_input(path, self.data, head, self.trained)
        is_csv = ending(path) == ".csv" and not any("\t" in line for line in head)
        if (guess.format == "lines" and path == STANDARD_INPUT) or (guess.format in ("lines", "columns") and is_csv):
            self._look_at(path, head)
        if guess.reason:
            self.say(_told(path, guess))
        return guess.format

    def _look_at(self, path: str, head: Sequence[str]) -> None:
        """Tell the user of lines that look like a table; raises DataError if the file is one by its name."""
        column = self.data.token or TOKENS[1]
        name = "standard input" if path == STANDARD_INPUT else f"'{path}'"
        if note := look_at(head, column, TAGS, name):
            if ending(path) == ".csv":
                ColumnTable(dict.fromkeys(names_in(head), ()), name).need(column)
            self.say(note)

    def _blocks(
        self, batches: Iterator[list[InputLine]], layout: WordLayout | None
    ) -> Iterator[Sequence[Line | Block | Whole]]:
        held: list[InputLine] = []
        for batch in batches:
            sentences: list[Line | Block | Whole] = []
            for line in batch:
                blank = is_blank(_text(line))
                held += [] if blank else [line]
                if len(held) == _LONGEST:
                    self.say(f"{held[0].where}: a sentence of more than {_LONGEST:,} lines is cut there.")
                if blank or len(held) == _LONGEST:
                    sentences += self._block(held, layout)
                    held = []
            if sentences:
                yield sentences
        if held:
            yield self._block(held, layout)

    def _block(self, lines: list[InputLine], layout: WordLayout | None) -> list[Block]:
        """Return lines as a sentence; lines without a word, such as -DOCSTART-, are one only with `gaps`."""
        is_one = self.gaps or (layout is not None and layout.have_words(map(_text, lines)))
        return [Block(lines, layout)] if is_one else []


def _chained(head: list[InputLine], batches: Iterator[list[InputLine]]) -> Iterator[list[InputLine]]:
    if head:
        yield head
    yield from batches


def _text(line: InputLine) -> str:
    return line.text.decode(line.encoding, errors="replace")


def _told(path: str, guess: Guess) -> str:
    name = "Standard input" if path == STANDARD_INPUT else f"'{path}'"
    if guess.format == "lines":
        return f"{name} is read as a sentence per line: {guess.reason}. For a word per line, add --format columns."
    return f"{name} is read as a word per line: {guess.reason}. For a sentence per line, add --format lines."


def refused(source: Whole) -> None:
    """Raise DataError if a row of a table cannot be read."""
    if source.error:
        raise DataError(source.error)
