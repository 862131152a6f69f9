"""Simulate how often the reported interval of a classifier's score covers the score on new rows.

    python benchmarks/coverage.py [--draws D] [--rows N ...] [--processes P] [--json FILE]

A draw is a training part, a held-out part of N rows and a test part, all from one population of labelled texts. A
classifier is trained as `anaphora.train` trains it: the held-out part chooses the best step, the temperature and the
weights of network and linear part, and gives the reported score with its 95 % interval. The test part of 5,000 rows
stands for the population. Of right intervals, 95 % contain the score on the test part; `optimism` is the mean reported
score minus the mean test score, in the same units.

The population: four labels with frequencies 0.4 to 0.1; a text has 3 to 6 words, a word is drawn with a probability
that depends on the label, and a tenth of the labels are replaced by random ones. About 80 % of labels can be told.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import anaphora
from anaphora.errors import DataWarning

LABELS, FREQUENCIES = ("history", "music", "nature", "sports"), (0.4, 0.3, 0.2, 0.1)
NOISE = 0.1  # share of the labels that are drawn anew
SHORTEST, LONGEST = 3, 6  # words of a text
SYLLABLES = ("ba", "do", "fi", "gu", "ke", "lo", "ma", "ne", "po", "ri", "su", "ta")
WORDS = tuple("".join(pair) for pair in itertools.product(SYLLABLES, repeat=2))
TELLING = 1.5  # standard deviation of a word's log probability between labels
TRAIN, TEST = 400, 5000
SETTINGS: dict[str, Any] = {
    "preset": "small",
    "embedding": 16,
    "hidden": 8,
    "max_steps": 150,
    "evaluations": 10,
    "learning_rate": 0.01,
}
MEASURES = {"accuracy": "accuracy", "macro F1": "macro_f1"}

Texts = tuple[list[str], list[str]]


class Population:
    """Labelled texts, drawn independently."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, len(WORDS)])
        logits = -np.log(np.arange(1, len(WORDS) + 1)) + TELLING * rng.normal(size=(len(LABELS), len(WORDS)))
        p = np.exp(logits)
        self._bounds = (p / p.sum(axis=1, keepdims=True)).cumsum(axis=1)  # (K, V)

    def draw(self, rng: np.random.Generator, rows: int) -> Texts:
        """Return texts and their labels."""
        truth = rng.choice(len(LABELS), rows, p=FREQUENCIES)
        texts = [" ".join(self._words(rng, label)) for label in truth.tolist()]
        anew = rng.choice(len(LABELS), rows, p=FREQUENCIES)
        noisy = np.where(rng.random(rows) < NOISE, anew, truth)
        return texts, [LABELS[label] for label in noisy.tolist()]

    def _words(self, rng: np.random.Generator, label: int) -> Iterator[str]:
        count = rng.integers(SHORTEST, LONGEST + 1)
        drawn = np.searchsorted(self._bounds[label], rng.random(count)).clip(max=len(WORDS) - 1)
        return (WORDS[word] for word in drawn.tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200, help="of each number of rows (default 200)")
    parser.add_argument("--rows", type=int, nargs="+", default=[150], help="held-out rows (default 150)")
    parser.add_argument("--seed", type=int, default=0, help="(default 0)")
    parser.add_argument("--processes", type=int, default=1, help="with one thread each (default 1)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures of each draw")
    asked = parser.parse_args()
    begun = time.monotonic()
    found: list[dict[str, Any]] = []
    print("rows  measure   draws  covered  below  above   width  reported    test  optimism", flush=True)
    for rows in asked.rows:
        draws = simulated(asked.draws, rows, asked.seed, asked.processes)
        for measure in MEASURES:
            print(line(rows, measure, draws), flush=True)
        found += draws
    print(f"{len(found)} draws: {(time.monotonic() - begun) / 60:.1f} minutes")
    if asked.json:
        asked.json.write_text(json.dumps(found), encoding="utf-8")


def simulated(draws: int, rows: int, seed: int, processes: int) -> list[dict[str, Any]]:
    """Return the figures of each draw; the number of processes changes none of them."""
    one = partial(drawn, Population(seed), rows, seed)
    if processes == 1:
        return list(map(one, range(draws)))
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(one, range(draws)))


def drawn(population: Population, rows: int, seed: int, number: int) -> dict[str, Any]:
    """Train on one draw; return for each measure the reported score, both ends of its interval, and the test score."""
    warnings.simplefilter("ignore", DataWarning)  # of few held-out rows
    rng = np.random.default_rng([seed, rows, number])
    share = rows / (TRAIN + rows)
    model = anaphora.train("classify", population.draw(rng, TRAIN + rows), valid=share, seed=number, **SETTINGS)
    score, test = model.report.score, model.evaluate(population.draw(rng, TEST))
    intervals = score.as_json()["intervals"]
    found = {
        measure: [getattr(score, name), *intervals[measure], getattr(test, name)] for measure, name in MEASURES.items()
    }
    return {"rows": rows, "draw": number, **found, "confusion": score.confusion}


def line(rows: int, measure: str, draws: list[dict[str, Any]]) -> str:
    """Return a row of the table."""
    score, low, high, test = np.array([draw[measure] for draw in draws]).T
    below, above = share(test < low), share(test > high)
    return (
        f"{rows:>4}  {measure:<8}  {len(draws):>5}  {100 - below - above:>6.1f}%  {below:>4.1f}%  {above:>4.1f}%"
        f"  {(high - low).mean():.4f}    {score.mean():.4f}  {test.mean():.4f}  {score.mean() - test.mean():+.4f}"
    )


def share(which: NDArray[np.bool_]) -> float:
    """Return the percentage of draws."""
    return float(100 * which.mean())


if __name__ == "__main__":
    main()
