"""Checks of texts that are split into a training part and a held-out part, before tokenization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from anaphora.checks.examine import Load
from anaphora.checks.examples import HELD_OUT, TEST, TRAIN, few_in_part, more_of, named_parts
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
    lines = _lines(corpus)
    blocks = chain.from_iterable(text.blocks() for text in named_parts(corpus).values())
    return [*(part.lengths(where) for where, part in lines.items() if part.count),
            *check_lines(lines), *check_words(blocks, config.data.normalize)]  # fmt: skip


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


def check_units(sizes: Mapping[str, int], unit: str, folds: int | None, ending: str = ".") -> list[Finding]:
    """Return findings on the number of units of each part by its name, with a warning about each scored part of few
    units; `unit` names one, and `folds` is the number of folds that were asked for.
    """
    *before, last = [f"{size:,} in {where}" for where, size in sizes.items() if where != TRAIN]
    message = f"{', '.join([f'{counted(sizes[TRAIN], unit)} in {TRAIN}', *before])} and {last}{ending}"
    figures = dict(zip(("train", "held_out", "test"), sizes.values(), strict=False))
    found = [Finding("units", "info", "the text", (), message, "", figures=figures)]
    for where, size in sizes.items():
        if where != TRAIN and size < FEW:
            off = 1.96 / max(1, size) ** 0.5
            few = (
                f"Only {counted(size, unit)} {'is' if size == 1 else 'are'} scored: the 95 % interval of the nats per"
                f" {unit} is about ±{off:.0%} of them or more."
            )
            remedy = more_of(where, sizes, folds)
            found.append(few_in_part(where, few, remedy, {"examples": size, "relative_interval": [-off, off]}))
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


def _lines(corpus: TextCorpus) -> dict[str, TextLines]:
    """Return the lines of the parts, each with its file and position: a file may lie in two parts, or in three."""
    parts = named_parts(corpus)
    roles = {} if corpus.taken is None else corpus.taken.roles
    own = [where for where, role in ((HELD_OUT, "held out"), (TEST, "test")) if role in roles]
    order = [*(where for where in parts if where not in own), *own]  # as in `corpus.sources`
    files = ["standard input" if source == STANDARD_INPUT else source for source in corpus.sources]
    count = sum(len(text.lengths) - text.begins_inside for text in parts.values())
    found, at, line = dict[str, TextLines](), 0, 1
    for where in order:
        text = parts[where]
        at -= text.begins_inside
        names = files[at:] if count == len(files) else ["the text"] * len(text.lengths)
        found[where] = TextLines(_pieces(text, names, line if text.begins_inside else 1))
        at, line = at + len(text.lengths), found[where].ends_in
    return {where: found[where] for where in parts}


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
