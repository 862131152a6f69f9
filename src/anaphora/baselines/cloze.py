"""The simple method that a network which fills gaps must beat: counts of a word between its two neighbours.

    p(w | l, r) = max(c(l w r) − D, 0) / c(l · r) + γ(l, r)·½[p(w | l) + p(w | r)]
    p(w | l)    = max(c(l w) − D, 0) / c(l ·) + γ(l)·p(w),      p(w | r) likewise of c(w r)
    p(w)        = (c(w) + 1) / (c + W)                          W words may stand in a gap, the unknown one among them

γ is what the discount D = 0.75 took from the contexts' counts, 1 for a context never seen. A gap's likeliest words are
looked for among the most frequent of each of its contexts and of all; a word that is not known is never guessed.

Source: absolute discounting, Ney, Essen and Kneser, Computer Speech and Language 8, 1994.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from anaphora.data.text.id_files import Units

LARGEST = 5_000_000  # units: from a longer text an evenly spaced sample is taken
BLOCK = 10_000  # units of the sample that stand together as they did in the text
DISCOUNT = 0.75
_LIKELIEST = 8  # words of each context that may be guessed
_AT_ONCE = 2**14  # gaps

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Judged(NamedTuple):
    """What a method makes of gaps: −ln p of what stands there, and how many known words it holds likelier."""

    nats: Floats
    rank: Numbers


class _Table:
    """Counts of words in one kind of context, both whole numbers."""

    def __init__(self, contexts: Numbers, words: Numbers, size: int) -> None:
        self._size = size
        self.keys, inverse = np.unique(contexts, return_inverse=True)
        self._pairs, counts = np.unique(inverse * size + words, return_counts=True)
        of, word = self._pairs // size, self._pairs % size
        total = np.bincount(of, weights=counts, minlength=len(self.keys))
        kinds = np.bincount(of, minlength=len(self.keys))
        self._kept = np.append((counts - DISCOUNT) / total[of], 0.0)
        self._passed = np.append(DISCOUNT * kinds / total, 1.0)
        self._likeliest = np.full((len(self.keys) + 1, _LIKELIEST), -1, np.int64)
        known = word > 0
        of, word, counts = of[known], word[known], counts[known]
        order = np.lexsort((word, -counts, of))
        of, word = of[order], word[order]
        place = np.arange(len(of)) - np.searchsorted(of, of)
        first = place < _LIKELIEST
        self._likeliest[of[first], place[first]] = word[first]

    def find(self, contexts: Numbers) -> Numbers:
        """The number of each context, the last one for one never seen."""
        return _find(self.keys, contexts)

    def likeliest(self, found: Numbers) -> Numbers:
        """(n, 8) the most frequent known words of contexts, −1 where there are no more."""
        return self._likeliest[found]

    def probability(self, found: Numbers, words: Numbers, below: Floats) -> Floats:
        """p of words (n, k) in contexts (n,), given what the simpler contexts say of them."""
        pairs = np.where(found[:, None] < len(self.keys), found[:, None] * self._size + words, -1)
        kept = self._kept[_find(self._pairs, pairs.reshape(-1)).reshape(pairs.shape)]
        p: Floats = kept + self._passed[found][:, None] * below
        return p


class GapCounts:
    """Words between neighbours, counted; symbol 0 is the unknown word, symbol V stands beyond a text's end."""

    def __init__(self, words: npt.NDArray[np.bool_]) -> None:
        """`words` (V,) says which symbols may stand in a gap."""
        self._words = words
        self.note: str | None = None
        """What a reader of the score should know, or None: that only a sample was counted."""

    def fit(self, ids: Units, largest: int | None = None) -> GapCounts:
        """Count a text, (T,) integers; of a longer one than ``largest`` (LARGEST) a sample. Returns itself."""
        largest = max(2 * BLOCK, LARGEST if largest is None else largest)
        V, self.note = len(self._words), None
        starts, size = np.zeros(1, np.int64), len(ids)
        if len(ids) > largest:
            blocks = largest // BLOCK
            starts, size = np.arange(blocks) * (len(ids) - BLOCK) // (blocks - 1), BLOCK
            self.note = (
                f"neighbours were counted in an evenly spaced sample of {blocks * BLOCK:,} of {len(ids):,} units"
            )
        pieces = [np.asarray(ids[start : start + size], np.int64) for start in starts.tolist()]
        text = np.concatenate([part for piece in pieces for part in ([V], piece)] + [np.array([V])])
        at = np.flatnonzero(np.append(self._words, False)[text])
        left, word, right = text[at - 1], text[at], text[at + 1]
        self._both, self._left, self._right = (
            _Table(contexts, word, V) for contexts in (left * (V + 1) + right, left, right)
        )
        counts = np.bincount(word, minlength=V) + self._words
        self._alone = np.asarray(counts / counts.sum(), np.float64)
        order = np.argsort(-self._alone[1:], kind="stable") + 1
        self._rank = np.full(V, V, np.int64)
        self._rank[order] = np.arange(V - 1)
        self._frequent = order[:_LIKELIEST]
        return self

    def judge(self, left: Numbers, target: Numbers, right: Numbers) -> Judged:
        """What the counts say of gaps, (n,) each."""
        parts = [
            self._judge(left[at : at + _AT_ONCE], target[at : at + _AT_ONCE], right[at : at + _AT_ONCE])
            for at in range(0, len(target), _AT_ONCE)
        ]
        return _joined(parts)

    def most_frequent(self, target: Numbers) -> Judged:
        """What is said by who knows nothing but how frequent words are."""
        return Judged(-np.log(self._alone[target]), self._rank[target])

    def _judge(self, left: Numbers, target: Numbers, right: Numbers) -> Judged:
        tables = (self._both, self._left, self._right)
        found = [
            table.find(contexts)
            for table, contexts in zip(tables, (left * (len(self._words) + 1) + right, left, right), strict=True)
        ]
        guesses = [table.likeliest(each) for table, each in zip(tables, found, strict=True)]
        everywhere = np.tile(self._frequent, (len(target), 1))
        words = np.sort(np.concatenate([*guesses, everywhere], axis=1), axis=1)
        fresh = words > 0
        fresh[:, 1:] &= words[:, 1:] != words[:, :-1]
        p = self._probability(found, np.concatenate([target[:, None], np.where(fresh, words, 0)], axis=1))
        better = fresh & (words != target[:, None])
        better &= (p[:, 1:] > p[:, :1]) | ((p[:, 1:] == p[:, :1]) & (words < target[:, None]))
        return Judged(-np.log(p[:, 0]), better.sum(axis=1))

    def _probability(self, found: list[Numbers], words: Numbers) -> Floats:
        alone = self._alone[words]
        one = [
            table.probability(each, words, alone)
            for table, each in zip((self._left, self._right), found[1:], strict=True)
        ]
        return self._both.probability(found[0], words, (one[0] + one[1]) / 2)


def _joined(parts: list[Judged]) -> Judged:
    return Judged(
        np.concatenate([np.zeros(0), *(part.nats for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.rank for part in parts)]),
    )


def _find(keys: Numbers, wanted: Numbers) -> Numbers:
    """The place of each wanted key in the sorted ``keys``; their number where it is missing."""
    place = np.searchsorted(keys, wanted)
    hit = place < len(keys)
    hit[hit] = keys[place[hit]] == wanted[hit]
    return np.where(hit, place, len(keys))
