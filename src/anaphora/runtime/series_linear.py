"""A linear model of the statistics of a series, additive over its steps.

    z = b + φ W        φ (7·C + 1,) as in `anaphora.data.series_statistics`

Any division of a series into chunks gives the same bits as the whole series.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.data.series_statistics import EACH, Sums
from anaphora.errors import CorruptBundle
from anaphora.runtime.state import Parts

Floats = NDArray[np.float64]
NAME = "linear"


class SeriesLinear:
    """A linear model of statistics; it never changes, so threads and streams may share it."""

    def __init__(self, weights: Floats, bias: Floats) -> None:
        """`weights` W (7·C + 1, K), `bias` b (K,)."""
        self.weights, self.bias = weights, bias

    @property
    def labels(self) -> int:
        """K, the number of scores."""
        return len(self.bias)

    def initial(self) -> dict[str, NDArray[Any]]:
        """Return the state before the first step: the sums (C,) of the statistics."""
        return _state(Sums.of((len(self.weights) - 1) // EACH))

    def feed(self, state: Parts, steps: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return the state after more steps (T, C) on the network's scale; the given state, sums (C,), does not
        change.
        """
        return _state(_sums(state).add(steps))

    def scores(self, state: Parts) -> Floats:
        """Return the scores (K,) of a series that ends here; the state has sums (C,)."""
        return self._of(_sums(state))

    def of_rows(self, rows: Ragged) -> Floats:
        """Return the scores (B, K) of whole series with steps (T, C)."""
        begin = Sums.of(rows.steps.shape[1])
        found = [self._of(begin.add(rows.row(row))) for row in range(len(rows.ends))]
        return np.stack(found) if found else np.zeros((0, self.labels))

    def _of(self, sums: Sums) -> Floats:
        return np.asarray(self.bias + sums.statistics() @ self.weights)

    def settings(self) -> dict[str, Any]:
        """The settings in a bundle's config: none."""
        return {}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The tensors in a bundle."""
        return {f"{NAME}.weights": self.weights, f"{NAME}.bias": self.bias}

    @staticmethod
    def restore(tensors: Mapping[str, NDArray[Any]], channels: int) -> SeriesLinear:
        """Return the model of a bundle with tensors such as the weights (7·C + 1, K) for C channels.

        Raises CorruptBundle if they describe none.
        """
        try:
            weights, bias = tensors[f"{NAME}.weights"], tensors[f"{NAME}.bias"]
        except KeyError as error:
            raise CorruptBundle(f"The model file lacks a part of its linear model: {error}.") from error
        if weights.shape != (EACH * channels + 1, *bias.shape):
            raise CorruptBundle(
                f"The linear model has weights {weights.shape}; expected ({EACH * channels + 1}, {bias.size})."
            )
        return SeriesLinear(weights, bias)


def _state(sums: Sums) -> dict[str, NDArray[Any]]:
    return {f"{NAME}.{name}": value for name, value in sums._asdict().items()}


def _sums(state: Parts) -> Sums:
    return Sums(*(state[f"{NAME}.{name}"] for name in Sums._fields))
