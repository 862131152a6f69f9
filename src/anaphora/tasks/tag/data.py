"""Sentences whose words have tags, from files or from memory, and parts of them set aside.

(X, y)                        sentences, lists of words, and their lists of tags
[(words, tags), …]            the same, sentence by sentence
a frame                       its columns of lists are found as a file's are
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anaphora.arguments.instead import instead
from anaphora.data import in_memory
from anaphora.data.examples import Split, checked_share, hold_out
from anaphora.data.files.conll import read_files, strict
from anaphora.data.files.sentences import Found, Sentences
from anaphora.data.files.tables import ColumnTable
from anaphora.data.files.tag_layouts import WORD_LINES
from anaphora.data.files.tag_rows import listed, read_tagged_table
from anaphora.data.files.unannotated import left_out
from anaphora.data.files.word_splitting import between_blanks, words_in
from anaphora.data.folds import Folds, folds_of
from anaphora.data.in_memory import is_frame, is_sequence, unexpected
from anaphora.data.location import Location
from anaphora.data.parts import Parts, divided, part_files
from anaphora.data.surrogates import refuse_half_pair
from anaphora.data.taken import Taken
from anaphora.errors import DataError, UsageError
from anaphora.formatting import counted
from anaphora.metrics.notation import USUAL, Marking, marking, marking_like
from anaphora.tasks.tag.settings import Data, TagConfig
from anaphora.tasks.tag.truth import converted, in_form, in_one_notation

NAME = "the data"
_TAKES = "files, or a share of the sentences"
_EXPECTED = "sentences with tags: (X, y), a list of (words, tags), a frame with two columns of lists, or paths"


@dataclass(frozen=True)
class Corpus(Split[Sentences]):
    """Sentences in parts, with plain tags; `marking` is how the tags of the data mark spans, and `odd` are the tags
    that do not fit it.
    """

    marking: Marking
    found: Found
    odd: tuple[tuple[str, Location], ...] = ()

    @property
    def scheme(self) -> str:
        """The scheme in which the tags mark spans."""
        return self.marking.scheme


def read(config: TagConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read files, and set the other parts aside; raises as `Task.read` does."""
    names = tuple(str(path) for path in paths)
    sentences, found = read_all(config.data, names)
    return set_aside(
        config, sentences, found, *names, *part_files(config), read=lambda files: read_all(config.data, files)[0]
    )


def from_memory(config: TagConfig, data: Any) -> Corpus:
    """Return sentences in memory as a corpus with shares of them held out; raises as `Task.from_memory` does."""
    return set_aside(config, *tagged(config.data, data))


def read_all(data: Data, paths: Sequence[str], encoding: str | None = None) -> tuple[Sentences, Found]:
    """Return the sentences of several files, and how the first of them was read; raises as `Task.read` does, and
    UsageError if no file is named.
    """
    if not paths:
        raise UsageError(
            "No data were named. Name files with a word and its tag on each line, or CoNLL-U or JSONL files."
        )
    found = [strict(each) for each in read_files(paths, data, encoding)]
    layouts = " and ".join(dict.fromkeys(each.found.layout for each in found))
    columns = {**found[0].found.left_out, **left_out(found)}
    sentences = Sentences.joined([each.sentences for each in found])
    return sentences, replace(found[0].found, layout=layouts, left_out=columns)


def set_aside(
    config: TagConfig,
    sentences: Sentences,
    found: Found,
    *sources: str,
    read: Callable[[Sequence[str]], Sentences] | None = None,
) -> Corpus:
    """Hold out shares of sentences, in an order that the seed draws, or `read` the sentences of other files; raises as
    `Task.read` does.
    """
    parts = divided(
        sentences,
        config.data,
        _TAKES,
        lambda rows, share: hold_out(len(rows), share, config.training.seed),
        read,
    )
    return _corpus(config.data, parts, found, sources)


def folds(config: TagConfig, corpus: Corpus, count: int) -> Folds[Sentences]:
    """Return the folds of a corpus; raises as `folds_of` does."""
    data, seed = config.data, config.training.seed

    def divide(rows: Sentences) -> tuple[Sentences, Sentences]:
        stay, leave = hold_out(len(rows), checked_share(data.valid, _TAKES), seed)
        return rows.take(stay), rows.take(leave)

    return folds_of(corpus, count, seed, isinstance(data.valid, str), Sentences.joined, divide)


