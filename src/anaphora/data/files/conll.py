"""Files of sentences with a tag for each word, in every layout of `anaphora.data.files.tag_layouts`.

Every message names file and line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from anaphora.data.files import frames
from anaphora.data.files.bracket_tags import are_brackets, expressions, without_brackets
from anaphora.data.files.delimited import DelimitedTable
from anaphora.data.files.json_tables import JsonTable
from anaphora.data.files.sentences import Collected, Read, Sentences, record
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.files.table_files import read_table
from anaphora.data.files.tables import Table
from anaphora.data.files.tag_layouts import HEAD, WORD_LINES, layout_of, word_layout
from anaphora.data.files.tag_lines import mark_of, read_tagged_lines
from anaphora.data.files.tag_offsets import read_offsets
from anaphora.data.files.tag_pairs import are_parallel, expanded, is_label_file, read_pair
from anaphora.data.files.tag_refusals import refuse
from anaphora.data.files.tag_rows import read_tagged_table
from anaphora.data.files.text import read_text
from anaphora.data.files.word_fields import EXPRESSIONS, NAMED, ColumnChoice
from anaphora.data.files.word_lines import WordLayout, WordLine
from anaphora.data.files.word_splitting import is_blank
from anaphora.errors import DataError, UsageError
from anaphora.formatting import counted

_SENTENCE_ID = re.compile(r"#\s*sent_id\s*=\s*(\S+)")
_NO_TEXT = (*frames.ENDINGS, ".json", ".jsonl", ".ndjson", ".csv", ".conllu", ".conllup", ".cupt")


def read_sentences(path: str, data: ColumnChoice, encoding: str | None = None) -> Sentences:
    """Return the sentences of one file.

    Raises DataError, with the line, for a malformed file.
    """
    return strict(read(path, data, encoding)).sentences


def read_files(paths: Sequence[str], data: ColumnChoice, encoding: str | None = None) -> list[Read]:
    """Return the readings of several files; two parallel files are read as one."""
    found = list[Read]()
    for first, *others in grouped(paths, data.format):
        if not others:
            found.append(read(first, data, encoding))
            continue
        words, tags = ((path, read_text(path, encoding or data.encoding)) for path in (first, others[0]))
        pair = read_pair(words, tags)
        left_out = dict.fromkeys(others[1:], "a label of each sentence")
        found.append(pair._replace(found=replace(pair.found, left_out=left_out)) if left_out else pair)
    return found


def grouped(paths: Sequence[str], form: str) -> list[list[str]]:
    """Return files in groups: a file alone; or a file of words, the file of its tags, and perhaps one of labels.

    A folder with seq.in and seq.out stands for these files.
    """
    groups, rest = list[list[str]](), expanded(paths)
    while rest:
        two = len(rest) > 1 and (form == "parallel" or (form == "auto" and _is_pair(*rest[:2])))
        three = two and len(rest) > 2 and is_label_file(rest[2], rest[0])
        size = 1 + two + three
        groups.append(rest[:size])
        rest = rest[size:]
    return groups


def strict(found: Read) -> Read:
    """Return a reading; raises DataError, with the line, if a line of it is malformed."""
    if found.wrong:
        path, wrong = found.path, found.wrong
        more = f" (and {counted(len(wrong) - 1, 'line')} more)" if len(wrong) > 1 else ""
        raise DataError(f"'{path}', line {wrong[0].line}: {wrong[0].message}{more}")
    return found


def read(path: str, data: ColumnChoice, encoding: str | None = None, tagged: bool = True) -> Read:
    """Return the reading of one file with its malformed lines; raises DataError if nothing can be read."""
    encoding = encoding or data.encoding
    if data.format == "parallel":
        raise UsageError(f"'{path}' stands alone; --format parallel takes a file of words and a file of tags.")
    if ending(path) in frames.ENDINGS:
        return read_tagged_table(read_table(path, encoding), path, data.token, data.tag, tagged)
    refuse(path, [])
    text = read_text(path, encoding)
    lines = text.split("\n")
    if data.format == "auto":
        refuse(path, lines[:HEAD])
    kind = layout_of(path, data.format, lines[:HEAD])
    if kind == "offsets":
        return read_offsets(path, text)
    if kind in ("json", "rows"):
        return read_tagged_table(_table(path, text, encoding, kind), path, data.token, data.tag, tagged)
    if kind in WORD_LINES:
        return _word_lines(path, lines, word_layout(kind, data, lines[:HEAD], tagged), kind)
    return read_tagged_lines(path, lines, kind, mark_of([line for line in lines[:HEAD] if not is_blank(line)]) or "/")


def _is_pair(words: str, tags: str) -> bool:
    endings = {ending(path) for path in (words, tags)}
    return not endings & set(_NO_TEXT) and are_parallel(words, tags)


def _table(path: str, text: str, encoding: str, kind: str) -> Table:
    if path != STANDARD_INPUT and ending(path) in (".json", ".jsonl", ".ndjson", ".csv", ".tsv"):
        return read_table(path, encoding)
    return DelimitedTable(text, f"'{path}'") if kind == "rows" else JsonTable(text, f"'{path}'")


def _word_lines(path: str, lines: Sequence[str], layout: WordLayout, kind: str) -> Read:
    collected = Collected(path)
    sentences = list(layout.sentences(enumerate(lines, 1), collected.wrong))
    is_bracketed = are_brackets(word.tag or "" for sentence in sentences for word in sentence)
    for sentence in sentences:
        try:
            tags = _tags(sentence, layout, is_bracketed)
        except DataError as error:
            record(collected.wrong, sentence[0].line, str(error))
            continue
        collected.add([word.token for word in sentence], tags, [word.line for word in sentence])
    if kind == "conllu":
        _record_ids_again(lines, collected)
    return collected.read(layout.found(kind))


def _record_ids_again(lines: Sequence[str], collected: Collected) -> None:
    """Record the comments of CoNLL-U that give a sentence the number of a sentence above."""
    seen = set[str]()
    for number, line in enumerate(lines, 1):
        if given := _SENTENCE_ID.match(line):
            if given[1] in seen:
                record(collected.again, number, f"sent_id is {given[1]!r} as of a sentence above; both are read")
            seen.add(given[1])


def _tags(sentence: Sequence[WordLine], layout: WordLayout, is_bracketed: bool) -> Sequence[str]:
    """Return the tags of a sentence; brackets become tags of single words."""
    tags = [word.tag or "" for word in sentence]
    name = layout.named.names[layout.tag] if layout.named and layout.tag is not None and layout.tag >= 0 else ""
    if name == EXPRESSIONS:
        return expressions(tags)
    is_2012 = layout.named is NAMED["conll2012"] and name == "NER"
    return without_brackets(tags) if is_bracketed or is_2012 else tags
