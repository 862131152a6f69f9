"""Scores of labels, with their formulas.

For rows 1 … n with true labels y_i, predictions ŷ_i and probabilities p_i(k) over K labels::

    accuracy          share of rows with ŷ_i = y_i; of rows with several labels: with exactly the right ones
    precision, recall of a label: right predictions of it / all predictions of it, / all rows that have it
    F1 of a label     2·right / (predictions of it + rows that have it)
    macro F1          mean of F1 over the labels that occur or are predicted: a rare one counts like a frequent one
    micro F1          F1 of all (row, label) pairs at once
    nats per row      (1/n) Σ −ln p_i(y_i);  with several labels (1/n) Σ_i Σ_k −ln p of the truth of label k
    calibration error Σ_b (rows in b / n)·|accuracy in b − mean confidence in b|, 15 bins b of confidence, equally wide

Temperature scaling corrects over-confident scores z: p = softmax(z/T), or σ(z/T) for several labels. The order of the
labels stays the same, so every prediction stays the same. `anaphora.metrics.scaling` fits T.

Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 15


class PerLabel(NamedTuple):
    """The scores of each label, each of shape (K,)."""

    precision: Floats
    recall: Floats
    f1: Floats
    rows: Counts
    """The number of rows that have the label."""
    predicted: Counts
    """The number of rows for which the label was predicted."""


def probabilities(scores: npt.ArrayLike, temperature: float, multi: bool) -> Floats:
    """Return softmax(z/T) over the last axis, or with `multi` σ(z/T) of each entry; `scores` and result (B, K),
    float64.
    """
    z = np.asarray(scores, dtype=np.float64) / temperature
    if multi:
        return np.exp(-np.logaddexp(0.0, -z))
    z = z - z.max(axis=-1, keepdims=True)
    exponents = np.exp(z)
    shares: Floats = exponents / exponents.sum(axis=-1, keepdims=True)
    return shares


def nats(scores: npt.ArrayLike, targets: npt.NDArray[Any], temperature: float, multi: bool) -> Floats:
    """Return −ln p of the truth of each row (B,), in nats; `scores` (B, K), `targets` (B,), or (B, K) with `multi`.

    A target below 0 is a label that the scores do not have: its row has infinite nats.
    """
    z = np.asarray(scores, dtype=np.float64) / temperature
    if multi:
        both: Floats = np.logaddexp(0.0, np.where(targets > 0, -z, z)).sum(axis=1)
        return both
    top = z.max(axis=1)
    total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    known = targets >= 0
    picked: Floats = np.where(known, total - z[np.arange(len(z)), np.where(known, targets, 0)], np.inf)
    return picked


def confusion(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], labels: int) -> Counts:
    """Return the confusion matrix (K, K): rows are true labels, columns predicted labels.

    `truth` and `predicted` are label numbers (B,); rows with a truth below 0 are left out.
    """
    known = truth >= 0
    pairs = truth[known] * labels + predicted[known]
    return np.bincount(pairs, minlength=labels * labels).reshape(labels, labels)


def per_label(right: npt.ArrayLike, predicted: npt.ArrayLike, rows: npt.ArrayLike) -> PerLabel:
    """Return precision, recall and F1 of the labels from their counts (K,); a ratio with denominator 0 is 0."""
    hits, found, support = (np.asarray(counts, dtype=np.int64) for counts in (right, predicted, rows))
    return PerLabel(_share(hits, found), _share(hits, support), _share(2 * hits, found + support), support, found)


def macro_f1(each: PerLabel) -> float:
    """Return the mean F1 of the labels that occur or are predicted; 0 if there is no such label."""
    counted = (each.rows + each.predicted) > 0
    return float(each.f1[counted].mean()) if counted.any() else 0.0


def micro_f1(each: PerLabel) -> float:
    """Return F1 of all (row, label) pairs together."""
    right = np.round(each.recall * each.rows).sum()
    return float(_share(2 * right, each.rows.sum() + each.predicted.sum()))


def calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Return the expected calibration error, 0 … 1, of predictions with their confidence (N,); 0 if N is 0.

    `right` (N,) is 1 for a right prediction and 0 for a wrong one. Source: Guo et al., ICML 2017.
    """
    sure, hit = np.asarray(confidence, dtype=np.float64).reshape(-1), np.asarray(right, dtype=np.float64).reshape(-1)
    if not sure.size:
        return 0.0
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=hit - sure, minlength=BINS)
    return float(np.abs(gaps).sum() / sure.size)


def _share(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    counted = np.asarray(whole, dtype=np.float64)
    share: Floats = np.asarray(part, dtype=np.float64) / np.where(counted > 0, counted, 1.0)
    return share
