"""Checks of texts that are split into a training part and a held-out part, before tokenization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from anaphora.checks.examine import Load
from anaphora.checks.examples import HELD_OUT, TRAIN, few_in_part
from anaphora.checks.findings import Finding
from anaphora.checks.lines import FilePiece, TextLines, check_lines
from anaphora.checks.same_files import same_files
from anaphora.checks.spellings import check_words
from anaphora.checks.text_files import check_texts
from anaphora.data.files.sources import STANDARD_INPUT
from anaphora.data.files.text import Text
from anaphora.data.parts import held_out_files, test_files
from anaphora.data.text.corpus import TextCorpus
from anaphora.data.text.id_files import Units
from anaphora.data.text.reading import TextReading
from anaphora.data.text.tokenized import Encoded
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.errors import DataError
from anaphora.formatting import as_sentence, counted

V = TypeVar("V", bound=Vocabulary)

FEW = 1000  # scored units; the losses of units vary about as much as their mean, so 1.96 / √1000 = 6 % of it
_COUNTING_BYTES = 120  # bytes per unit of counting n-grams or neighbours


def check_files(config: Any, paths: Sequence[str | Path]) -> list[Finding]:
    """Return the problems of files that can be found before they are read; a config has `data.valid`, `data.test` and
    `data.encoding`.
    """
    train, held_out = list(map(str, paths)), held_out_files(config)
    found = check_texts(list(dict.fromkeys([*train, *held_out, *test_files(config)])), config.data.encoding)
    return [*found, *same_files(train, held_out)]


def check(config: Any, corpus: TextCorpus) -> list[Finding]:
    """Return the findings on a corpus: the lengths of its lines, repeated lines, and words that look alike."""
    train, held_out = _lines(corpus)
    blocks = chain(corpus.train.blocks(), corpus.held_out.blocks())
    return [*(part.lengths(where) for part, where in ((train, TRAIN), (held_out, HELD_OUT)) if part.count),
            *check_lines(train, held_out), *check_words(blocks, config.data.normalize)]  # fmt: skip


def in_units(
    reading: TextReading[V], config: Any, corpus: TextCorpus, remedy: str
) -> tuple[Encoded[V] | None, list[Finding]]:
    """Return both parts in units; or None, and a finding on a part that cannot be trained on or scored.

    `remedy` is for a training part of one repeated symbol. Raises DataError if the training part has no vocabulary for
    another reason.
    """
    try:
        encoded = reading.in_units(config, corpus)
    except DataError as error:
        if len(set(next(iter(corpus.train.blocks()), ""))) != 1:
            raise
        return None, [Finding("one-symbol", "error", TRAIN, (), as_sentence(str(error)), remedy)]
    short = reading.shortage(config, corpus, encoded)
    if short is None:
        return encoded, []
    return None, [Finding("too-short", "error", short.where, (), short.message, "")]


def check_units(train: int, held_out: int, unit: str, ending: str = ".") -> list[Finding]:
    """Return findings on the number of units of each part, with a warning if few are held out; `unit` names one."""
    message = f"{counted(train, unit)} in the training part and {held_out:,} in the held-out part{ending}"
    found = [Finding("units", "info", "the text", (), message, "", figures={"train": train, "held_out": held_out})]
    if held_out < FEW:
        off = 1.96 / max(1, held_out) ** 0.5
        few = (
            f"Only {counted(held_out, unit)} {'is' if held_out == 1 else 'are'} scored: the 95% interval of the nats"
            f" per {unit} is about ±{off:.0%} of them or more."
        )
        found.append(few_in_part(HELD_OUT, few, {"examples": held_out}))
    return found


def load(
    tree: Mapping[str, Any],
    windows: tuple[int, int, int],
    parts: tuple[Units, Units],
    most_counted: int,
    scored_at_once: int,
) -> Load:
    """Return the load of training on windows (rows and steps of a batch, and batches of an epoch).

    `parts` are the units (N,) of the training part and (M,) of the held-out part. A baseline counts at most
    `most_counted` units of the training part.
    """
    rows, steps, batches = windows
    in_memory = sum(part.nbytes for part in parts if isinstance(part, np.ndarray))
    data_bytes = in_memory + _COUNTING_BYTES * min(len(parts[0]), most_counted)
    return Load(tree, rows, steps, batches, data_bytes, scored_lines=min(scored_at_once, len(parts[1])))


def smaller_batch(units: int, sizes: Sequence[tuple[int, int]]) -> str:
    """Return options with which a text of this many units fills a batch, or a sentence if no size fits.

    `sizes` are numbers of rows and steps.
    """
    fits = (f"use --batch {batch} --bptt {steps}" for batch, steps in sizes if batch * steps <= units)
    return next(fits, "use another text: this text is too short to learn from")


def _lines(corpus: TextCorpus) -> tuple[TextLines, TextLines]:
    """Return the lines of both parts, each with its file and position."""
    tested = () if corpus.taken is None else corpus.taken.roles.get("test", ())
    own = corpus.sources[: len(corpus.sources) - len(tested)]
    names = ["standard input" if source == STANDARD_INPUT else source for source in own]
    first, second = corpus.train.lengths, corpus.held_out.lengths
    cut = len(first) + len(second) > len(names)  # one file lies in both parts
    if len(first) + len(second) - cut != len(names):
        names = ["the text"] * (len(first) + len(second))
    train = TextLines(_pieces(corpus.train, names[: len(first)], 1))
    begins = train.ends_in if cut else 1
    return train, TextLines(_pieces(corpus.held_out, names[len(first) - cut :], begins))


def _pieces(text: Text, names: Sequence[str], line: int) -> Iterator[FilePiece]:
    blocks = text.blocks()
    for name, length in zip(names, text.lengths, strict=False):
        yield FilePiece(name, line, _blocks_of_length(blocks, length))
        line = 1


def _blocks_of_length(blocks: Iterator[str], length: int) -> Iterator[str]:
    """Yield blocks with `length` characters in all."""
    while length > 0:
        block = next(blocks)
        length -= len(block)
        yield block
