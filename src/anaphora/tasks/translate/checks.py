"""Findings on pairs, and a description of the training data.

Two misaligned files still have a text in every line; the lengths reveal the misalignment. For a pair with n and m
characters,

    z = (ln n − ln m − median) / max(0.25, 1.4826 · median |ln n − ln m − median|)

A pair with |z| > 5 is reported.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.duplicates import FOLDS, PartKeys, check_duplicates, check_folds_apart
from anaphora.checks.examine import Load
from anaphora.checks.examples import (
    HELD_OUT,
    TRAIN,
    at_rows,
    few_held_out,
    load,
    named_parts,
    scored_sizes,
    unit_vocabulary,
)
from anaphora.checks.findings import Finding, errors
from anaphora.checks.rows import check_long, describe_lengths
from anaphora.checks.same_files import same_files
from anaphora.checks.spellings import check_words
from anaphora.checks.tables import check_formats, check_quotes
from anaphora.checks.text_files import check_texts
from anaphora.config.units import PLURAL
from anaphora.data.batches import Bucketed
from anaphora.data.files import frames
from anaphora.data.files.pair_layouts import TMX, open_files, sides_of
from anaphora.data.files.pairs import Pairs
from anaphora.data.files.parallel import mismatch
from anaphora.data.files.sources import STANDARD_INPUT, ending
from anaphora.data.parts import test_files, valid_paths
from anaphora.errors import DataError, UsageError
from anaphora.tasks.translate.data import Corpus, folds
from anaphora.tasks.translate.encoding import Encoded, encode, prepared
from anaphora.tasks.translate.network import specification
from anaphora.tasks.translate.settings import Data, TranslateConfig
from anaphora.tasks.translate.sides import swapped

_FAR = 5.0
_LEAST_SPREAD = 0.25
_ENOUGH = 50  # pairs from which a median means something
_SAME = 0.05  # of the pairs
_MANY_UNKNOWN = 0.05  # of the held-out units


def check_files(config: TranslateConfig, paths: Sequence[str | Path]) -> list[Finding]:
    """Return findings on files before pairs are read: files that are not text, or of different numbers of lines."""
    data = config.data
    held_out = valid_paths(data.valid) if isinstance(data.valid, str) else []
    tested = test_files(config)
    found = check_formats([*paths, *held_out, *tested])
    if found:
        return found
    for named in (paths, held_out, tested):
        texts = [name for name in map(str, named) if ending(name) not in (*frames.ENDINGS, TMX)]
        here = check_texts(texts, data.encoding)
        found += here if errors(here) else [*here, *_parallel(named, data)]
    copied = {finding.where for finding in found if finding.code == "same-file"}
    named_twice = same_files(list(map(str, paths)), held_out)
    return [*found, *(finding for finding in named_twice if finding.where not in copied)]


def _parallel(named: Sequence[str | Path], data: Data) -> Iterator[Finding]:
    """Yield findings on parallel files that are one file, or that have different numbers of lines; of other faults,
    reading gives the message.
    """
    if STANDARD_INPUT in map(str, named):
        return
    with suppress(DataError, UsageError):
        for source, target in sides_of(open_files(named, data.encoding, data.header)):
            if os.path.samefile(source.path, target.path):
                message = "The file is both the source and the target, so the network can only learn to copy."
                remedy = "Name two files: source, then target."
                yield Finding("same-file", "warning", target.path, (), message, remedy)
            if len(source.lines) != len(target.lines):
                message, _, remedy = mismatch(source, target).rpartition(" Look ")
                where = f"{source.path} and {target.path}"
                yield Finding("misaligned", "error", where, (), message, f"Look {remedy}")


def check(config: TranslateConfig, corpus: Corpus) -> list[Finding]:
    """Return findings on a corpus."""
    train, held_out = corpus.train, corpus.held_out
    found: list[Finding] = []
    parts = named_parts(corpus)
    for where, pairs in parts.items():
        found += [*_empty(pairs, where), *_far(pairs, where), *_same(pairs, where)]
    lower, imprecise = config.data.lower, ("a share of exact outputs", ", and BLEU is as imprecise")
    texts = (text for pairs in parts.values() for side in (pairs.sources, pairs.targets) for text in side)
    return [
        *found,
        *swapped(train, held_out, corpus.test),
        *check_duplicates([PartKeys(where, keys(pairs, lower), pairs.place) for where, pairs in parts.items()]),
        *_folds(config, corpus),
        *few_held_out(scored_sizes(corpus), "pair", config.training.folds, *imprecise),
        *check_words(texts, config.data.normalize),
        *check_quotes(dict.fromkeys(table for pairs in parts.values() for table in pairs.tables)),
    ]


def _folds(config: TranslateConfig, corpus: Corpus) -> list[Finding]:
    if config.training.folds is None:
        return []
    made = folds(config, corpus, config.training.folds)
    return check_folds_apart(PartKeys(FOLDS, keys(made.pool, config.data.lower), made.pool.place), made.of)


def describe(config: TranslateConfig, corpus: Corpus) -> tuple[list[Finding], Load | None]:
    """Return findings on the training data (lengths, vocabularies, unknown units) and the estimated work."""
    encoded = encode(config, corpus)
    reader, training, train = encoded.reader, config.training, encoded.train
    batches = Bucketed(train.lengths, training.batch_steps, training.seed)
    tree = specification(config, reader.source.size + 1, reader.target.size + 1)
    data = [side.steps for part in (train, encoded.held_out) for side in (part.sources, part.targets)]
    read, written = (max(1, round(float(side.lengths.mean()))) for side in (train.sources, train.targets))
    work = load(tree, batches, data, None)
    encoder = (work.rows, read)
    work = replace(work, steps=written, parts={"encoder": encoder, "bridge": encoder})
    found: list[Finding] = []
    for where, pairs, part in ((TRAIN, corpus.train, train), (HELD_OUT, corpus.held_out, encoded.held_out)):
        own = pairs.take(part.numbers)
        for side, texts in (("sources", part.sources), ("targets", part.targets)):
            lengths = texts.lengths - 1, own.place, f"{where}, {side}", PLURAL[reader.kind]
            found += [*describe_lengths(*lengths), *check_long(*lengths)]
    return [*found, *_left_out(config, corpus, encoded), *_vocabularies(encoded)], work


def _empty(pairs: Pairs, where: str) -> list[Finding]:
    found = []
    for side, texts in (("source", pairs.sources), ("target", pairs.targets)):
        rows = [row for row, text in enumerate(texts) if not text.strip()]
        if rows:
            message = f"{_pairs(len(rows))} an empty {side}; such pairs are left out of training."
            found.append(at_rows("empty-side", where, pairs.place, rows, message, "Fill or remove them."))
    return found


def _far(pairs: Pairs, where: str) -> list[Finding]:
    """Return findings on pairs whose sides differ much in length: a part is missing, or the lines do not match."""
    sizes = np.array([[len(text.strip()) for text in side] for side in (pairs.sources, pairs.targets)], np.float64)
    whole = np.flatnonzero((sizes > 0).all(axis=0))
    if len(whole) < _ENOUGH:
        return []
    ratios: NDArray[np.float64] = np.log(sizes[0, whole]) - np.log(sizes[1, whole])
    middle = float(np.median(ratios))
    spread = max(_LEAST_SPREAD, 1.4826 * float(np.median(np.abs(ratios - middle))))
    far = np.abs(ratios - middle) / spread
    rows = whole[np.argsort(-far, kind="stable")][: int((far > _FAR).sum())]
    if not rows.size:
        return []
    first = int(rows[0])
    message = (
        f"{_pairs(rows.size)} a length ratio far from the usual {np.exp(middle):.2f}; the farthest:"
        f" {pairs.sources[first][:60]!r} beside {pairs.targets[first][:60]!r}."
    )
    remedy = "Check whether these lines belong together; many such pairs in a row mean that the files are misaligned."
    return [at_rows("length-ratio", where, pairs.place, rows.tolist(), message, remedy)]


def _same(pairs: Pairs, where: str) -> list[Finding]:
    """Return findings on sources that equal their targets."""
    rows = [
        row for row, (one, other) in enumerate(zip(pairs.sources, pairs.targets, strict=True))
        if one.strip() and one.strip() == other.strip()
    ]  # fmt: skip
    if len(rows) <= _SAME * len(pairs):
        return []
    message = f"{_pairs(len(rows))} a target that equals its source ({len(rows) / len(pairs):.0%} of all)."
    remedy = "Remove these pairs, unless the network should learn to copy."
    return [at_rows("untranslated", where, pairs.place, rows, message, remedy)]


def keys(pairs: Pairs, lower: bool) -> Iterator[Hashable | None]:
    """Yield a key per pair, equal for equal pairs; None for an empty pair; `lower` ignores the case."""
    for pair in zip(pairs.sources, pairs.targets, strict=True):
        key = tuple(prepared(text, lower) for text in pair)
        yield key if any(key) else None


def _left_out(config: TranslateConfig, corpus: Corpus, encoded: Encoded) -> list[Finding]:
    longest, remedy, found = f"{config.data.max_length:,} units", "Read more with --max-length.", list[Finding]()
    rows = [row for row in encoded.left_out.tolist() if corpus.train.sources[row].strip()]
    rows = [row for row in rows if corpus.train.targets[row].strip()]
    if rows:
        message = f"{_pairs(len(rows))} a side of {longest} or more, left out of training."
        found.append(at_rows("long-row", TRAIN, corpus.train.place, rows, message, remedy))
    held_out, reader = corpus.held_out, encoded.reader
    if encoded.cut:
        sides = zip(held_out.sources, held_out.targets, strict=True)
        rows = [
            row for row, (one, other) in enumerate(sides) if reader.is_cut(one) or reader.is_cut(other, target=True)
        ]
        message = f"{_pairs(len(rows))} a side of more than {longest}: only its beginning is read."
        found.append(at_rows("long-row", HELD_OUT, held_out.place, rows, message, remedy))
    return found


def _vocabularies(encoded: Encoded) -> list[Finding]:
    reader, train, held_out = encoded.reader, encoded.train, encoded.held_out
    unit, remedy = PLURAL[reader.kind], "Add text, use a larger --vocabulary, or use --units byte."
    return [
        finding
        for side, known, parts in (
            ("sources", reader.source, (train.sources.steps, held_out.sources.steps)),
            ("targets", reader.target, (train.targets.steps, held_out.targets.steps)),
        )
        for finding in unit_vocabulary(known, parts, unit, _MANY_UNKNOWN, remedy, side)
    ]


def _pairs(count: int) -> str:
    return "1 pair has" if count == 1 else f"{count:,} pairs have"
