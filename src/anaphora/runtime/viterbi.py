"""Viterbi's search step by step: the labels of a row that no later step can change.

    δ_t(j) = e_t(j) + max_i (δ_{t−1}(i) + W_ij)          path_t(j) = path_{t−1}(argmax_i …), j

(Viterbi, 1967.) The labels on which the paths into all possible j agree are certain. The numbers are those of
`Chain.best`, bit for bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.runtime.crf import Chain, Doubles, Labels


class Viterbi(NamedTuple):
    """The state of a search: δ (K,), empty before the first step, and the uncertain labels of each path (K, u)."""

    delta: Doubles
    paths: Labels

    @staticmethod
    def begin(chain: Chain) -> Viterbi:
        """Return a search before its first step."""
        return Viterbi(np.zeros(0), np.zeros((chain.labels, 0), np.int64))

    def read(self, chain: Chain, scores: NDArray[np.float32]) -> tuple[Labels, Viterbi]:
        """Return the labels (m,) that have become certain, and the state after n more steps; `scores` (n, K)."""
        delta, paths = self
        certain = []
        for e in np.asarray(scores, dtype=np.float64) / chain.temperature:
            candidates = delta + chain.into if delta.size else chain.a[:, None]
            delta = e + candidates.max(1)
            paths = np.column_stack([paths[candidates.argmax(1)], np.arange(chain.labels)])
            best = paths[delta.argmax()]
            agree = (paths[delta > -np.inf] == best).all(0)
            known = int(np.logical_and.accumulate(agree).sum())
            certain.append(best[:known])
            paths = paths[:, known:]
        return np.concatenate([np.zeros(0, np.int64), *certain]), Viterbi(delta, paths)

    def end(self, chain: Chain) -> Labels:
        """Return the labels (u,) that were uncertain, once the row has ended."""
        found: Labels = self.paths[(self.delta + chain.b).argmax()] if self.delta.size else self.paths[0]
        return found
