"""Simulate fitted temperatures: nats on fresh rows for networks of several sharpnesses and for 5 to 2,000 fitted rows.

    python benchmarks/scaling.py [--draws D] [--penalty C ...] [--seed S]

A network has K labels (2, 5, 20) and scores of a standard deviation (1, 3, 8) whose right temperature is known (0.1 to
20). For each number of rows the temperature is fitted to D draws of rows. Printed are nats per fresh row, two figures
for each number of rows: `loss`, the mean over all networks above the best temperature, and `worst`, the largest mean
over the draws of one network above temperature 1 (a negative one would be a gain for every network). The first line is
temperature 1, the second one the minimum without a penalty, within 0.05 to 20.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from anaphora.metrics import scaling
from anaphora.metrics.classification import nats

Floats = NDArray[np.float64]
Fit = Callable[[Floats, NDArray[np.int64]], float]
ROWS = (5, 10, 20, 50, 100, 300, 2000)
LABELS, DEVIATIONS, SHARPNESSES = (2, 5, 20), (1.0, 3.0, 8.0), (0.1, 0.3, 1.0, 2.0, 4.0, 20.0)
FRESH = 5000
GRID = np.linspace(-6, 8, 85)  # ln T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=40, help="of each number of rows (default 40)")
    parser.add_argument("--penalty", type=float, nargs="+", default=[1, 2, 4, 8, 16], help="C (default 1 2 4 8 16)")
    parser.add_argument("--seed", type=int, default=0, help="(default 0)")
    asked = parser.parse_args()
    fits: dict[str, Fit] = {"T = 1": lambda z, y: 1.0, "no penalty": unpenalised}
    fits |= {f"C = {C:g}": penalised(C) for C in asked.penalty}
    excess = {name: simulated(fit, asked.draws, asked.seed) for name, fit in fits.items()}
    print(f"{'rows':<12}" + "".join(f"{rows:>18,}" for rows in ROWS))
    print(f"{'':<12}" + f"{'loss':>10}{'worst':>8}" * len(ROWS))
    for name, (over_best, over_one) in excess.items():
        pairs = zip(over_best.mean(axis=0), over_one.max(axis=0), strict=True)
        print(f"{name:<12}" + "".join(f"{loss:>10.4f}{worst:>8.3f}" for loss, worst in pairs))


def simulated(fit: Fit, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Return nats per fresh row above the best temperature and above 1, (networks, numbers of rows)."""
    over_best, over_one = [], []
    for number, network in enumerate(itertools.product(LABELS, DEVIATIONS, SHARPNESSES)):
        rng = np.random.default_rng([seed, number])
        fresh = drawn(rng, FRESH, *network)
        curve = np.array([nats(*fresh, t, False).mean() for t in np.exp(GRID)])
        one = np.interp(0.0, GRID, curve)
        mean = []
        for rows in ROWS:
            log_t = [np.log(fit(*drawn(rng, rows, *network))) for _ in range(draws)]
            mean.append(np.interp(log_t, GRID, curve).mean())
        over_best.append(np.array(mean) - curve.min())
        over_one.append(np.array(mean) - one)
    return np.array(over_best), np.array(over_one)


def drawn(
    rng: np.random.Generator, rows: int, labels: int, deviation: float, sharpness: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Return scores (B, K), and labels (B,) with the probabilities softmax(scores / sharpness)."""
    z = rng.normal(size=(rows, labels)) * deviation
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    truth = (p.cumsum(axis=1) < rng.random(rows)[:, None]).sum(axis=1)
    return z * sharpness, np.minimum(truth, labels - 1)


def unpenalised(z: Floats, y: NDArray[np.int64]) -> float:
    bounds = (np.log(0.05), np.log(20))
    return float(np.exp(minimize_scalar(lambda log_t: nats(z, y, np.exp(log_t), False).sum(), bounds=bounds).x))


def penalised(C: float) -> Fit:
    def fit(z: Floats, y: NDArray[np.int64]) -> float:
        scaling.PENALTY = C
        return scaling.temperature(z, y, False)

    return fit


if __name__ == "__main__":
    main()
