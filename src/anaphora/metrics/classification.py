"""What a score of labels means, with its formula.

For rows 1 … n with true labels y_i, guesses ŷ_i and probabilities p_i(k) over K labels::

    accuracy          share of rows with ŷ_i = y_i; of rows with several labels: with exactly the right ones
    precision, recall of a label: right guesses of it / all guesses of it, / all rows that have it
    F1 of a label     2·right / (guesses of it + rows that have it)
    macro F1          mean of F1 over the labels that occur or are guessed: a rare one counts as much as a frequent one
    micro F1          F1 of all (row, label) pairs at once
    nats per row      (1/n) Σ −ln p_i(y_i);  with several labels (1/n) Σ_i Σ_k −ln p of what is true of label k
    calibration error Σ_b (rows in b / n)·|accuracy in b − mean confidence in b|, bins b of confidence, 15 of one width

A **temperature** T makes probabilities of scores z that are over-confident honest: p = softmax(z/T), or σ(z/T) for
several labels. It changes no order, so no guess. The T that is fitted minimises the nats per row, which are convex in
1/T; it is found where their derivative in 1/T, mean(E_p[z] − z_y), is zero.

Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 15
COLDEST, HOTTEST = 0.05, 20.0  # the range a temperature is looked for in
_HALVINGS = 50


class PerLabel(NamedTuple):
    """What is known of each label, (K,)."""

    precision: Floats
    recall: Floats
    f1: Floats
    rows: Counts
    """How many rows have it."""
    guesses: Counts


def probabilities(scores: npt.ArrayLike, temperature: float, multi: bool) -> Floats:
    """softmax(z/T) over the last axis (B, K), or with ``multi`` σ(z/T) of each, in float64."""
    z = np.asarray(scores, dtype=np.float64) / temperature
    if multi:
        return np.exp(-np.logaddexp(0.0, -z))
    z = z - z.max(axis=-1, keepdims=True)
    exponents = np.exp(z)
    shares: Floats = exponents / exponents.sum(axis=-1, keepdims=True)
    return shares


def nats(scores: npt.ArrayLike, targets: npt.NDArray[Any], temperature: float, multi: bool) -> Floats:
    """−ln p of what is true of each row, (B,); infinite for a target below 0, a label that the scores don't know."""
    z = np.asarray(scores, dtype=np.float64) / temperature
    if multi:
        both: Floats = np.logaddexp(0.0, np.where(targets > 0, -z, z)).sum(axis=1)
        return both
    top = z.max(axis=1)
    total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    known = targets >= 0
    picked: Floats = np.where(known, total - z[np.arange(len(z)), np.where(known, targets, 0)], np.inf)
    return picked


def fit_temperature(scores: npt.ArrayLike, targets: npt.NDArray[Any], multi: bool) -> float:
    """The T between 0.05 and 20 with the fewest nats per row; 1 where there is no row to tell by."""
    z = np.asarray(scores, dtype=np.float64)
    if not multi:
        z, targets = z[targets >= 0], targets[targets >= 0]
    if not len(z) or not np.isfinite(z).all():
        return 1.0
    wanted = (z * (targets > 0)).sum(axis=1) if multi else z[np.arange(len(z)), targets]
    colder, hotter = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(_HALVINGS):
        middle = (colder + hotter) / 2
        expected = (probabilities(z, math.exp(middle), multi) * z).sum(axis=1)
        if float(np.mean(expected - wanted)) > 0:  # too cold: scores are trusted too much
            colder = middle
        else:
            hotter = middle
    return math.exp((colder + hotter) / 2)


def confusion(truth: npt.NDArray[np.int64], guesses: npt.NDArray[np.int64], labels: int) -> Counts:
    """(K, K): how many rows of the label of the row were given the label of the column; a truth below 0 is left out."""
    known = truth >= 0
    pairs = truth[known] * labels + guesses[known]
    return np.bincount(pairs, minlength=labels * labels).reshape(labels, labels)


def per_label(right: npt.ArrayLike, guesses: npt.ArrayLike, rows: npt.ArrayLike) -> PerLabel:
    """Precision, recall and F1 of labels (K,) from counts; 0 where there is nothing to divide by."""
    hits, guessed, there = (np.asarray(counts, dtype=np.int64) for counts in (right, guesses, rows))
    return PerLabel(_share(hits, guessed), _share(hits, there), _share(2 * hits, guessed + there), there, guessed)


def macro_f1(each: PerLabel) -> float:
    """The mean F1 of the labels that occur or are guessed; 0 where none does."""
    counted = (each.rows + each.guesses) > 0
    return float(each.f1[counted].mean()) if counted.any() else 0.0


def micro_f1(each: PerLabel) -> float:
    """F1 of all (row, label) pairs together."""
    right = np.round(each.recall * each.rows).sum()
    return float(_share(2 * right, each.rows.sum() + each.guesses.sum()))


def calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """How far the confidence of guesses is from how often they are right, 0 … 1; 0 without guesses."""
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
