"""Words and tags in two parallel files: line i of the tags belongs to line i of the words (seq.in and seq.out)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from anaphora.data.files.line_ends import numbered
from anaphora.data.files.sentences import Collected, Found, Read, record
from anaphora.data.files.sources import open_source
from anaphora.data.files.word_splitting import between_blanks
from anaphora.errors import DataError
from anaphora.formatting import counted

FOLDER = ("seq.in", "seq.out")
_HEAD = 200  # lines
_WORDS = {"in", "word", "words", "token", "tokens", "sentence", "sentences", "text", "texts"}  # parts of file names
_LABELS = {"label", "labels", "intent", "intents"}
_TAGS = {"out", "tag", "tags", "label", "labels", "ner", "pos", "slots"}


def expanded(paths: Sequence[str]) -> list[str]:
    """Return paths, where a folder with seq.in and seq.out becomes these two files."""
    found = []
    for path in paths:
        both = [str(Path(path, name)) for name in FOLDER]
        found += both if os.path.isdir(path) and all(map(os.path.isfile, both)) else [path]
    return found


def are_parallel(words: str, tags: str) -> bool:
    """Return whether two text files have the same number of words in each of their first lines; unless their names say
    what they hold, the number must differ from line to line.
    """
    if not (os.path.isfile(words) and os.path.isfile(tags)):
        return False
    counts = [_counts(path, _HEAD) for path in (words, tags)]
    parts = [set(re.split("[._-]", Path(path).name.lower())) for path in (words, tags)]
    named = bool(parts[0] & _WORDS and parts[1] & _TAGS)
    return counts[0] == counts[1] and len(set(counts[0]) - {0}) > (0 if named else 1)


def is_label_file(path: str, words: str) -> bool:
    """Return whether a file has a label for each sentence of a file of words, as its name says."""
    if not set(re.split("[._-]", Path(path).name.lower())) & _LABELS or not os.path.isfile(path):
        return False
    counts = _counts(path)
    return len(counts) == len(_counts(words)) and max(counts, default=0) <= 1


def _counts(path: str, most: int | None = None) -> list[int]:
    """Return the number of words in each line of a file, which may be compressed, or in its first lines."""
    lines = numbered(open_source(path).blocks(), cr=False)
    return [len(list(filter(None, re.split(rb"[ \t\r]+", line)))) for _, line in islice(lines, most)]


def read_pair(words: tuple[str, str], tags: tuple[str, str]) -> Read:
    """Return the sentences of two files, each given by its name and its text.

    Raises DataError if they have different numbers of lines.
    """
    rows = [text.removesuffix("\n").split("\n") for _, text in (words, tags)]
    if len(rows[0]) != len(rows[1]):
        raise DataError(
            f"'{words[0]}' has {counted(len(rows[0]), 'line')} and '{tags[0]}' has"
            f" {len(rows[1]):,}; expected a line of tags for"
            " each line of words."
        )
    collected = Collected(words[0])
    for number, (own, marks) in enumerate(zip(*rows, strict=True), 1):
        tokens, given = between_blanks(own), between_blanks(marks)
        if len(tokens) != len(given):
            record(
                collected.wrong,
                number,
                f"{counted(len(tokens), 'word')} and {counted(len(given), 'tag')}; expected a tag for each word.",
            )
        elif tokens:
            collected.add(tokens, given, (number,) * len(tokens))
    return collected.read(Found("parallel", "parallel files of words and tags", words[0], tags[0]))
