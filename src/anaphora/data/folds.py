"""K folds of examples for cross-validation: each fold in turn is the test part of a training on the other folds.

    fold(i) = rank(i) mod K        rank: among the examples sorted by label, equal ones in an order that the seed draws

So every fold has its share of each label, plus or minus one row. A training holds out a part of the other folds for its
stopping point, as a training without folds does, or uses the held-out part that has files of its own. Examples of the
test part are in no fold.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from anaphora.data.examples import Indices, Split
from anaphora.errors import DataError, UsageError
from anaphora.formatting import counted

E = TypeVar("E")


@dataclass(frozen=True)
class Folds(Generic[E]):
    """The examples of a corpus outside of its test part, and the fold (n,) of each."""

    corpus: Any  # a Split[E] of a task, or one derived from it
    pool: E
    of: Indices
    count: int
    divide: Callable[[E], tuple[E, E]]  # the examples outside of a fold, into a training part and a held-out part

    def corpus_of(self, number: int) -> Any:
        """Return the corpus whose test part is fold `number`, from 0.

        Raises DataError if nothing is left to train on or to hold out.
        """
        pool: Any = self.pool
        divided: Any = self.divide(pool.take(np.flatnonzero(self.of != number)))
        train, held_out = divided
        test = pool.take(np.flatnonzero(self.of == number))
        for part, name in ((train, "training"), (held_out, "held-out")):
            if not len(part):
                raise DataError(
                    f"--folds {self.count}: the {name} part beside fold {number + 1} has none of the"
                    f" {len(self.of) - len(test):,} examples of the other folds. Use fewer folds, or add data."
                )
        sha256 = hashlib.sha256(f"{self.corpus.sha256} fold {number} of {self.count}".encode()).hexdigest()
        return replace(self.corpus, train=train, held_out=held_out, test=test, sha256=sha256)


def folds_of(
    corpus: Split[Any],
    count: int,
    seed: int,
    own_held_out: bool,
    joined: Callable[[Sequence[Any]], Any],
    divide: Callable[[Any], tuple[Any, Any]],
    keys: Callable[[Any], Sequence[str]] | None = None,
) -> Folds[Any]:
    """Return the folds of a corpus; with `own_held_out` the held-out part has files of its own and is in no fold.

    `joined` returns several parts as one, `divide` takes a share of examples as the held-out part, and `keys` returns
    the label of each example. Raises UsageError for more folds than examples.
    """
    pool = corpus.train if own_held_out else joined([corpus.train, corpus.held_out])
    refuse_many(count, len(pool))
    of = dealt(keys(pool) if keys else [""] * len(pool), count, seed)
    held_out = corpus.held_out
    return Folds(corpus, pool, of, count, (lambda rest: (rest, held_out)) if own_held_out else divide)


def refuse_many(count: int, examples: int) -> None:
    """Raise UsageError for more folds than examples."""
    if count > examples:
        raise UsageError(
            f"--folds {count:,}: the data have {counted(examples, 'example')} to be divided into folds, and each fold"
            f" needs at least 1. Use at most --folds {max(2, examples):,}, or add data."
        )


def dealt(keys: Sequence[str], folds: int, seed: int) -> Indices:
    """Return the fold (n,) of each example; examples with the same key are dealt out evenly.

    >>> dealt(["a", "b", "a", "a", "b", "a"], 2, 0).tolist().count(0)
    3
    """
    order = np.random.default_rng([seed, folds]).permutation(len(keys)).tolist()
    order.sort(key=lambda row: keys[row])
    found = np.empty(len(keys), dtype=np.int64)
    found[order] = np.arange(len(keys)) % folds
    return found


def rarest(labels: Sequence[Sequence[str]]) -> list[str]:
    """Return the label by which each row is dealt: its rarest one, empty for a row without a label."""
    counts = Counter(label for row in labels for label in row)
    return [min(row, key=lambda label: (counts[label], label), default="") for row in labels]
