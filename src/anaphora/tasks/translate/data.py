"""Pairs of texts, from files or from memory, and parts of them set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from anaphora.data import in_memory
from anaphora.data.examples import Split, checked_share, hold_out, refuse_empty
from anaphora.data.files.pair_columns import NO_NAMES, ColumnNames
from anaphora.data.files.pairs import Pairs, read_pairs, taken_of
from anaphora.data.files.tables import ColumnTable
from anaphora.data.folds import Folds, folds_of
from anaphora.data.parts import Parts, divided, part_files
from anaphora.data.surrogates import refuse_half_pair
from anaphora.errors import UsageError
from anaphora.formatting import counted
from anaphora.tasks.translate.settings import TranslateConfig

Corpus = Split[Pairs]
_NAME = "the data"
_TAKES = "files, or a share of the pairs"
_PAIRS = "pairs: (sources, targets), a list of (source, target), a frame with two columns, or paths"


def read(config: TranslateConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read parallel files or tables, and set the other parts aside; raises as `Task.read` does."""
    pairs = pairs_of(config, paths)
    sources = (*map(str, paths), *part_files(config))
    return _split(config, pairs, sources, lambda files: pairs_of(config, files, like=pairs.names))


def from_memory(config: TranslateConfig, data: Any) -> Corpus:
    """Return pairs in memory as a corpus with shares of them held out; raises as `Task.from_memory` does."""
    return _split(config, pairs_in_memory(config, data))


def pairs_of(
    config: TranslateConfig,
    paths: Sequence[str | Path],
    encoding: str | None = None,
    like: ColumnNames = NO_NAMES,
) -> Pairs:
    """Return the pairs of files, in the columns of the config, or of the names `like` of the training data; raises as
    `read_pairs` does.
    """
    data = config.data
    found = read_pairs(paths, encoding or data.encoding, data.header, data.source, data.target, like)
    return found.in_form(data.normalize)


def pairs_in_memory(config: TranslateConfig, data: Any, like: ColumnNames = NO_NAMES) -> Pairs:
    """Return pairs in memory, in columns as `pairs_of` chooses them; raises as `from_memory` does."""
    found = _pairs_in_memory(config, data, like)
    for number, pair in enumerate(zip(found.sources, found.targets, strict=True), 1):
        for text in pair:
            refuse_half_pair(text, f"{_NAME}, pair {number:,}")
    return found.in_form(config.data.normalize)


def _pairs_in_memory(config: TranslateConfig, data: Any, like: ColumnNames) -> Pairs:
    columns = in_memory.columns(data)
    if columns is not None:
        return Pairs.of([ColumnTable(columns, _NAME)], config.data.source, config.data.target, like)
    sources, targets = map(in_memory.values, in_memory.two_columns(data, _PAIRS))
    if len(sources) != len(targets):
        raise UsageError(f"There are {counted(len(sources), 'source')} and {counted(len(targets), 'target')}.")
    return Pairs.of([ColumnTable({"source": sources, "target": targets}, _NAME)])


def _split(
    config: TranslateConfig,
    pairs: Pairs,
    sources: tuple[str, ...] = (),
    read: Callable[[Sequence[str]], Pairs] | None = None,
) -> Corpus:
    """Return the pairs in their parts; `read` returns the pairs of other files, of which there are none in memory."""
    seed, takes = config.training.seed, _TAKES
    parts = divided(pairs, config.data, takes, lambda rows, share: hold_out(len(rows), share, seed), read)
    return _corpus(parts, sources)


def folds(config: TranslateConfig, corpus: Corpus, count: int) -> Folds[Pairs]:
    """Return the folds of a corpus; raises as `folds_of` does."""
    data, seed = config.data, config.training.seed

    def divide(rows: Pairs) -> tuple[Pairs, Pairs]:
        stay, leave = hold_out(len(rows), checked_share(data.valid, _TAKES), seed)
        return rows.take(stay), rows.take(leave)

    return folds_of(corpus, count, seed, isinstance(data.valid, str), Pairs.joined, divide)


def _corpus(parts: Parts[Pairs], sources: tuple[str, ...]) -> Corpus:
    train, held_out, test = parts
    remedy = "Add pairs, or name held-out files with --valid."
    refuse_empty(len(train), len(held_out), "pair", remedy, None if test is None else len(test))
    seen = hashlib.sha256()
    every = [pairs for pairs in parts if pairs is not None]
    for pairs in every:
        seen.update(len(pairs).to_bytes(8, "little"))
        for side in (pairs.sources, pairs.targets):
            seen.update("\0".join(side).encode("utf-8", "surrogatepass"))
    return Corpus(train, held_out, sources, seen.hexdigest(), taken=taken_of(every, sources), test=test)
