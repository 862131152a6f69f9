"""Timing in turn: several sides call after one another, round after round, in one process.

A side's turn begins with a rest, so that the threads that the side before left spinning (OpenMP's and ONNX Runtime's do
so for some milliseconds after a call) have gone to sleep; then comes a call that isn't timed, which wakes the side's
own threads and fills the caches; then the timed calls: as many as fit into two milliseconds, at least one. Without
rest and first call, a side of 3 ms takes twice as long behind another one's spinning threads as alone. Long calls go
without the first call, which they don't notice.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

REST_S = 0.01
TIMED_S = 0.002
LONG_S = 0.05
ROUNDS_AT_LEAST = 5


class Side(NamedTuple):
    """What takes turns: the call that is timed; outside the clock what happens before every call, and around a turn."""

    call: Callable[[], object]
    before: Callable[[], object] = lambda: None
    begin: Callable[[], object] = lambda: None  # of a turn: whoever leaves threads spinning has them only in its own
    end: Callable[[], object] = lambda: None


def seconds_of(side: Side) -> float:
    """How long one call takes, just now."""
    side.before()
    start = time.perf_counter()
    side.call()
    return time.perf_counter() - start


def turn(side: Side, long: bool) -> float:
    """Seconds per call of one turn."""
    side.begin()
    time.sleep(REST_S)
    if not long:
        seconds_of(side)
    took = [seconds_of(side)]
    while sum(took) + took[-1] < TIMED_S:
        took.append(seconds_of(side))
    side.end()
    return sum(took) / len(took)


def in_turn(sides: Sequence[Side], seconds: float) -> list[list[float]]:
    """Milliseconds per call, round after round, each round with one turn of every side.

    Takes about so many seconds and at least five rounds, after a first call of every side that doesn't count.
    """
    long = [turn(side, True) > LONG_S for side in sides]
    rounds: list[list[float]] = []
    begun = time.perf_counter()
    while len(rounds) < ROUNDS_AT_LEAST or time.perf_counter() - begun < seconds:
        rounds.append([1e3 * turn(side, its_long) for side, its_long in zip(sides, long, strict=True)])
    return rounds


def median_of(rounds: Sequence[Sequence[float]], side: int) -> float:
    """The median over all rounds of one side's milliseconds."""
    return statistics.median(each[side] for each in rounds)


def ratio_of(rounds: Sequence[Sequence[float]], above: int, below: int) -> float:
    """The median over all rounds of one side's time divided by the other's in the same round."""
    return statistics.median(each[above] / each[below] for each in rounds)


def geometric_mean(values: Sequence[float]) -> float:
    """exp of the mean of ln: the mean that treats 2 and 1/2 alike."""
    return math.exp(statistics.fmean(math.log(value) for value in values))
