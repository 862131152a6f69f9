"""A translator that answers lines, for `run`.

An input line is a text, or a JSON object with the source's column; the rows of a file of pairs are such objects. The
answer is the translation, or several translations, the best first, each after its rank score and a tab. As JSON it is
the same object with `translation` and, for a beam, with `translations`, each with its `score` (Σ ln p) and
`rank_score`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from anaphora.config.units import PLURAL
from anaphora.data.files import lines as line_files
from anaphora.data.files.anki import settings_of
from anaphora.data.files.barred import BARS, BarredTable
from anaphora.data.files.first_line import begins_list, first_line, names_columns, rows_of
from anaphora.data.files.json_values import fields, hint_of_list
from anaphora.data.files.lines import InputLine
from anaphora.data.files.pair_columns import SOURCES, choose, names_both
from anaphora.data.files.pair_layouts import is_table, open_file
from anaphora.data.files.pairs import names_of
from anaphora.data.files.parallel import LAYOUT as PARALLEL
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.table_files import JSON_LINES
from anaphora.data.files.tables import ColumnTable, Table
from anaphora.data.files.unlike_tables import look_at
from anaphora.data.taken import Taken
from anaphora.errors import DataError
from anaphora.files import outputs, sealed
from anaphora.files.outputs import Output
from anaphora.report.attention import Gallery
from anaphora.tasks.base.line_answers import LineAnswers, text_of, value_of
from anaphora.tasks.translate.decoding import GREEDY, DecodingOptions, Translation
from anaphora.tasks.translate.settings import ATTENTION_ENDINGS

_SOURCE, _TARGET = {"src", "source"}, {"tgt", "trg", "target"}  # words in the names of parallel files
Item = tuple[int, str, dict[str, Any]]
"""A line's number, its text, and an object that the text stands in."""


