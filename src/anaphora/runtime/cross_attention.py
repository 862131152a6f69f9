"""Attention from the steps of one part to those of another, the twin of ``anaphora.nn.cross_attention``.

    general    a = softmax_s(q · W m_s)                                              (Luong et al., EMNLP 2015)
    additive   a = softmax_s(v · tanh(W m_s + U q + b))                              (Bahdanau et al., ICLR 2015)
    c = Σ_s a_s m_s

A memory is prepared once and looked at step by step. Each sum runs over a contiguous last axis of a row's own steps, so
its bits depend on the query and on that row alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.runtime.pointwise import Floats, Linear, Tensors, quietly

_LEAST = np.finfo(np.float32).min


class Memory(NamedTuple):
    """One row that is looked at: its keys (n, A), and its steps turned, (M, n)."""

    keys: Floats
    steps: Floats


class CrossAttention:
    """What each query finds in the memory of its row."""

    def __init__(self, score: str, own: Tensors) -> None:
        self._keys = Linear(own["weight"], own.get("bias"))
        self._queries = Linear(own["query_weight"], None) if score == "additive" else None
        self._score = own.get("score")

    def memory(self, rows: Sequence[Floats]) -> list[Memory]:
        """Prepare rows (n, M) to be looked at."""
        keys = self._keys.of(np.concatenate(rows)) if len(rows) else np.zeros((0, self._keys.width), np.float32)
        ends = np.cumsum([len(row) for row in rows], dtype=np.int64)[:-1]
        return [Memory(*pair) for pair in zip(np.split(keys, ends)[: len(rows)], map(_turned, rows), strict=True)]

    @quietly
    def look(self, queries: Floats, memories: Sequence[Memory], rows: NDArray[np.int64]) -> tuple[Floats, list[Floats]]:
        """Queries (N, Q) and the row that each looks at -> contexts (N, M), and the weights of each (n,)."""
        asked = queries if self._queries is None else self._queries.of(queries)
        found: list[Floats] = []
        weights: list[Floats] = []
        begins = [0, *(np.flatnonzero(np.diff(rows)) + 1).tolist(), len(rows)] if len(rows) else [0]
        for begin, end in pairwise(begins):
            memory = memories[rows[begin]]
            some = self._weights(asked[begin:end], memory.keys)
            found.append(np.add.reduce(memory.steps * some[:, None, :], axis=2))
            weights.extend(some)
        return np.concatenate(found), weights

    def _weights(self, asked: Floats, keys: Floats) -> Floats:
        """(k, A) against (n, A) -> (k, n)."""
        if self._score is None:
            scores = np.add.reduce(keys * asked[:, None, :], axis=2)
        else:
            scores = np.add.reduce(np.tanh(keys + asked[:, None, :]) * self._score, axis=2)
        weights: Floats = np.exp(scores - np.maximum.reduce(scores, axis=1, keepdims=True, initial=_LEAST))
        weights /= np.add.reduce(weights, axis=1, keepdims=True)
        return weights


def _turned(row: Floats) -> Floats:
    return np.ascontiguousarray(row.T)
