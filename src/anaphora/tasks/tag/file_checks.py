"""Findings on files of words and tags before sentences are made of them: malformed lines, missing blank lines, words
that a span cuts, texts that nobody annotated, numbers of sentences that come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anaphora.checks.examine import unreadable
from anaphora.checks.findings import Finding, errors
from anaphora.checks.same_files import same_files
from anaphora.checks.tables import check_formats
from anaphora.checks.text_files import check_texts
from anaphora.data.files import frames
from anaphora.data.files.conll import read_files
from anaphora.data.files.sentences import MalformedLine, Read
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.tag_layouts import WORD_LINES
from anaphora.data.files.tag_pairs import expanded
from anaphora.data.files.tag_refusals import refuse
from anaphora.data.files.unannotated import in_words
from anaphora.data.location import Location
from anaphora.data.parts import test_files, valid_paths
from anaphora.errors import DataError
from anaphora.tasks.tag.settings import TagConfig

_MANY = 500  # words of a file without a blank line
_NO_TABLE = 0.25  # of the lines: a file with more malformed ones has another layout
_REMEDY = "Repair these lines, or name the form with --format columns, conllu or json."


def check_files(config: TagConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """Return findings on files before sentences are read: files that are not text, and malformed lines."""
    data = config.data
    held_out = expanded(valid_paths(data.valid)) if isinstance(data.valid, str) else []
    tested = expanded(test_files(config))
    train = expanded([str(path) for path in paths])
    named = [*train, *(name for name in held_out if name not in train), *tested]
    for name in named:
        try:
            refuse(name, [])
        except DataError as error:
            return [unreadable(error)]
    if found := check_formats(named):
        return found
    found = check_texts([name for name in dict.fromkeys(named) if ending(name) not in frames.ENDINGS], data.encoding)
    found += same_files(train, held_out)
    if errors(found) or STANDARD_INPUT in named:
        return found
    for part in (train, [name for name in held_out if name not in train], tested):
        try:
            reads = read_files(part, data)
        except DataError:
            continue  # reading the files raises the error
        for read in reads:
            found += [*_malformed(read), *_unbroken(read), *_cut(read), *_unannotated(read)]
            found += sentences_again(read.path, read.again)
    return found


def _malformed(read: Read) -> list[Finding]:
    """Return a finding on the lines that cannot be read."""
    wrong = read.wrong
    if not wrong:
        return []
    lines = "1 line is" if len(wrong) == 1 else f"{len(wrong):,} lines are"
    message, remedy = f"{lines} different in form from the others; line {wrong[0].line}: {wrong[0].message}", _REMEDY
    many = len(wrong) > _NO_TABLE * (read.sentences.words + len(wrong)) and read.found.format in WORD_LINES
    if many and all(line.empty for line in wrong):
        message = f"{lines} without a word or a tag; line {wrong[0].line}: {wrong[0].message}"
        remedy = "Write a tag for every word, such as O for a word outside all spans."
    elif many:
        message = (
            f"Many lines do not have the form of the first one ({read.found.layout}), so the file is probably a text"
            f" without tags, or has another layout. {message}"
        )
        remedy = "The tagger learns from words with tags, a word per line or in a layout of docs/formats.md (--format)."
    return [Finding("ragged-columns", "error", read.path, _places(read, wrong), message, remedy)]


def _unbroken(read: Read) -> list[Finding]:
    """Return a finding on a file in which no blank line ends a sentence."""
    words = read.sentences.words
    if len(read.sentences) != 1 or words < _MANY or read.found.format not in (*WORD_LINES, "rows"):
        return []
    message = f"All {words:,} words are one sentence, because no blank line stands between words."
    remedy = "Add a blank line after each sentence: words of another sentence mislead the network."
    return [Finding("no-blank-line", "warning", read.path, (read.sentences.place(0),), message, remedy)]


def _cut(read: Read) -> list[Finding]:
    """Return a finding on words that are only in part in a span."""
    if not read.cut:
        return []
    count = len(read.cut)
    words = "1 word is" if count == 1 else f"{count:,} words are"
    message = f"{words} only in part in a span, so the span takes the whole word; line {read.cut[0].line}:"
    remedy = "Correct the begin or the end of these spans."
    places = _places(read, read.cut)
    return [Finding("cut-word", "warning", read.path, places, f"{message} {read.cut[0].message}.", remedy)]


def _unannotated(read: Read) -> list[Finding]:
    """Return a finding on texts that nobody annotated."""
    if not read.unannotated:
        return []
    first = read.unannotated[0].line
    message = (
        f"Texts that nobody annotated are left out: {in_words(read.unannotated)}; the first stands in line {first}."
    )
    remedy = "If the tagger should learn from these texts, annotate them, and export the data again."
    places = _places(read, read.unannotated)
    return [Finding("not-annotated", "warning", read.path, places, message, remedy)]


def sentences_again(path: str, again: Sequence[MalformedLine]) -> list[Finding]:
    """Return a finding on rows of a sentence that stand apart from its rows above; no path for rows in memory."""
    if not again:
        return []
    places, unit = tuple(Location(path, line.line) for line in again), "line" if path else "row"
    message = f"The number of a sentence comes back after other sentences; {unit} {again[0].line}: {again[0].message}."
    remedy = "If these are other sentences, give each sentence a number of its own."
    return [Finding("number-again", "warning", path or "the data", places, message, remedy)]


def _places(read: Read, lines: Sequence[MalformedLine]) -> tuple[Location, ...]:
    return tuple(Location(read.path, line.line) for line in lines)