class Answers(LineAnswers[Item, list[Translation]]):
    """A `Translator` that answers lines; with `pictures` it also draws the attention into that file."""

    def __init__(
        self, translator: Any, as_json: bool, options: DecodingOptions = GREEDY, pictures: str | None = None
    ) -> None:
        self.translator, self.as_json, self.options, self.reading = translator, as_json, options, translator.reading
        self.blank = "{}" if as_json else "\n".join([""] * options.best)
        named: str | None = translator.config.data.source
        self._named = (*([named] if named else []), *names_of(translator.card)[0])
        self._columns: tuple[str, ...] = (*self._named, *SOURCES)
        trained = Taken.of_card(translator.card)
        self._expected = named or next(iter(trained.columns("source") if trained else ()), SOURCES[0])
        self.trained = names_of(translator.card)[1]
        self._lines = 0
        self._gallery = None if pictures is None else Gallery(Path(pictures))
        if pictures is not None:
            outputs.check([Output("--attention", pictures, sealed.of(pictures, ATTENTION_ENDINGS))], force=True)

    def batches(self, paths: Sequence[str]) -> Iterator[Sequence[InputLine]]:
        """Yield the lines of texts and of JSON Lines, and the rows of all other files of pairs as objects."""
        encoding = self.reading.encoding
        for path in self._sources(paths) or [STANDARD_INPUT]:
            header = self._header(path)
            if header is None:
                yield from self._of_lines(path)
                continue
            table = open_file(path, encoding, header)
            assert isinstance(table, Table)
            column = self._source(table)
            self._columns = (column, *self._columns)
            self._note(table, column)
            yield from line_files.of_table(table)

    def _header(self, path: str) -> bool | None:
        """Return whether the first line of a table names its columns; None for a file or a pipe of lines."""
        if ending(path) in JSON_LINES:
            return None
        if path != STANDARD_INPUT and is_table(path, self.reading.encoding):
            return self.reading.header
        first = first_line(path, self.reading.encoding)
        if begins_list(first) or any(names_columns(first, [name]) for name in self._named if not name.isdigit()):
            return True
        if any(map(names_both, rows_of(first))):
            return True
        if settings_of(first):
            return False
        layout = "" if (trained := Taken.of_card(self.translator.card)) is None else trained.layout
        whole = ("\t" in first and layout.startswith("TSV")) or (BARS in first and BarredTable.layout in layout)
        if path == STANDARD_INPUT and not (whole or self.reading.header) and layout.startswith("CSV"):
            self._note_of_lines(first, layout)
        return False if path == STANDARD_INPUT and whole else None

    def _note_of_lines(self, first: str, layout: str) -> None:
        """Note that lines with the fields of a table without names, as the training data were, are read as texts."""
        if any(len(row) > 1 for row in rows_of(first)):
            self.notes.say(
                f"standard input is read as a text per line, not as {layout}: give a table by its name, which ends in"
                " .csv."
            )

    def _of_lines(self, path: str) -> Iterator[Sequence[InputLine]]:
        """Yield the lines of a file or of a pipe; if they are objects, their fields show the source."""
        found = super().batches([path])
        first = next(found, [])
        if first and first[0].json:
            self._find_source(first)
        elif first and self.reading.header:
            trained = Taken.of_card(self.translator.card)
            known = trained.columns("target") if trained else ()
            texts = [line.text.decode(line.encoding, "replace") for line in first]
            if note := look_at(texts, self._expected, known, first[0].where.rpartition(", ")[0]):
                self.notes.say(note)
        yield first
        yield from found

    def _find_source(self, lines: Sequence[InputLine]) -> None:
        """Find the source among the fields of the first objects, as training would, if no field has a known name."""
        items = list[dict[str, Any]]()
        with suppress(DataError):
            items += [fields(value_of(line, text_of(line))) for line in lines]
        names = dict.fromkeys(name for item in items for name in item)
        if not names or any(name in names for name in self._columns):
            return
        name = lines[0].where.rpartition(", ")[0]
        table = ColumnTable({column: [item.get(column) for item in items] for column in names}, name)
        table.layout = "JSON Lines"
        with suppress(DataError):
            column = self._source(table)
            self._columns = (column, *self._columns)
            self._note(table, column)

    def _sources(self, paths: Sequence[str]) -> list[str]:
        """Return files without those of translations, which follow a file of sources as in parallel training data."""
        trained = Taken.of_card(self.translator.card)
        if trained is None or not trained.layout.startswith(PARALLEL):
            return list(paths)
        sources, targets = (
            _marks(trained.roles.get(role, ())) | usual for role, usual in (("source", _SOURCE), ("target", _TARGET))
        )
        kept: list[str] = []
        for path in paths:
            marks = _marks([path])
            if kept and marks & (targets - sources) and _marks(kept[-1:]) & (sources - targets):
                self.notes.say(f"'{path}' is not translated: it holds the translations of '{kept[-1]}'.")
            else:
                kept.append(path)
        return kept

    def _note(self, table: Table, column: str) -> None:
        """Note how a table is read, if the training data were read in another way."""
        trained = Taken.of_card(self.translator.card)
        if trained is not None and not (table.layout in trained.layout and column in trained.columns("source")):
            self.notes.say(f"read {table.name}: {table.layout}; source: {column!r}.")

    def _source(self, table: Table) -> str:
        """Return the source column of a table: that of the training data, or else the one that training would take."""
        named = [column for column in self._columns if column in table.columns and not column.isdigit()]
        if named or len(table.columns) == 1:
            return (*named, *table.columns)[0]
        found: str = choose(table, self.translator.config.data.source, like=names_of(self.translator.card)).source
        return found

    def parse(self, line: InputLine) -> Item:
        self._lines += 1
        number, text = self._lines - 1, text_of(line)
        item = value_of(line, text) if line.json else {SOURCES[0]: text}
        if isinstance(item, dict) and not any(name in item for name in self._columns):
            item = fields(item)
        name = next((name for name in self._columns if isinstance(item, dict) and name in item), None)
        if name is None:
            raise DataError(
                f"{line.where}: expected a JSON object with '{self._expected}', got {text[:80]}.{hint_of_list(item)}"
            )
        if not isinstance(item[name], str | None):
            raise DataError(f"{line.where}: '{name}' is {str(item[name])[:60]!r}; expected a text.")
        return number, item[name] or "", item

    def predict(self, items: Sequence[Item]) -> list[list[Translation]]:
        texts = [text for _, text, _ in items]
        found: list[list[Translation]] = self.translator.decoded(
            texts, self.options, [number for number, _, _ in items]
        )
        if self._gallery is not None:
            for text, best in zip(texts, found, strict=True):
                if text.strip():
                    self._gallery.add(self.translator.attention(text, best[0]))
        return found

    def format(self, item: Item, prediction: list[Translation]) -> str:
        _, source, values = item
        written: list[tuple[str, Translation]] = [(self.translator.replaced(source, one), one) for one in prediction]
        if self.as_json:
            answer: dict[str, Any] = {"translation": written[0][0]}
            if self.options.beam > 1:
                ranked = [{"text": text, "score": one.score, "rank_score": one.rank_score} for text, one in written]
                answer["translations"] = ranked
            return self.object_of(values, answer)
        if self.options.best == 1:
            return written[0][0]
        rows = [f"{one.rank_score:.4f}\t{text}" for text, one in written]
        return "\n".join([*rows, *[""] * (self.options.best - len(rows))])

    def losses(self, item: Item, prediction: list[Translation]) -> Iterator[str]:
        reader = self.translator.reader
        if not item[1].strip():
            yield "empty: the translation is empty, too"
        if reader.is_cut(item[1]):
            yield f"longer than the {reader.longest:,} {PLURAL[reader.kind]} that the model reads: the rest is not read"
        if not prediction[0].ended:
            yield "translated without an end: the translation stops at its greatest length"

    def close(self) -> None:
        """Write the pictures; raises UsageError where nothing was translated."""
        if self._gallery is not None:
            self._gallery.write()


def _marks(paths: Sequence[str]) -> set[str]:
    """Return the words in the names of files, which tell the language of their lines: `test`, `de` for `test.de.gz`."""
    names = (Path(path).name.lower() for path in paths)
    return {word for name in names for word in re.split(r"[\W_]+", name) if word}
