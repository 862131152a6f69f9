"""From files to pairs of texts, and the held-out part set aside: every pair in an order that the seed draws."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anaphora.data.files.pairs import Pairs, read_pairs
from anaphora.errors import DataError, UsageError
from anaphora.tasks.translate.settings import TranslateConfig


@dataclass(frozen=True)
class Corpus:
    """What was read, split; `sha256` is that of all texts, the held-out ones last."""

    train: Pairs
    held_out: Pairs
    sources: tuple[str, ...]  # the names of the files
    sha256: str


def read(config: TranslateConfig, paths: Sequence[str | Path]) -> Corpus:
    """Read parallel files or tables, and set the held-out part aside.

    Raises DataError for what cannot be read or paired, UsageError for a share that is none.
    """
    data = config.data
    pairs = pairs_of(config, paths)
    names = tuple(str(path) for path in paths)
    if isinstance(data.valid, str):
        return _corpus(pairs, pairs_of(config, valid_paths(data.valid)), (*names, *valid_paths(data.valid)))
    return set_aside(config, pairs, *names)


def pairs_of(config: TranslateConfig, paths: Sequence[str | Path], encoding: str | None = None) -> Pairs:
    """The pairs of files, in the columns of the config; raises as `read_pairs` does."""
    data = config.data
    return read_pairs(paths, encoding or data.encoding, data.header, data.source, data.target)


def valid_paths(valid: str) -> list[str]:
    """The held-out files: one table, or two with a comma between them."""
    if Path(valid).exists():
        return [valid]
    return [name.strip() for name in valid.split(",") if name.strip()]


def set_aside(config: TranslateConfig, pairs: Pairs, *names: str) -> Corpus:
    """Hold out a share of the pairs.

    Raises UsageError if `valid` is not a share between 0 and 1, DataError if a part has no pair.
    """
    share = config.data.valid
    if isinstance(share, str) or not 0 < share < 1:
        raise UsageError(f"--valid takes files, or a share of the pairs between 0 and 1; it was given {share}.")
    rng = np.random.default_rng([config.training.seed, len(pairs)])
    order = rng.permutation(len(pairs))
    count = max(1, round(len(pairs) * share))
    return _corpus(pairs.take(np.sort(order[count:])), pairs.take(np.sort(order[:count])), names)


def _corpus(train: Pairs, held_out: Pairs, names: tuple[str, ...]) -> Corpus:
    if not len(train) or not len(held_out):
        part = "held-out" if len(train) else "training"
        raise DataError(
            f"The {part} part has no pair; the data have {len(train) + len(held_out)}. Bring more, or files of its own"
            " with --valid."
        )
    seen = hashlib.sha256()
    for pairs in (train, held_out):
        seen.update(len(pairs).to_bytes(8, "little"))
        for side in (pairs.sources, pairs.targets):
            seen.update("\0".join(side).encode("utf-8", "surrogatepass"))
    return Corpus(train, held_out, names, seen.hexdigest())
