"""Pairs of texts, from files or from memory, and a share of them held out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anaphora.data import in_memory
from anaphora.data.examples import Split, checked_share, hold_out, refuse_empty, valid_paths
from anaphora.data.files.pair_columns import NO_NAMES, ColumnNames
from anaphora.data.files.pairs import Pairs, read_pairs, taken_of
from anaphora.data.files.tables import ColumnTable
from anaphora.data.surrogates import refuse_half_pair
from anaphora.errors import UsageError
from anaphora.formatting import counted
from anaphora.tasks.translate.settings import TranslateConfig

Corpus = Split[Pairs]
_NAME = "the data"
_PAIRS = "pairs: (sources, targets), a list of (source, target), a frame with two columns, or paths"


def read(config: TranslateConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read parallel files or tables, and hold a part out; raises as `Task.read` does."""
    valid, names = config.data.valid, tuple(map(str, paths))
    pairs = pairs_of(config, paths)
    if isinstance(valid, str):
        held_out = valid_paths(valid)
        return _corpus(pairs, pairs_of(config, held_out, like=pairs.names), (*names, *held_out))
    return _split(config, pairs, names)


def from_memory(config: TranslateConfig, data: Any) -> Corpus:
    """Return pairs in memory as a corpus with a share of them held out; raises as `Task.from_memory` does."""
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


def _split(config: TranslateConfig, pairs: Pairs, sources: tuple[str, ...] = ()) -> Corpus:
    share = checked_share(config.data.valid, "files, or a share of the pairs")
    train, held_out = hold_out(len(pairs), share, config.training.seed)
    return _corpus(pairs.take(train), pairs.take(held_out), sources)


def _corpus(train: Pairs, held_out: Pairs, sources: tuple[str, ...]) -> Corpus:
    refuse_empty(len(train), len(held_out), "pair", "Add pairs, or name held-out files with --valid.")
    seen = hashlib.sha256()
    for pairs in (train, held_out):
        seen.update(len(pairs).to_bytes(8, "little"))
        for side in (pairs.sources, pairs.targets):
            seen.update("\0".join(side).encode("utf-8", "surrogatepass"))
    return Corpus(train, held_out, sources, seen.hexdigest(), taken=taken_of((train, held_out), sources))
