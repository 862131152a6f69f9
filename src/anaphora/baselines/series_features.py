"""A logistic regression on the statistics of series, as the weights of a model that is additive over a series.

    x = (φ − mean) / sd        φ: the statistics of `anaphora.data.series_statistics`; mean and sd over the rows

The scale is part of the returned weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from anaphora.baselines.regression import regressions
from anaphora.data.batches import Ragged
from anaphora.data.series_statistics import statistics

Floats = npt.NDArray[np.float64]


def fit(rows: Ragged, targets: npt.NDArray[Any], labels: int, multi: bool, balanced: bool) -> tuple[Floats, Floats]:
    """Return weights (7·C + 1, K) and bias (K,) for series of C channels with targets (B,), or (B, K) with `multi`;
    `balanced` weighs labels equally.

    Raises MissingExtra if scikit-learn is not installed.
    """
    found = statistics(rows)
    mean, sd = found.mean(axis=0), found.std(axis=0)
    scale = np.where(sd > 0, sd, 1.0)
    weights, bias = regressions((found - mean) / scale, targets, labels, multi, balanced)
    weights = weights / scale[:, None]
    return weights, bias - mean @ weights
