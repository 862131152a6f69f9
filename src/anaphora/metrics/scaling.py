"""Weights of scores that make probabilities mean what they say: a temperature, or a mixture of several models.

For rows i with targets y_i and P parts, each with scores z_p (B, K)::

    s = Σ_p w_p z_p        p(k | i) = softmax_k(s_i), or σ(s_ik) for several labels
    w = argmin_{w > 0}  Σ_i −ln p(y_i | i) + C Σ_p (r_p − 1 − ln r_p)        r_p = w_p / prior_p,  C = 4

The sum is convex, so it has one minimum, and Newton's method finds it. The penalty is the one of a Gamma distribution
whose most probable value is the prior. It does not grow with the rows: few rows leave w near its prior, many rows
decide alone. It keeps every weight positive and finite, even if all rows are right. One part with the prior 1 is
temperature scaling with T = 1/w; several parts are stacking. C was chosen by a simulation (docs/journal.md).

Cross-fitting gives each row the weights that were fitted without its fold, so its nats are those of a new row.

Sources: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017 (temperature); Wolpert,
"Stacked generalization", Neural Networks 5, 1992, and Breiman, "Stacked regressions", Machine Learning 24, 1996
(weights that are not negative, from rows that the parts did not see); Chung, Rabe-Hesketh, Dorie, Gelman and Liu,
Psychometrika 78, 2013 (a Gamma penalty keeps an estimate off its bound).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PENALTY = 4.0  # C
FOLDS = 5
_ITERATIONS, _HALVINGS = 200, 60
_ENOUGH = 1e-12  # nats that a further step would win
_SHORTEST = 0.05  # a step leaves a weight at least this share of itself


def fit(
    parts: Sequence[npt.ArrayLike], targets: npt.NDArray[Any], multi: bool, prior: Sequence[float] = (1.0,)
) -> Floats:
    """Return the weight (P,) of each part's scores (B, K), all positive; the prior if no row has a known label.

    `targets` is (B,), or (B, K) with `multi`. Rows with a target below 0 or a score that is not finite do not count.
    """
    first = np.asarray(prior, dtype=np.float64)
    margins = _margins([first[p] * np.asarray(z, np.float64) for p, z in enumerate(parts)], targets, multi)
    r = np.ones(len(first))
    loss, slope, curve = _penalised(r, margins)
    for _ in range(_ITERATIONS):
        step = -np.linalg.solve(curve, slope)
        won = float(-slope @ step)  # twice the nats that the step should win
        if won < _ENOUGH:
            break
        share = min(1.0, (1 - _SHORTEST) / max(float(np.max(-step / r)), _SHORTEST))
        for _ in range(_HALVINGS):
            tried = _penalised(r + share * step, margins)
            if tried[0] <= loss - 1e-4 * share * won:
                break
            share /= 2
        else:
            break
        r, (loss, slope, curve) = r + share * step, tried
    return first * r


def cross_fitted(
    parts: Sequence[npt.ArrayLike],
    targets: npt.NDArray[Any],
    multi: bool,
    prior: Sequence[float] = (1.0,),
    folds: int = FOLDS,
    seed: int = 0,
) -> Floats:
    """Return scores Σ_p w_p z_p (B, K), each row's with the weights of the rows outside its fold.

    Takes what `fit` does. The rows are divided at random into `folds` folds of equal size, or into single rows if there
    are fewer.
    """
    z = [np.asarray(each, dtype=np.float64) for each in parts]
    found = np.zeros_like(z[0])
    if not len(found):
        return found
    fold = folds_of(len(found), folds, seed)
    for own in range(int(fold.max()) + 1):
        held, other = fold == own, fold != own
        weights = fit([each[other] for each in z], targets[other], multi, prior)
        found[held] = combined([each[held] for each in z], weights)
    return found


def folds_of(rows: int, folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.int64]:
    """Return the fold of each of `rows` rows (B,), from 0 to `folds` − 1, or a fold for each row if rows are fewer."""
    return np.random.default_rng([seed, rows]).permutation(rows) % min(folds, max(rows, 1))


def combined(parts: Sequence[npt.ArrayLike], weights: npt.ArrayLike) -> Floats:
    """Return Σ_p w_p z_p (B, K) of the scores z_p (B, K) and weights (P,)."""
    pairs = zip(np.asarray(weights, dtype=np.float64), parts, strict=True)
    total: Floats = np.add.reduce([w * np.asarray(z, dtype=np.float64) for w, z in pairs], axis=0)
    return total


def temperature(scores: npt.ArrayLike, targets: npt.NDArray[Any], multi: bool) -> float:
    """Return T = 1/w of one part, scores (B, K), with the prior 1; takes what `fit` does."""
    return float(1 / fit([scores], targets, multi)[0])


def fitted_temperature(nats: Callable[[float], float], tried: int) -> float:
    """Return T = 1/w for a model whose nats are known only as a function of T: the sum over all rows, convex in 1/T.

    The search is Brent's, over ln T, with `tried` steps; needs SciPy, which training has.
    """
    from scipy.optimize import minimize_scalar

    @cache
    def loss(log_t: float) -> float:
        return nats(float(np.exp(log_t))) + PENALTY * float(np.expm1(-log_t) + log_t)

    if not np.isfinite(loss(0.0)):
        return 1.0
    return float(np.exp(minimize_scalar(loss, bracket=(0.0, 0.4), options={"maxiter": tried}).x))


def _margins(parts: Sequence[Floats], targets: npt.NDArray[Any], multi: bool) -> Floats:
    """Return the score of each label minus that of the truth, (P, N, K); with `multi`, each of the B·K truths is a row
    with two labels: the truth, and its opposite.
    """
    z = np.stack(parts)
    usable = np.isfinite(z).all(axis=(0, 2)) & (True if multi else targets >= 0)
    z, targets = z[:, usable], targets[usable]
    if multi:
        opposite = np.where(targets > 0, -z, z).reshape(len(z), -1)
        return np.stack([np.zeros_like(opposite), opposite], axis=2)
    return np.asarray(z - z[:, np.arange(len(targets)), targets][:, :, None], dtype=np.float64)


def _penalised(r: Floats, margins: Floats) -> tuple[float, Floats, Floats]:
    """Return nats and penalty of ratios (P,), the gradient (P,) and the Hessian (P, P)."""
    s = np.einsum("p,pnk->nk", r, margins)
    top = s.max(axis=1, keepdims=True, initial=-np.inf)
    shares = np.exp(s - top)
    total = shares.sum(axis=1, keepdims=True)
    shares /= total
    means = np.einsum("nk,pnk->pn", shares, margins)
    around = margins - means[:, :, None]
    loss = float((top + np.log(total)).sum()) + PENALTY * float((r - 1 - np.log(r)).sum())
    slope = means.sum(axis=1) + PENALTY * (1 - 1 / r)
    curve = np.einsum("nk,pnk,qnk->pq", shares, around, around, optimize=True) + np.diag(PENALTY / r**2)
    return loss, slope, curve
