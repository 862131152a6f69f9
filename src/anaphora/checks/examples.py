"""Checks of the examples of any task: few held out, contradictions, the vocabulary, and the load of training."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding
from anaphora.data.batches import Bucketed
from anaphora.data.location import Location
from anaphora.data.text.id_files import Units, blocks
from anaphora.data.text.vocabulary import Vocabulary
from anaphora.formatting import counted
from anaphora.metrics.wilson import wilson

TRAIN, HELD_OUT, TEST = "the training part", "the held-out part", "the test part"
KEPT = 1_000  # rows of one finding
FEW = 400  # scored examples; with (1.96 / 0.05)² / 4 = 384 an accuracy of 50 % has an interval of ± 5 points
_TYPICAL = 0.8  # the share of which an interval is told
Place = Callable[[int], Location]
E = TypeVar("E", covariant=True)


class InParts(Protocol[E]):
    """Data in a training part, a held-out part, and a test part or None."""

    @property
    def train(self) -> E:
        """The training part."""

    @property
    def held_out(self) -> E:
        """The held-out part."""

    @property
    def test(self) -> E | None:
        """The test part."""


def named_parts(corpus: InParts[E]) -> dict[str, E]:
    """Return the parts of a corpus by their names: training, held-out, and the test part if there is one."""
    parts = {TRAIN: corpus.train, HELD_OUT: corpus.held_out}
    return parts if corpus.test is None else {**parts, TEST: corpus.test}


def scored_sizes(corpus: InParts[Any]) -> dict[str, int]:
    """Return the numbers of examples of the scored parts by their names."""
    return {where: len(part) for where, part in named_parts(corpus).items() if where != TRAIN}


def at_rows(code: str, where: str, place: Place, rows: Sequence[int], message: str, remedy: str) -> Finding:
    """Return a warning about rows, with the locations of the first rows."""
    return Finding(code, "warning", where, tuple(map(place, rows[:KEPT])), message, remedy, len(rows))


def few_held_out(
    sizes: Mapping[str, int], unit: str, folds: int | None = None, figure: str = "an accuracy", ending: str = ""
) -> list[Finding]:
    """Return a warning about each scored part of fewer than `FEW` examples, with the interval of a share of them.

    `sizes` are the numbers of examples by the name of the part, `unit` names one, `folds` is the number of folds
    that were asked for, `figure` a share of the examples with its article, and `ending` follows the interval.
    """
    found = []
    for where, size in sizes.items():
        if size < FEW:
            low, high = wilson(_TYPICAL, size) if size else (0.0, 1.0)
            interval = f"{figure} of {_TYPICAL:.0%} there has a 95 % interval of about {low:.0%} to {high:.0%}"
            figures = {"examples": size, "share": _TYPICAL, "interval": [low, high]}
            message = f"{_few(size, unit)}: {interval}{ending}."
            found.append(few_in_part(where, message, more_of(where, sizes, folds), figures))
    return found


def few_in_part(where: str, message: str, remedy: str, figures: Mapping[str, Any]) -> Finding:
    """Return the warning about a scored part that is too small."""
    return Finding("few-held-out", "warning", where, (), message, remedy, figures=figures)


def more_of(where: str, sizes: Mapping[str, int], folds: int | None) -> str:
    """Return the remedy for a scored part that is too small: only options that are not in use.

    `sizes` has the test part if there is one, and `folds` is the number of folds that were asked for.
    """
    if where == TEST:
        return "Name a larger share or a larger file with --test."
    ways = ["Hold out more with --valid"]
    if folds is None:
        ways.append("score all data with --folds 10")
    if TEST not in sizes:
        ways.append("score other data with --test FILE")
    *before, last = ways
    return f"{', '.join(before)}{',' if len(before) > 1 else ''} or {last}." if before else f"{last}."


def others(count: int, noun: str) -> str:
    """Return how many others of a kind there are, with the article.

    >>> others(1, "label"), others(2, "label")
    ('the other label', 'the other 2 labels')
    """
    return f"the other {noun}" if count == 1 else f"the other {counted(count, noun)}"


def _few(size: int, unit: str) -> str:
    return f"Only {counted(size, unit)} {'is' if size == 1 else 'are'} scored"


def load(
    tree: Mapping[str, Any],
    batches: Bucketed,
    data: Iterable[NDArray[Any]],
    epochs: float | None,
    parts: Mapping[str, tuple[int, int]] | None = None,
) -> Load:
    """Return the load of training on batches of rows; `data` are the arrays (n, …) that stay in memory."""
    lengths = batches.lengths
    return Load(
        tree=tree,
        rows=max(1, round(len(lengths) / batches.per_epoch)),
        steps=max(1, round(float(lengths.mean()))),
        batches=batches.per_epoch,
        data_bytes=sum(array.nbytes for array in data),
        parts=parts or {},
        epochs=epochs,
    )


def contradictions(
    parts: Iterable[tuple[Iterable[Hashable | None], Sequence[Hashable], Place]], things: str, differ: str, remedy: str
) -> list[Finding]:
    """Return a warning about equal rows with different labels.

    Each part has keys of its rows, their labels, and a function that returns the location of a row. Equal rows have
    equal keys; None means that a row equals no other. `things` names the rows and `differ` the labels.
    """
    seen: dict[Hashable, list[tuple[Hashable, Location]]] = {}
    for keys, labels, place in parts:
        for row, (key, label) in enumerate(zip(keys, labels, strict=True)):
            if key is not None:
                seen.setdefault(key, []).append((label, place(row)))
    places = [place for same in seen.values() if len({label for label, _ in same}) > 1 for _, place in same]
    if not places:
        return []
    message = (
        f"{len(places):,} {things} occur more than once with different {differ}: not all of these {differ} can"
        " be right."
    )
    return [Finding("contradiction", "warning", "the data", tuple(places[:KEPT]), message, remedy, len(places))]


def unknown_share(symbols: Units, unknown: int | None) -> float:
    """Return the share of the unknown symbol among symbols (N,), in memory or on disk."""
    if unknown is None:
        return 0.0
    return sum(int(np.count_nonzero(block == unknown)) for block in blocks(symbols)) / max(1, len(symbols))


def unit_vocabulary(
    known: Vocabulary,
    parts: Sequence[Units],
    unit: str,
    most: float,
    remedy: str,
    side: str = "",
    digits: int = 1,
) -> list[Finding]:
    """Return the findings of `vocabulary` on the units of the training part (N,) and of the held-out part (M,).

    `unit` is the plural of a unit, and `digits` are the decimals of a share in percent.
    """
    train, held_out = shares = [unknown_share(part, known.unknown) for part in parts]
    message = (
        f"{known.size:,} different {unit} in the vocabulary; unknown: {train:.{digits}%} of the training part,"
        f" {held_out:.{digits}%} of the held-out part."
    )
    many = f"{held_out:.1%} of the held-out {unit} are unknown: the network reads all of them as one symbol."
    return vocabulary(known.size, shares, message, most, (many, remedy), side)


def vocabulary(
    size: int, shares: Sequence[float], message: str, most: float, many: tuple[str, str], side: str = ""
) -> list[Finding]:
    """Return findings on the size of a vocabulary, with a warning if more than `most` of the held-out units are
    unknown.

    `shares` are the shares of unknown units in the training part and in the held-out part; `many` are message and
    remedy of the warning; `side` names one of several vocabularies.
    """
    where = f", {side}" if side else ""
    figures: Mapping[str, Any] = {"size": size, "train_unknown": shares[0], "held_out_unknown": shares[1]}
    found = [Finding("vocabulary", "info", f"{TRAIN}{where}", (), message, "", figures=figures)]
    if shares[1] > most:
        found.append(Finding("many-unknown", "warning", f"{HELD_OUT}{where}", (), *many))
    return found
