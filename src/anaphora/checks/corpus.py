"""What is wrong with texts that are split into a training part and a held-out part, before they are cut into units."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from anaphora.checks.findings import Finding
from anaphora.checks.lines import Lines, Piece, check_lines
from anaphora.checks.text_files import check_texts
from anaphora.data.files.text import STANDARD_INPUT, Text
from anaphora.data.text.corpus import Corpus

TRAIN, HELD_OUT = "the training part", "the held-out part"


def check_files(paths: Sequence[str | Path], valid: float | str, encoding: str) -> list[Finding]:
    """What is wrong with files before anything is read from them."""
    files = [*map(str, paths), *([valid] if isinstance(valid, str) else [])]
    found = check_texts(list(dict.fromkeys(files)), encoding)
    seen: dict[tuple[int, int], str] = {}
    for number, file in enumerate(files):
        if not os.path.isfile(file):
            continue
        facts = os.stat(file)
        before = seen.get((facts.st_dev, facts.st_ino))
        seen.setdefault((facts.st_dev, facts.st_ino), file)
        if before is None:
            continue
        if isinstance(valid, str) and number == len(files) - 1:
            message = f"It is held out, and trained on as {before}: the score is no test."
            found.append(Finding("same-file", "warning", file, (), message, "Hold out another text."))
        else:
            message = f"It is named more than once, first as {before}: it counts as often."
            found.append(Finding("same-file", "warning", file, (), message, "Name each file once."))
    return found


def check_corpus(corpus: Corpus) -> list[Finding]:
    """What is wrong with what was read: lines that stand more than once; and how long lines are."""
    train, held_out = _lines(corpus)
    return [*(part.lengths(where) for part, where in ((train, TRAIN), (held_out, HELD_OUT)) if part.count),
            *check_lines(train, held_out)]  # fmt: skip


def _lines(corpus: Corpus) -> tuple[Lines, Lines]:
    """The lines of both parts, each with the file it stands in, and where."""
    names = ["standard input" if source == STANDARD_INPUT else source for source in corpus.sources]
    first, second = corpus.train.lengths, corpus.held_out.lengths
    cut = len(first) + len(second) > len(names)  # one file lies in both parts
    if len(first) + len(second) - cut != len(names):
        names = ["the text"] * (len(first) + len(second))
    train = Lines(_pieces(corpus.train, names[: len(first)], 1))
    begins = train.ends_in if cut else 1
    return train, Lines(_pieces(corpus.held_out, names[len(first) - cut :], begins))


def _pieces(text: Text, names: Sequence[str], line: int) -> Iterator[Piece]:
    blocks = text.blocks()
    for name, length in zip(names, text.lengths, strict=False):
        yield Piece(name, line, _take(blocks, length))
        line = 1


def _take(blocks: Iterator[str], length: int) -> Iterator[str]:
    """Blocks of so many characters in all."""
    while length > 0:
        block = next(blocks)
        length -= len(block)
        yield block
