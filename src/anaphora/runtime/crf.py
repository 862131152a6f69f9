"""A linear-chain CRF over the labels of a row, the counterpart of ``anaphora.nn.crf``.

    s(y | x) = a_{y_1} + Σ_t e_t(y_t) + Σ_t W_{y_{t−1} y_t} + b_{y_n}               p(y | x) = exp(s) / Z
    α_1 = a + e_1,   α_t(j) = e_t(j) + ln Σ_i exp(α_{t−1}(i) + W_ij)                ln Z = ln Σ_j exp(α_n(j) + b_j)
    δ_1 = a + e_1,   δ_t(j) = e_t(j) + max_i (δ_{t−1}(i) + W_ij)                    max s = max_j (δ_n(j) + b_j)

(Viterbi, 1967.) ln Σ_i exp(v_i + W_ij) is computed as m + ln Σ_i e^{v_i − m} e^{W_ij}, m = max v, unless that sum
underflows. All is computed in float64, rows side by side. Each sum runs over a contiguous last axis of one row's K
labels, so its bits depend on that row alone. Of equal scores the label with the lower number wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]
Truths = NDArray[np.bool_]
quietly = np.errstate(divide="ignore")  # ln 0 is −∞
_LEAST = 1e-290  # a smaller sum has lost digits or underflowed to 0


class LabelPath(NamedTuple):
    """Labels of a row (n,), and the natural logarithm of their probability given the row."""

    labels: Labels
    log_probability: float


class Chain:
    """A linear-chain CRF with K labels."""

    def __init__(self, transitions: ArrayLike, start: ArrayLike, end: ArrayLike) -> None:
        W, self.a, self.b = (np.array(each, dtype=np.float64) for each in (transitions, start, end))
        self.into = np.ascontiguousarray(W.T)  # into[j, i] = W[i, j]
        self.temperature = 1.0

    @property
    def labels(self) -> int:
        """K, the number of labels."""
        return len(self.a)

    def limited(self, transitions: Truths, start: Truths, end: Truths, temperature: float = 1.0) -> Chain:
        """Return the chain with forbidden entries and all scores divided by `temperature`.

        `transitions` (K, K), `start` (K,) and `end` (K,) are true for forbidden entries.
        """
        found = Chain(self.into.T / temperature, self.a / temperature, self.b / temperature)
        found.into[transitions.T] = found.a[start] = found.b[end] = -np.inf
        found.temperature = self.temperature * temperature
        return found

    @quietly
    def log_partition(self, scores: NDArray[np.float32], lengths: ArrayLike) -> Doubles:
        """Return ln Z of each row (B,); `scores` (T, B, K), `lengths` (B,). A row without steps has 0."""
        e, counts, order, found = self._prepared(scores, lengths)
        if counts:
            alpha, P = self.a + e[0], np.exp(self.into)
            for t, n in enumerate(counts[1:], 1):
                alpha[:n] = e[t, :n] + _log_product(alpha[:n], self.into, P)
            found[order] = _log_sum(alpha + self.b)
        return found

    @quietly
    def best(self, scores: NDArray[np.float32], lengths: ArrayLike) -> list[LabelPath]:
        """Return the most likely labels of each row; `scores` (T, B, K), `lengths` (B,). Source: Viterbi, 1967."""
        e, counts, order, best_score = self._prepared(scores, lengths)
        log_z = self.log_partition(scores, lengths)
        table = np.zeros((len(counts), len(best_score)), dtype=np.int64)
        if counts:
            delta = self.a + e[0]
            previous: list[Labels] = []
            for t, n in enumerate(counts[1:], 1):
                candidates = delta[:n, None, :] + self.into
                previous.append(candidates.argmax(2))
                delta[:n] = e[t, :n] + candidates.max(2)
            ended = delta + self.b
            label = ended.argmax(1)
            best_score[order] = ended.max(1)
            for t in reversed(range(len(counts))):
                n = counts[t]
                if t + 1 < len(counts):
                    continuing = counts[t + 1]
                    label[:continuing] = previous[t][np.arange(continuing), label[:continuing]]
                table[t, order[:n]] = label[:n]
        return [
            LabelPath(table[:length, row].copy(), min(0.0, float(best_score[row] - log_z[row])))
            for row, length in enumerate(np.asarray(lengths).tolist())
        ]

    @quietly
    def several(self, scores: NDArray[np.float32], count: int) -> list[LabelPath]:
        """Return the `count` most likely label sequences of one row, the best first; `scores` (n, K).

        The list is shorter if fewer sequences are possible.
        """
        e = np.asarray(scores, dtype=np.float64) / self.temperature
        if not len(e):
            return [LabelPath(np.zeros(0, np.int64), 0.0)]
        (log_z,) = self.log_partition(np.asarray(scores)[:, None], [len(e)])
        delta = np.full((self.labels, count), -np.inf)  # the best scores of sequences that end in each label
        delta[:, 0] = self.a + e[0]
        previous: list[Labels] = []
        for each in e[1:]:
            candidates = (delta[None] + self.into[:, :, None]).reshape(self.labels, -1)
            chosen = _largest(candidates, count)
            previous.append(chosen)
            delta = np.take_along_axis(candidates, chosen, 1) + each[:, None]
        ended = (delta + self.b[:, None]).reshape(1, -1)
        found = []
        for place in _largest(ended, count)[0].tolist():
            if ended[0, place] == -np.inf:
                break
            path, position = [], place
            for before in [*reversed(previous), None]:
                label, rank = divmod(position, count)
                path.append(label)
                position = 0 if before is None else int(before[label, rank])
            found.append(LabelPath(np.array(path[::-1], dtype=np.int64), min(0.0, float(ended[0, place] - log_z))))
        return found

    @quietly
    def marginals(self, scores: NDArray[np.float32]) -> Doubles:
        """Return p(y_t = j | x) of one row, (n, K); `scores` (n, K)."""
        e = np.asarray(scores, dtype=np.float64) / self.temperature
        alpha, beta = np.empty_like(e), np.empty_like(e)
        out_of = np.ascontiguousarray(self.into.T)
        P, Q = np.exp(self.into), np.exp(out_of)
        for t in range(len(e)):
            alpha[t] = e[t] + (_log_product(alpha[None, t - 1], self.into, P)[0] if t else self.a)
        for t in reversed(range(len(e))):
            beta[t] = _log_product((e[t + 1] + beta[t + 1])[None], out_of, Q)[0] if t + 1 < len(e) else self.b
        both = alpha + beta
        shares: Doubles = np.exp(both - _log_sum(both)[:, None])
        return shares

    @quietly
    def log_probabilities(self, scores: NDArray[np.float32], lengths: ArrayLike, labels: Labels) -> Doubles:
        """Return ln p of the given labels of each row (B,); `scores` (T, B, K), `lengths` (B,), `labels` (T, B)."""
        steps = np.asarray(lengths)
        found = -self.log_partition(scores, lengths)
        for row, n in enumerate(steps.tolist()):
            if n:
                own = labels[:n, row]
                each = np.asarray(scores[np.arange(n), row, own], dtype=np.float64) / self.temperature
                each[1:] += self.into[own[1:], own[:-1]]
                found[row] += np.add.reduce(each) + self.a[own[0]] + self.b[own[-1]]
        return np.minimum(found, 0.0)  # rounding can make the sum positive

    def _prepared(self, scores: NDArray[np.float32], lengths: ArrayLike) -> tuple[Doubles, list[int], Labels, Doubles]:
        """Return e of the rows with steps, longest first; the number of rows with step t; their indices; and zeros
        (B,).
        """
        steps = np.asarray(lengths, dtype=np.int64)
        order = np.argsort(-steps, kind="stable")
        order = order[steps[order] > 0]
        counts = list(_counts(steps[order]))
        e = np.asarray(scores[: len(counts), order], dtype=np.float64) / self.temperature
        return e, counts, order, np.zeros(len(steps))


def _counts(lengths: Labels) -> Iterator[int]:
    """Yield, for t = 0, 1, …, the number of rows with a step t; rows are sorted by length, longest first."""
    for t in range(int(lengths.max(initial=0))):
        yield int(np.searchsorted(-lengths, -t, side="left"))


def _log_sum(x: Doubles) -> Doubles:
    """Return ln Σ exp over the last axis; −∞ if every entry is −∞."""
    top = np.maximum.reduce(x, axis=-1)
    shifted = np.exp(x - np.where(np.isfinite(top), top, 0.0)[..., None])
    total: Doubles = top + np.log(np.add.reduce(shifted, axis=-1))
    return total


def _log_product(v: Doubles, into: Doubles, P: Doubles) -> Doubles:
    """Return ln Σ_i exp(v_i + W_ij) of each row (n, K); `P` is exp of `into`."""
    top = np.maximum.reduce(v, axis=1, keepdims=True)
    sums = np.add.reduce(np.exp(v - top)[:, None, :] * P, axis=2)
    total: Doubles = top + np.log(sums)
    rows, labels = np.nonzero(sums < _LEAST)
    total[rows, labels] = _log_sum(v[rows] + into[labels])
    return total


def _largest(x: Doubles, count: int) -> Labels:
    """Return the indices of the largest entries of each row, largest first; of equal entries the first comes first."""
    found: Labels = np.argsort(-x, axis=1, kind="stable")[:, :count]
    return found
