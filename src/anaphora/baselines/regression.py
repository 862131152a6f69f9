"""Logistic regression as plain weights: scikit-learn fits it, and nothing but the weights is kept.

p(k | x) = softmax_k(w_k · x + b_k), or for several labels σ of each; w has an L2 penalty, ‖w‖²/2C
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from anaphora.errors import MissingExtra

C = 10.0  # inverse strength of the penalty
ITERATIONS, TOLERANCE = 200, 1e-4  # of the solver
_CERTAIN = 12.0  # the score of a label that all rows have; −12 if no row has it

Floats = npt.NDArray[np.float64]


def regressions(
    features: Any, targets: npt.NDArray[Any], labels: int, multi: bool, balanced: bool
) -> tuple[Floats, Floats]:
    """Return weights (F, K) and bias (K,) for features (B, F), which may be sparse, and targets (B,), or (B, K) with
    `multi`; `balanced` weighs labels equally.

    Raises MissingExtra if scikit-learn is not installed.
    """
    if not multi:
        return _one_label(features, targets, labels, balanced)
    each = [_one_label(features, (column > 0).astype(np.int64), 2, balanced) for column in targets.T]
    return np.stack([w[:, 1] - w[:, 0] for w, _ in each], axis=1), np.array([b[1] - b[0] for _, b in each])


def _one_label(features: Any, targets: npt.NDArray[np.int64], labels: int, balanced: bool) -> tuple[Floats, Floats]:
    """Return weights (F, K) and bias (K,) for targets (B,) below K."""
    weights, bias = np.zeros((features.shape[1], labels)), np.full(labels, -_CERTAIN)
    known, counts = np.unique(targets, return_counts=True)
    if len(known) < 2 or not features.shape[1]:
        bias[known] = np.log(counts / counts.sum())
        return weights, bias
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtra("train", "the linear model", missing="scikit-learn") from error
    how = "balanced" if balanced else None
    model = LogisticRegression(C=C, max_iter=ITERATIONS, tol=TOLERANCE, class_weight=how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, targets)
    if len(known) == 2:  # one vector of weights: half of it for each label
        weights[:, known] = model.coef_.T * [-0.5, 0.5]
        bias[known] = model.intercept_ * [-0.5, 0.5]
    else:
        weights[:, known], bias[known] = model.coef_.T, model.intercept_
    return weights, bias
