"""Short trials of this machine's kernels: the seconds of a recurrent layer, a linear map, an exponential, a byte.

A trial runs over a few steps of random numbers, and over twice as many, each the best of three; the difference
separates the fixed cost of a call from the cost of each step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from anaphora import kernels
from anaphora.kernels.row_index import RowIndex, Weights

OPERATIONS = 1e9  # approximate number of multiplications and additions of one trial
CLOCK: Callable[[], float] = time.perf_counter


def seconds_of_layer(cell: str, entering: int, H: int, P: int, rows: int, steps: int) -> float:
    """Return the seconds of forward and backward of one direction of one layer: a fixed cost and a cost per step."""
    few = max(1, min(steps, int(OPERATIONS / (6 * rows * kernels.TRAITS[cell].gates * H * (entering + P)))))
    trial = layer_trial(cell, entering, H, P, rows, few)
    if few == steps:
        return best(trial)
    short, long = best(trial), best(layer_trial(cell, entering, H, P, rows, 2 * few))
    step = min(max((long - short) / few, 0.4 * long / (2 * few)), long / (2 * few))  # limits the effect of noise
    return long + step * (steps - 2 * few)


def layer_trial(cell: str, entering: int, H: int, P: int, rows: int, steps: int) -> Callable[[], None]:
    """Return a function that runs one layer forward and backward over random numbers."""
    traits = kernels.TRAITS[cell]
    gates = traits.gates * H
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> kernels.Float:
        return rng.standard_normal(shape, dtype=np.float32) / np.float32(math.sqrt(H))

    projection = normal(P, H) if P != H else None
    own = np.ones(traits.own * H, np.float32) if traits.own else None
    weights = [Weights(normal(gates, entering), normal(gates, P), normal(gates), normal(gates), projection, own)]
    gradient = [Weights(*[None if array is None else np.empty_like(array) for array in weights[0]])]  # type: ignore[arg-type]
    lines = RowIndex.dense(steps, rows)
    x, dy, y = normal(steps * rows, entering), normal(steps * rows, P), np.empty((steps * rows, P), np.float32)
    h_n, c_n = np.empty((1, rows, P), np.float32), np.empty((1, rows, traits.memories * H), np.float32)
    saved = np.empty((1, steps * rows, kernels.saved_slots(cell) * H), np.float32)
    dx, memory = np.empty_like(x), c_n if traits.memories else None

    def run() -> None:
        kernels.forward(kernels.pack(cell, weights), x, lines, None, None, y, h_n, memory, saved)
        kernels.backward(cell, weights, x, lines, None, None, y, saved, dy, None, None, dx, gradient, None, None)

    return run


def seconds_of_product(entering: int, leaving: int) -> float:
    """Return the seconds of forward and backward of a linear map, for one step."""
    lines = max(16, min(4096, int(OPERATIONS / (6 * entering * leaving))))
    x, weight = np.ones((lines, entering), np.float32), np.ones((leaving, entering), np.float32)

    def products() -> None:
        y = x @ weight.T
        y @ weight
        y.T @ x

    return best(products) / lines


def seconds_per_exponential() -> float:
    """Return the seconds of one exponential in a softmax, forward and backward."""
    logits = np.zeros(2**18, np.float32)
    return 3 * best(lambda: np.exp(logits)) / logits.size


def seconds_per_mask() -> float:
    """Return the seconds of one random number of a dropout mask, forward and backward."""
    rng = np.random.default_rng(0)
    return 2 * best(lambda: rng.random(2**18, np.float32)) / 2**18


def seconds_per_byte() -> float:
    """Return the seconds of reading or writing one byte of memory."""
    numbers = np.zeros(2**22, np.float32)
    return best(lambda: np.add(numbers, 1, out=numbers)) / (2 * numbers.nbytes)


def best(trial: Callable[[], object]) -> float:
    """Return the shortest of three times, in seconds, after a first run that allocates memory."""
    took = []
    for _ in range(4):
        begun = CLOCK()
        trial()
        took.append(CLOCK() - begun)
    return min(took[1:])
