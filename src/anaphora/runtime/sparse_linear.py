"""A linear model of the n-grams of a text, additive over its characters.

    z_k = b_k + Σ_t W[g_t, k] / √(Σ_t v[g_t])        over all known n-grams g_t of the text, in their order

The sums are in float64, in the order of the text, so that any division of a text into chunks gives the same bits as the
whole text. W (F, K) has the weights of a logistic regression, and v (F,) the squares of the inverse document
frequencies, which scale a text to length 1 (`anaphora.baselines.ngram_features`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.text.ngrams import Ngrams, Position
from anaphora.data.text.packed import pack, unpack
from anaphora.errors import CorruptBundle
from anaphora.runtime.state import Parts

Floats = NDArray[np.float64]
NAME = "linear"
_AT_ONCE = 4096  # n-grams that are added at once
_POSITION = {name: f"{NAME}.{name}" for name in Position._fields}


class SparseLinear:
    """A linear model of n-grams; it never changes, so threads and streams may share it."""

    def __init__(
        self,
        ngrams: Ngrams,
        grams: Sequence[str],
        weights: NDArray[np.float32],
        norms: NDArray[np.float32],
        bias: Floats,
    ) -> None:
        """`grams` are the F known n-grams; `weights` W (F, K), `norms` v (F,), `bias` b (K,)."""
        self.ngrams, self.grams, self.weights, self.norms, self.bias = ngrams, tuple(grams), weights, norms, bias

    @property
    def labels(self) -> int:
        """K, the number of scores."""
        return len(self.bias)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {gram: number for number, gram in enumerate(self.grams)}

    def initial(self) -> dict[str, NDArray[Any]]:
        """Return the state before the first character: K sums, the sum of squares, and the end of the text as UTF-8."""
        return self._state(np.zeros(self.labels + 1), Position())

    def feed(self, state: Parts, text: str) -> dict[str, NDArray[Any]]:
        """Return the state after a chunk of text; the given state, sums (K,) and texts (n,), does not change."""
        grams, at = self.ngrams.read(_position(state), text)
        return self._state(self._added(_sums(state), grams), at)

    def scores(self, state: Parts) -> Floats:
        """Return the scores (K,) of a text that ends here; the state, sums (K,) and texts (n,), does not change."""
        return self._scaled(self._added(_sums(state), self.ngrams.finish(_position(state))))

    def of_rows(self, texts: Sequence[str]) -> Floats:
        """Return the scores (B, K) of whole texts."""
        found = [self._scaled(self._added(np.zeros(self.labels + 1), self.ngrams.of(text))) for text in texts]
        return np.stack(found) if found else np.zeros((0, self.labels))

    def telling(self, label: int, most: int, multi: bool) -> list[tuple[str, float]]:
        """Return the n-grams that speak most for a label with their weights; the mean weight over all labels is
        subtracted, unless a row may have several labels.
        """
        own = self.weights[:, label] - (0 if multi else self.weights.mean(axis=1))
        order = np.argsort(-own, kind="stable")[:most]
        return [(self.grams[row], float(own[row])) for row in order.tolist() if own[row] > 0]

    def _added(self, sums: Floats, grams: Sequence[str]) -> Floats:
        """Return the sums (K + 1,) after more n-grams, one after another."""
        get = self._index.get
        known = [row for row in map(get, grams) if row is not None]
        for begin in range(0, len(known), _AT_ONCE):
            rows = np.array(known[begin : begin + _AT_ONCE])
            terms = np.empty((len(rows) + 1, self.labels + 1))
            terms[0], terms[1:, :-1], terms[1:, -1] = sums, self.weights[rows], self.norms[rows]
            sums = np.cumsum(terms, axis=0)[-1]  # in order; np.sum may add in pairs
        return sums

    def _scaled(self, sums: Floats) -> Floats:
        length = np.sqrt(sums[-1])
        return self.bias + (sums[:-1] / length if length > 0 else 0.0)

    def _state(self, sums: Floats, at: Position) -> dict[str, NDArray[Any]]:
        texts = {_POSITION[name]: np.frombuffer(text.encode(), np.uint8) for name, text in at._asdict().items()}
        return {f"{NAME}.sums": sums[:-1].copy(), f"{NAME}.norm": sums[-1:].copy(), **texts}

    def settings(self) -> dict[str, Any]:
        """The kind of the n-grams, in a bundle's config."""
        return self.ngrams._asdict()

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The tensors in a bundle."""
        own: dict[str, NDArray[Any]] = {"weights": self.weights, "norms": self.norms, "bias": self.bias}
        return {**pack(self.grams, NAME), **{f"{NAME}.{name}": value for name, value in own.items()}}

    @staticmethod
    def restore(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> SparseLinear:
        """Return the model of a bundle with tensors such as the weights (F, K).

        Raises CorruptBundle if they describe none.
        """
        try:
            ngrams = Ngrams(**settings)
            weights, norms, bias = (tensors[f"{NAME}.{name}"] for name in ("weights", "norms", "bias"))
        except (KeyError, TypeError) as error:
            raise CorruptBundle(f"The model file lacks a part of its linear model: {error}.") from error
        grams = unpack(tensors, NAME)
        if weights.shape != (len(grams), len(bias)) or norms.shape != (len(grams),):
            raise CorruptBundle(
                f"The linear model has weights {weights.shape} and norms {norms.shape}; expected"
                f" ({len(grams)}, {len(bias)}) and ({len(grams)},)."
            )
        return SparseLinear(ngrams, grams, weights, norms, bias)


def _sums(state: Parts) -> Floats:
    return np.concatenate([state[f"{NAME}.sums"], state[f"{NAME}.norm"]])


def _position(state: Parts) -> Position:
    return Position(*(state[name].tobytes().decode() for name in _POSITION.values()))
