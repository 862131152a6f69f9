"""What a second thread brings, ours and torch.nn's: one long row, small batches, large ones.

    python benchmarks/threads.py [--quick] [--threads 1 2 4] [--cells lstm gru rnn] [--modes train] [--seconds S]
        [--json FILE]

Without `--threads`: one, two, and as many as the machine has. Ours get theirs by `anaphora.set_threads`, torch's by
`torch.set_num_threads`, both before every call, outside of the clock. All settings of both take turns. `gain` is the
time with one thread over the time with so many, the median over rounds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

import anaphora
from measure import facts, program, turns
from measure.case import OURS, Case, Problem
from measure.turns import Side
from rivals import torch_nn

QUICK = [(100, 1, 64), (100, 8, 128)]  # T, B, H, and as many inputs as units
SHAPES = [
    (1000, 1, 64),
    (1000, 1, 128),
    (1000, 1, 512),
    (100, 4, 128),
    (100, 8, 128),
    (100, 8, 512),
    (100, 32, 128),
    (100, 64, 512),
]


def set_threads(threads: int) -> None:
    """For both: where torch is in the process we work on its threads."""
    torch.set_num_threads(threads)
    anaphora.set_threads(threads)


def with_threads(side: Side, threads: int) -> Side:
    """The same side with so many threads."""

    def before() -> None:
        set_threads(threads)
        side.before()

    return Side(side.call, before)


def measure(case: Case, counts: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """A row per side and number of threads, all in turn."""
    problem = Problem(case)
    sides = {"anaphora": problem.ours.side, "torch.nn": torch_nn.rival(problem).side}
    settings = [(name, threads) for name in sides for threads in counts]
    rounds = turns.in_turn([with_threads(sides[name], threads) for name, threads in settings], seconds * len(settings))
    return [
        {
            "cell": case.cell,
            "mode": case.mode,
            "T": case.T,
            "B": case.B,
            "H": case.H,
            "side": name,
            "threads": threads,
            "ms": turns.median_of(rounds, at),
            "gain": turns.ratio_of(rounds, settings.index((name, counts[0])), at),
        }
        for at, (name, threads) in enumerate(settings)
    ]


def lines(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of one case for people, on one line."""
    first = rows[0]
    shape = f"{first['cell']:5}{first['mode']:6}T{first['T']} B{first['B']} H{first['H']}"
    return f"{shape:26}" + "".join(f"{row['ms']:11.3f}{row['gain']:6.2f}" for row in rows)


def main() -> None:
    parser = program.options(__doc__, "two shapes", (0.1, 0.4))
    parser.add_argument("--threads", nargs="+", type=int, metavar="N", help="how many; gains are over the first")
    parser.add_argument("--cells", nargs="+", choices=[*OURS], default=[*OURS])
    parser.add_argument("--modes", nargs="+", choices=["train", "infer"], default=["train", "infer"])
    asked: argparse.Namespace = parser.parse_args()
    counts = asked.threads or sorted({1, min(2, facts.cores()), facts.cores()})
    print(facts.header())
    heads = [f"{name} {threads}t" for name in ("ours", "torch") for threads in counts]
    print(f"{'milliseconds, and gain':26}" + "".join(f"{head:>11}{'gain':>6}" for head in heads))
    rows: list[dict[str, Any]] = []
    for cell in asked.cells:
        for mode in asked.modes:
            for T, B, H in QUICK if asked.quick else SHAPES:
                found = measure(Case(cell, mode, False, 1, 1, T, B, H, H), counts, program.seconds_of(asked))
                rows += found
                print(lines(found), flush=True)
    print()
    print("\n".join(summary(rows, counts[-1])))
    program.leave(asked, rows)


def summary(rows: Sequence[dict[str, Any]], most: int) -> list[str]:
    """The geometric means of the gain from all threads: one row, a few rows, many."""
    kinds: dict[str, Callable[[int], bool]] = {
        "one row": lambda B: B == 1,
        "4 and 8 rows": lambda B: 1 < B < 32,
        "32 and 64 rows": lambda B: B >= 32,
    }
    found = [f"{f'gain from {most} threads, geometric means':40}{'ours':>8}{'torch.nn':>10}"]
    for kind, belongs in kinds.items():
        gains = [
            [row["gain"] for row in rows if row["side"] == side and row["threads"] == most and belongs(row["B"])]
            for side in ("anaphora", "torch.nn")
        ]
        if all(gains):
            ours, theirs = map(turns.geometric_mean, gains)
            found.append(f"{kind:40}{ours:8.2f}{theirs:10.2f}")
    return found


if __name__ == "__main__":
    sys.exit(main())
