"""The baseline of a network that fills gaps: counts of a word between its two neighbours.

    p(w | l, r) = max(c(l w r) − D, 0) / c(l · r) + γ(l, r)·½[p(w | l) + p(w | r)]
    p(w | l)    = max(c(l w) − D, 0) / c(l ·) + γ(l)·p(w),      p(w | r) likewise of c(w r)
    p(w)        = (c(w) + 1) / (c + W)                          W words may fill a gap, the unknown word included

γ is the probability that the discount D = 0.75 removes from the contexts' counts; it is 1 for an unseen context. The
candidates for a gap are the most frequent words of each of its contexts and of the text. The unknown word is never
predicted.

Source: absolute discounting, Ney, Essen and Kneser, Computer Speech and Language 8, 1994.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from anaphora.data.text.id_files import Units

LARGEST = 5_000_000  # units; of a longer text an evenly spaced sample is counted
BLOCK = 10_000  # consecutive units of the text in each block of the sample
DISCOUNT = 0.75
_CANDIDATES = 8  # candidates of each context
_GAPS_PER_BATCH = 2**14  # gaps in one batch

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class GapScores(NamedTuple):
    """The scores of gaps: −ln p of the true word (n,), and the number of known words that are more likely (n,)."""

    nats: Floats
    rank: Numbers


class _ContextCounts:
    """Counts of words in contexts of one kind; contexts and words are whole numbers."""

    def __init__(self, contexts: Numbers, words: Numbers, size: int) -> None:
        self._vocabulary_size = size
        self.keys, inverse = np.unique(contexts, return_inverse=True)
        self._pairs, counts = np.unique(inverse * size + words, return_counts=True)
        of, word = self._pairs // size, self._pairs % size
        total = np.bincount(of, weights=counts, minlength=len(self.keys))
        kinds = np.bincount(of, minlength=len(self.keys))
        self._discounted = np.append((counts - DISCOUNT) / total[of], 0.0)
        self._backoff = np.append(DISCOUNT * kinds / total, 1.0)
        self._likeliest = np.full((len(self.keys) + 1, _CANDIDATES), -1, np.int64)
        known = word > 0
        of, word, counts = of[known], word[known], counts[known]
        order = np.lexsort((word, -counts, of))
        of, word = of[order], word[order]
        place = np.arange(len(of)) - np.searchsorted(of, of)
        first = place < _CANDIDATES
        self._likeliest[of[first], place[first]] = word[first]

    def find(self, contexts: Numbers) -> Numbers:
        """Return the number of each context (n,); an unseen context has the last number."""
        return _find(self.keys, contexts)

    def likeliest(self, found: Numbers) -> Numbers:
        """Return the most frequent known words of contexts (n, 8), filled up with −1."""
        return self._likeliest[found]

    def probability(self, found: Numbers, words: Numbers, lower_order: Floats) -> Floats:
        """Return p of words (n, k) in contexts (n,), given their probabilities in the simpler contexts (n, k)."""
        pairs = np.where(found[:, None] < len(self.keys), found[:, None] * self._vocabulary_size + words, -1)
        kept = self._discounted[_find(self._pairs, pairs.reshape(-1)).reshape(pairs.shape)]
        p: Floats = kept + self._backoff[found][:, None] * lower_order
        return p


class GapCounts:
    """Counts of words between their neighbours; symbol 0 is the unknown word, and symbol V stands outside the text."""

    def __init__(self, words: npt.NDArray[np.bool_]) -> None:
        """Prepare counts for symbols 0 … V−1; `words` (V,) marks the symbols that may fill a gap."""
        self._words = words
        self.note: str | None = None
        """A note for readers of the score, or None: that only a sample was counted."""

    def fit(self, ids: Units, largest: int | None = None) -> GapCounts:
        """Count a text, integers (T,), or a sample of a text longer than `largest` (default LARGEST).

        Returns itself.
        """
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
            _ContextCounts(contexts, word, V) for contexts in (left * (V + 1) + right, left, right)
        )
        counts = np.bincount(word, minlength=V) + self._words
        self._unigram = np.asarray(counts / counts.sum(), np.float64)
        order = np.argsort(-self._unigram[1:], kind="stable") + 1
        self._rank = np.full(V, V, np.int64)
        self._rank[order] = np.arange(V - 1)
        self._frequent = order[:_CANDIDATES]
        return self

    def judge(self, left: Numbers, target: Numbers, right: Numbers) -> GapScores:
        """Score gaps by the counts; `left`, `target` and `right` are symbols (n,)."""
        batches = [slice(at, at + _GAPS_PER_BATCH) for at in range(0, len(target), _GAPS_PER_BATCH)]
        parts = [self._score(left[batch], target[batch], right[batch]) for batch in batches]
        return _concatenate(parts)

    def most_frequent(self, target: Numbers) -> GapScores:
        """Score gaps by the frequency of words alone; `target` (n,)."""
        return GapScores(-np.log(self._unigram[target]), self._rank[target])

    def _score(self, left: Numbers, target: Numbers, right: Numbers) -> GapScores:
        tables = (self._both, self._left, self._right)
        found = [
            table.find(contexts)
            for table, contexts in zip(tables, (left * (len(self._words) + 1) + right, left, right), strict=True)
        ]
        likeliest = [table.likeliest(each) for table, each in zip(tables, found, strict=True)]
        everywhere = np.tile(self._frequent, (len(target), 1))
        words = np.sort(np.concatenate([*likeliest, everywhere], axis=1), axis=1)
        distinct = words > 0
        distinct[:, 1:] &= words[:, 1:] != words[:, :-1]
        p = self._probability(found, np.concatenate([target[:, None], np.where(distinct, words, 0)], axis=1))
        better = distinct & (words != target[:, None])
        better &= (p[:, 1:] > p[:, :1]) | ((p[:, 1:] == p[:, :1]) & (words < target[:, None]))
        return GapScores(-np.log(p[:, 0]), better.sum(axis=1))

    def _probability(self, found: list[Numbers], words: Numbers) -> Floats:
        unigram = self._unigram[words]
        one = [
            table.probability(each, words, unigram)
            for table, each in zip((self._left, self._right), found[1:], strict=True)
        ]
        return self._both.probability(found[0], words, (one[0] + one[1]) / 2)


def _concatenate(parts: list[GapScores]) -> GapScores:
    return GapScores(
        np.concatenate([np.zeros(0), *(part.nats for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.rank for part in parts)]),
    )


def _find(keys: Numbers, wanted: Numbers) -> Numbers:
    """Return the index of each wanted key in the sorted `keys`, or their number if the key is missing."""
    place = np.searchsorted(keys, wanted)
    hit = place < len(keys)
    hit[hit] = keys[place[hit]] == wanted[hit]
    return np.where(hit, place, len(keys))
