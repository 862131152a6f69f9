"""Which side is which: files whose sides are in another order than those of the training data.

Pairs of neighbouring letters tell two languages apart. With the frequencies p of the training sources and q of the
training targets, the gain of a file is

    ½ · mean over its sources of ln p − ln q  +  ½ · mean over its targets of ln q − ln p      nats per pair of letters

A file is swapped if its gain is as far below zero as half of the gain of training pairs that were not counted. If the
sides are in one language, no gain is large enough to tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from anaphora.checks.examples import HELD_OUT, TEST, TRAIN
from anaphora.checks.findings import Finding
from anaphora.data.files.pairs import Pairs
from anaphora.data.sampling import evenly_spaced

_ROWS = 2_000  # of a file
_LETTERS = 200  # of each row
_LEAST = 2_000  # pairs of letters that are counted
_ENOUGH = 200  # pairs of letters that are judged
_TELLING = 0.15  # nats per pair of letters, at least, that tell two languages apart

Bigrams = Counter[tuple[str, str]]


def swapped(train: Pairs, held_out: Pairs, test: Pairs | None = None) -> list[Finding]:
    """Return findings on files whose sides are probably in the other order than in the first training file."""
    files = [(TRAIN, train, which) for which in range(len(train.tables))]
    for where, part in [(HELD_OUT, held_out), *([] if test is None else [(TEST, test)])]:
        files += [(where, part, which) for which, table in enumerate(part.tables) if table not in train.tables]
    if len(files) < 2:
        return []
    sources, targets = _sides(train, 0)
    counted = _bigrams(sources[::2]), _bigrams(targets[::2])
    usual = _gain(counted, (_bigrams(sources[1::2]), _bigrams(targets[1::2])))
    if min(map(Counter.total, counted)) < _LEAST or usual < _TELLING:
        return []
    found = []
    for where, pairs, which in files[1:]:
        sides = _sides(pairs, which)
        judged = _bigrams(sides[0]), _bigrams(sides[1])
        if min(map(Counter.total, judged)) >= _ENOUGH and _gain(counted, judged) < -usual / 2:
            message = (
                f"{pairs.tables[which].name}: the sources look like the training targets, and the targets like the"
                " training sources, by their letters."
            )
            remedy = "Name the files or the columns in the same order everywhere: source, then target."
            found.append(Finding("swapped-sides", "warning", where, (), message, remedy))
    return found


def _sides(pairs: Pairs, which: int) -> tuple[list[str], list[str]]:
    """Return some sources and targets of one table."""
    rows = [row for row, (table, _) in enumerate(pairs.places.tolist()) if table == which]
    chosen = [rows[at] for at in evenly_spaced(len(rows), min(_ROWS, len(rows))).tolist()]
    return [pairs.sources[row] for row in chosen], [pairs.targets[row] for row in chosen]


def _bigrams(texts: Iterable[str]) -> Bigrams:
    return Counter(pair for text in texts for pair in pairwise(f" {text[:_LETTERS].lower()} "))


def _gain(counted: Sequence[Bigrams], judged: Sequence[Bigrams]) -> float:
    """Return the gain of sides over the same sides in the other order."""
    sources, targets = counted
    kinds = len(sources | targets) + 1

    def nats(pair: tuple[str, str]) -> float:
        p, q = ((each[pair] + 0.5) / (each.total() + 0.5 * kinds) for each in (sources, targets))
        return math.log(p) - math.log(q)

    means = [sum(count * nats(pair) for pair, count in side.items()) / max(1, side.total()) for side in judged]
    return 0.5 * (means[0] - means[1])
