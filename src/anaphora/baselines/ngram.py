"""The simple method a language network must beat: an interpolated Kneser-Ney n-gram of the same units.

For a context h of k-1 units and the unit w after it, with h' = h without its first unit::

    p_k(w | h) = (c_k(hw) - D_k(c_k(hw))) / c_k(h·) + γ_k(h) p_{k-1}(w | h')          k = 1 … n
    γ_k(h)     = Σ_w D_k(c_k(hw)) / c_k(h·)                                           what the discounts took
    p_0(w)     = 1 / V

    c_n(u) = how often u occurs                       the highest order counts occurrences;
    c_k(u) = how many different units stand before u  every lower order counts the contexts a unit continues
    c_k(h·) = Σ_w c_k(hw);  p_k = p_{k-1} for a context never seen

    D_k(c) = D_1, D_2, D_3 for c = 1, 2, 3 or more, from N_i = how many k-grams have c_k = i:
    Y = N_1 / (N_1 + 2 N_2),   D_i = i - (i+1) Y N_{i+1} / N_i

Where the N_i are too few for that (one is 0, or a D_i leaves 0 … i), the order takes D = 0.5, 1, 1.5. A unit at the
very beginning of a text has fewer units before it and is predicted by the order that fits.

Source: Chen and Goodman, "An empirical study of smoothing techniques for language modeling", Computer Speech and
Language 13, 1999, the interpolated variant of their modified Kneser-Ney smoothing, with uniform p_0.

No dictionary of n-grams: a k-gram is numbered by its rank among all k-grams, sorted by (number of its first k-1
units, last unit), so one sorted array of keys per order is the whole table, and looking up is a binary search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from anaphora.data.text.id_files import Units

LARGEST = 5_000_000  # units: from a longer text an evenly spaced sample is taken
BLOCK = 10_000  # units of the sample that stand together as they did in the text
FALLBACK = (0.5, 1.0, 1.5)

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def order_for(kind: str) -> int:
    """Return the n-gram order that a kind of unit is compared with: 7 for characters and bytes, 5 otherwise."""
    return 7 if kind in ("char", "byte") else 5


class _Order(NamedTuple):
    """The k-grams of one order, by rank; contexts are the k-grams of the order below, by rank."""

    keys: Numbers  # (n_k,) sorted: context · V + unit
    kept: Floats  # (n_k,) (c - D(c)) / c(h·), the part of the probability that stays with this order
    passed: Floats  # (n_{k-1},) γ(h), the part that goes to the order below; 1 for a context never seen


class KneserNey:
    """An n-gram model of ``order`` over units 0 … V-1."""

    def __init__(self, order: int, vocabulary_size: int) -> None:
        """Raises ValueError unless the order is at least 1 and V at least 1."""
        if order < 1 or vocabulary_size < 1:
            raise ValueError(f"expected an order and a vocabulary of at least 1, got {order} and {vocabulary_size}")
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.note: str | None = None
        """What a reader of the score should know, or None: that only a sample was counted."""
        self._orders: list[_Order] = []

    def fit(self, ids: Units | Sequence[int], largest: int | None = None) -> KneserNey:
        """Count the n-grams of a text, (T,) integers; of a longer one than ``largest`` (LARGEST), those of a sample,
        and nothing else is read.

        Returns itself. Raises ValueError when one of them is outside 0 … V-1.
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
        """Return -log p(unit | the n-1 units before it) of each unit of a text, (T,) float64 nats.

        Raises ValueError for a unit outside 0 … V-1, and before :meth:`fit`.
        """
        if not self._orders:
            raise ValueError("the n-gram model has not counted a text yet: call fit first")
        text = self._checked(ids)
        probability = np.full(text.size, 1.0 / self.vocabulary_size)
        context = np.zeros(text.size, dtype=np.int64)  # rank of the k-1 units before each unit, -1 where never seen
        for table in self._orders:
            rank = _find(table.keys, context * self.vocabulary_size + text, context >= 0)
            kept = np.where(rank >= 0, np.append(table.kept, 0.0)[rank], 0.0)
            passed = np.append(table.passed, 1.0)[context]
            probability = kept + passed * probability
            context = np.append(-1, rank)[: text.size]
        nats: Floats = -np.log(probability)
        return nats

    def _count(self, text: Numbers, age: Numbers) -> list[_Order]:
        """Build every order; ``age`` (T,) says how many units stand before each one in its block."""
        V = self.vocabulary_size
        rank = np.zeros(text.size, dtype=np.int64)  # of the k-gram that ends at each place; -1 where none does
        contexts = 1
        tables: list[Numbers] = []
        counts: list[Numbers] = []
        sizes: list[int] = []
        for k in range(1, self.order + 1):
            places = np.flatnonzero(age >= k - 1)
            before = np.append(0, rank)[places] if k == 1 else rank[places - 1]
            keys, one, numbers, often = _different(before * V + text[places])
            if k > 1:  # each different k-gram is one continuation of its last k-1 units
                counts[-1] = np.bincount(rank[places[one]], minlength=contexts)
            tables.append(keys)
            counts.append(often)
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


def _order(keys: Numbers, counts: Numbers, contexts: int, V: int) -> _Order:
    discounts = np.array([0.0, *_discounts(counts)])[np.minimum(counts, 3)]
    context = keys // V
    total = np.bincount(context, weights=counts, minlength=contexts)
    taken = np.bincount(context, weights=discounts, minlength=contexts)
    seen = total > 0
    total[~seen] = 1.0
    return _Order(keys, (counts - discounts) / total[context], np.where(seen, taken / total, 1.0))


def _discounts(counts: Numbers) -> tuple[float, float, float]:
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:5].all():
        return FALLBACK
    share = n[1] / (n[1] + 2 * n[2])
    one, two, three = (float(i - (i + 1) * share * n[i + 1] / n[i]) for i in (1, 2, 3))
    return (one, two, three) if 0 <= one <= 1 and 0 <= two <= 2 and 0 <= three <= 3 else FALLBACK


def _different(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return the different numbers in order, where one of each stands, the place of each among them, how often each is.

    What `numpy.unique` gives, but for which of equal ones is named.
    """
    ordered, order = _sorted(numbers)
    begins = np.ones(numbers.size, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    places = np.empty(numbers.size, dtype=np.int64)
    places[order] = np.cumsum(begins) - 1
    starts = np.flatnonzero(begins)
    return ordered[starts], order[starts], places, np.diff(starts, append=numbers.size)


def _find(keys: Numbers, wanted: Numbers, possible: npt.NDArray[np.bool_]) -> Numbers:
    """Return the place of each wanted key in the sorted ``keys``, -1 where it is missing or not possible.

    They are looked up in order, so that each search walks where the one before has just been.
    """
    ordered, order = _sorted(wanted)
    place = np.empty(wanted.size, dtype=np.int64)
    place[order] = np.searchsorted(keys, ordered)
    found = possible & (place < keys.size)
    found[found] = keys[place[found]] == wanted[found]
    return np.where(found, place, -1)


def _sorted(numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Return numbers in order, and where each stood.

    Where both have room in 64 bits, a number and its place are sorted as one: that takes half as long as finding the
    order alone.
    """
    bits = numbers.size.bit_length()
    most = int(np.abs(numbers).max(initial=0))
    if most >> (63 - bits):
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order
    joined = np.sort((numbers << bits) | np.arange(numbers.size))
    return joined >> bits, joined & ((1 << bits) - 1)
