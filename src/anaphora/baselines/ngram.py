"""The baseline of a language network: an interpolated Kneser-Ney n-gram model of the same units.

For a context h of k-1 units and the unit w after it, with h' = h without its first unit::

    p_k(w | h) = (c_k(hw) - D_k(c_k(hw))) / c_k(h·) + γ_k(h) p_{k-1}(w | h')          k = 1 … n
    γ_k(h)     = Σ_w D_k(c_k(hw)) / c_k(h·)                                           the discounted probability
    p_0(w)     = 1 / V

    c_n(u) = number of occurrences of u               the highest order counts occurrences
    c_k(u) = number of different units before u       every lower order counts the contexts that a unit continues
    c_k(h·) = Σ_w c_k(hw);  p_k = p_{k-1} for an unseen context

    D_k(c) = D_1, D_2, D_3 for c = 1, 2, 3 or more, from N_i = number of k-grams with c_k = i:
    Y = N_1 / (N_1 + 2 N_2),   D_i = i - (i+1) Y N_{i+1} / N_i

If the N_i are too few (one is 0, or a D_i is outside 0 … i), the order uses D = 0.5, 1, 1.5. A unit at the beginning of
a text has fewer units before it and is predicted by the highest order that its context allows.

Source: Chen and Goodman, "An empirical study of smoothing techniques for language modeling", Computer Speech and
Language 13, 1999, the interpolated variant of their modified Kneser-Ney smoothing, with uniform p_0.

The table needs no dictionary: the number of a k-gram is its rank among all k-grams, sorted by (number of its first k-1
units, last unit). One sorted array of keys per order is the whole table, and a look-up is a binary search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from anaphora.data.text.id_files import Units

LARGEST = 5_000_000  # units; of a longer text an evenly spaced sample is counted
BLOCK = 10_000  # consecutive units of the text in each block of the sample
FALLBACK = (0.5, 1.0, 1.5)

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def order_for(kind: str) -> int:
    """Return the order of the n-gram baseline of a kind of unit: 7 for characters and bytes, 5 otherwise."""
    return 7 if kind in ("char", "byte") else 5


class _NgramTable(NamedTuple):
    """The k-grams of one order, by rank; contexts are the k-grams of the order below, by rank."""

    keys: Numbers  # (n_k,) sorted: context · V + unit
    discounted: Floats  # (n_k,) (c - D(c)) / c(h·), the probability from this order
    backoff: Floats  # (n_{k-1},) γ(h), the weight of the order below; 1 for an unseen context


class KneserNey:
    """An n-gram model of `order` over units 0 … V-1."""

    def __init__(self, order: int, vocabulary_size: int) -> None:
        """Prepare an empty model; raises ValueError unless the order and V are at least 1."""
        if order < 1 or vocabulary_size < 1:
            raise ValueError(f"expected an order and a vocabulary of at least 1, got {order} and {vocabulary_size}")
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.note: str | None = None
        """A note for readers of the score, or None: that only a sample was counted."""
        self._orders: list[_NgramTable] = []

    def fit(self, ids: Units | Sequence[int], largest: int | None = None) -> KneserNey:
        """Count the n-grams of a text, integers (T,), or those of a sample if the text is longer than `largest`
        (default LARGEST).

        Only the counted units are read. Returns itself. Raises ValueError if a counted unit is outside 0 … V-1.
        """
        starts = np.zeros(1, dtype=np.int64)
        self.note = None
        largest = max(2 * BLOCK, LARGEST if largest is None else largest)
        if len(ids) > largest:
            blocks = largest // BLOCK
            starts = np.arange(blocks) * (len(ids) - BLOCK) // (blocks - 1)
            self.note = f"the n-gram model counted an evenly spaced sample of {blocks * BLOCK:,} of {len(ids):,} units"
            text = self._checked(np.concatenate([ids[start : start + BLOCK] for start in starts.tolist()]))
            starts = np.arange(blocks) * BLOCK
        else:
            text = self._checked(ids[:])
        age = np.arange(text.size) - np.repeat(starts, np.diff(np.append(starts, text.size)))
        self._orders = self._count(text, age)
        return self

    def nats(self, ids: npt.ArrayLike) -> Floats:
        """Return -log p(unit | the n-1 units before it) of each unit of a text, in nats; `ids` and result (T,),
        float64.

        Raises ValueError for a unit outside 0 … V-1, and if `fit` was not called before.
        """
        if not self._orders:
            raise ValueError("the n-gram model has not counted a text yet: call fit first")
        text = self._checked(ids)
        probability = np.full(text.size, 1.0 / self.vocabulary_size)
        context = np.zeros(text.size, dtype=np.int64)  # rank of the k-1 units before each unit; -1 if unseen
        for table in self._orders:
            rank = _find(table.keys, context * self.vocabulary_size + text, context >= 0)
            discounted = np.where(rank >= 0, np.append(table.discounted, 0.0)[rank], 0.0)
            backoff = np.append(table.backoff, 1.0)[context]
            probability = discounted + backoff * probability
            context = np.append(-1, rank)[: text.size]
        nats: Floats = -np.log(probability)
        return nats

    def _count(self, text: Numbers, age: Numbers) -> list[_NgramTable]:
        """Return the table of every order; `age` (T,) is the number of units before each unit in its block."""
        V = self.vocabulary_size
        rank = np.zeros(text.size, dtype=np.int64)  # of the k-gram that ends at each position; -1 if none
        contexts = 1
        tables: list[Numbers] = []
        counts: list[Numbers] = []
        sizes: list[int] = []
        for k in range(1, self.order + 1):
            places = np.flatnonzero(age >= k - 1)
            before = np.append(0, rank)[places] if k == 1 else rank[places - 1]
            keys, one, numbers, repeats = _distinct(before * V + text[places])
            if k > 1:  # each different k-gram is one continuation of its last k-1 units
                counts[-1] = np.bincount(rank[places[one]], minlength=contexts)
            tables.append(keys)
            counts.append(repeats)
            sizes.append(contexts)
            rank = np.full(text.size, -1, dtype=np.int64)
            rank[places] = numbers
            contexts = keys.size
        return [_order(keys, count, size, V) for keys, count, size in zip(tables, counts, sizes, strict=True)]

    def _checked(self, ids: npt.ArrayLike) -> Numbers:
        text = np.asarray(ids, dtype=np.int64).reshape(-1)
        if text.size and (text.min() < 0 or text.max() >= self.vocabulary_size):
            raise ValueError(f"expected units 0 … {self.vocabulary_size - 1}, got {text.min()} … {text.max()}")
        return text


def _order(keys: Numbers, counts: Numbers, contexts: int, V: int) -> _NgramTable:
    discounts = np.array([0.0, *_discounts(counts)])[np.minimum(counts, 3)]
    context = keys // V
    total = np.bincount(context, weights=counts, minlength=contexts)
    discounted = np.bincount(context, weights=discounts, minlength=contexts)
    seen = total > 0
    total[~seen] = 1.0
    return _NgramTable(keys, (counts - discounts) / total[context], np.where(seen, discounted / total, 1.0))


def _discounts(counts: Numbers) -> tuple[float, float, float]:
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:5].all():
        return FALLBACK
    share = n[1] / (n[1] + 2 * n[2])
    one, two, three = (float(i - (i + 1) * share * n[i + 1] / n[i]) for i in (1, 2, 3))
    return (one, two, three) if 0 <= one <= 1 and 0 <= two <= 2 and 0 <= three <= 3 else FALLBACK


def _distinct(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return the distinct numbers in order, an index of each, the rank of every number, and the count of each.

    The result equals that of `numpy.unique`, except that the index need not be the first.
    """
    ordered, order = _sorted(numbers)
    begins = np.ones(numbers.size, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    places = np.empty(numbers.size, dtype=np.int64)
    places[order] = np.cumsum(begins) - 1
    starts = np.flatnonzero(begins)
    return ordered[starts], order[starts], places, np.diff(starts, append=numbers.size)


def _find(keys: Numbers, wanted: Numbers, possible: npt.NDArray[np.bool_]) -> Numbers:
    """Return the index of each wanted key in the sorted `keys`, or -1 if the key is missing or not possible.

    The keys are searched in sorted order, so that successive searches use cached memory.
    """
    ordered, order = _sorted(wanted)
    place = np.empty(wanted.size, dtype=np.int64)
    place[order] = np.searchsorted(keys, ordered)
    found = possible & (place < keys.size)
    found[found] = keys[place[found]] == wanted[found]
    return np.where(found, place, -1)


def _sorted(numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Return the sorted numbers, and the original index of each.

    If a number and its index fit into 64 bits together, both are sorted as one number, which takes half the time.
    """
    bits = numbers.size.bit_length()
    most = int(np.abs(numbers).max(initial=0))
    if most >> (63 - bits):
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order
    joined = np.sort((numbers << bits) | np.arange(numbers.size))
    return joined >> bits, joined & ((1 << bits) - 1)