def tagged(data: Data, rows: Any) -> tuple[Sentences, Found]:
    """Return sentences in memory with their tags, numbered from 1; raises as `from_memory` does."""
    columns, names = in_memory.columns(rows), (data.token, data.tag)
    is_frame = columns is not None
    if columns is None:
        X, y = in_memory.two_columns(rows, _EXPECTED)
        if len(X) != len(y):
            raise UsageError(
                f"There are {counted(len(X), 'sentence')} and"
                f" {counted(len(y), 'row of tags', 'rows of tags')}; expected equal numbers."
            )
        columns, names = {"words": list(X), "tags": list(y)}, (None, None)
    read = read_tagged_table(ColumnTable(columns, NAME), "", *names, texts=is_frame)
    if read.wrong:
        raise DataError(f"{NAME}, sentence {read.wrong[0].line}: {read.wrong[0].message}")
    _as_text(read.sentences.tokens)
    _as_text(read.sentences.tags)
    layout = f"values in memory, {read.found.layout.rpartition(', ')[2]}"
    return read.sentences, replace(read.found, layout=layout, again=tuple(read.again))


def untagged(X: Any, layout: str = "") -> list[tuple[str, ...]]:
    """Return the words of lists of words, or of texts, which are split as in files of a format; raises UsageError for
    other values, DataError for half a surrogate pair.
    """
    if isinstance(X, str) or not is_sequence(X) or is_frame(X) or instead(list(X)):
        raise unexpected("a list of sentences, each a list of words or a text", X)
    return _as_text([split(row, layout) if isinstance(row, str) else listed(row, "a sentence") for row in X])


def _as_text(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return rows of words or tags; raises DataError for half a surrogate pair."""
    for number, row in enumerate(rows, 1):
        refuse_half_pair(" ".join(row), f"{NAME}, sentence {number:,}")
    return list(rows)


def split(text: str, layout: str) -> tuple[str, ...]:
    """Return the words of a text as training reads it: with spans by characters, marks are words of their own."""
    if layout == "offsets":
        return tuple(word.text for word in words_in(text))
    return tuple(between_blanks(text) if layout == "parallel" else text.split())


def _corpus(data: Data, parts: Parts[Sentences], found: Found, sources: tuple[str, ...]) -> Corpus:
    _refuse_empty(parts, found)
    train, *others = (in_form(part, data.normalize) for part in parts if part is not None)
    train = train if data.scheme == "none" else in_one_notation(train)
    known = marking(train.tags, data.scheme)
    marked = [(train, known), *((part, marking_like(part.tags, known)) for part in others)]
    odd = tuple(
        (tag, part.place(row, word))
        for part, own in marked
        for row, tags in enumerate(part.tags if own.odd else ())
        for word, tag in enumerate(tags)
        if tag in own.odd
    )
    plain = [converted(part, own, known.scheme) for part, own in marked]
    seen = hashlib.sha256(known.scheme.encode())
    if known.notation != USUAL:
        seen.update(repr(known.notation).encode())
    for sentences in plain:
        seen.update(len(sentences).to_bytes(8, "little"))
        for rows in (sentences.tokens, sentences.tags):
            for row in rows:
                seen.update("\0".join(row).encode() + b"\1")
    taken = Taken(
        sources,
        found.layout,
        data.encoding if sources else "",
        sum(map(len, plain)),
        "sentence",
        {"words": (found.words,), "tags": (found.tags,), "scheme of spans": (known.scheme,)},
        found.left_out,
    )
    test = plain[2] if len(plain) > 2 else None
    return Corpus(plain[0], plain[1], sources, seen.hexdigest(), known, found, odd, taken=taken, test=test)


def _refuse_empty(parts: Parts[Sentences], found: Found) -> None:
    """Raise DataError if a part has no word."""
    named = zip(("training", "held-out", "test"), parts, strict=True)
    every = {name: part for name, part in named if part is not None}
    empty = next((name for name, part in every.items() if not part.words), None)
    if empty is None:
        return
    count, words = sum(map(len, every.values())), sum(part.words for part in every.values())
    is_whole = count == 1 < words and found.format in WORD_LINES
    why = f" All {words:,} words are one sentence, because no blank line ends a sentence." if is_whole else ""
    file = "a test file with --test" if empty == "test" else "a held-out file with --valid"
    raise DataError(
        f"The {empty} part has no word; the data have {counted(count, 'sentence')}.{why} Add"
        f" {'blank lines between sentences' if is_whole else 'sentences'}, or name {file}."
    )
