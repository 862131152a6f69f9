"""How near to the machine's own matrix product a training step comes: B64 H512, every cell, against `torch.mm`.

    python benchmarks/peak.py [--quick] [--seconds S] [--json FILE]

    flops of a training step = 3 · 2 · T · B · (I + H) · G · H        forward, back to x and h, the weights' gradients
    fraction = (flops / time) of the layer  /  (flops / time) of a product of two 2048 x 2048 matrices

Only products count as flops; what the gates, the gradients' arithmetic and laying out the weights cost is part of the
time. The product and the layers take turns in one process. `fraction` is the median over rounds, `at best` the layer's
best round against the product's.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch

from measure import bars, facts, program, turns
from measure.case import GATES, Case, Problem
from measure.turns import Side

SHAPE = (100, 64, 512, 512)  # T, B, I, H
QUICK = (20, 64, 512, 512)
N = 2048


def flops(case: Case) -> float:
    """Multiplications and additions in the products of one training step."""
    return 6.0 * case.T * case.B * (case.I + case.H) * GATES[case.cell] * case.H


def measure(shape: tuple[int, int, int, int], seconds: float) -> list[dict[str, Any]]:
    """All cells and the product in turn, a row per cell."""
    torch.manual_seed(0)
    a, b, out = torch.randn(N, N), torch.randn(N, N), torch.empty(N, N)
    cases = [Case(cell, "train", False, 1, 1, *shape) for cell in GATES]
    sides = [Side(lambda: torch.mm(a, b, out=out)), *(Problem(case).ours.side for case in cases)]
    rounds = turns.in_turn(sides, seconds * len(sides))
    product = 2.0 * N**3
    rows = []
    for at, case in enumerate(cases, 1):
        ours_ms, mm_ms = (turns.median_of(rounds, side) for side in (at, 0))
        best_ms, best_mm_ms = (min(each[side] for each in rounds) for side in (at, 0))
        scale = flops(case) / product
        rows.append(
            {
                "cell": case.cell,
                "T": case.T,
                "B": case.B,
                "I": case.I,
                "H": case.H,
                "ours_ms": ours_ms,
                "gflops": flops(case) / ours_ms / 1e6,
                "mm_ms": mm_ms,
                "mm_gflops": product / mm_ms / 1e6,
                "fraction": scale * turns.ratio_of(rounds, 0, at),
                "fraction_at_best": scale * best_mm_ms / best_ms,
            }
        )
    return rows


def line(row: dict[str, Any]) -> str:
    """A row for people."""
    figures = f"{row['ours_ms']:10.1f}{row['gflops']:12.1f}{row['mm_gflops']:16.1f}"
    return f"{row['cell']:6}{figures}{row['fraction']:10.3f}{row['fraction_at_best']:10.3f}"


def main() -> None:
    asked: argparse.Namespace = program.options(__doc__, "a fifth of the steps", (0.2, 5.0)).parse_args()
    shape = QUICK if asked.quick else SHAPE
    rows = measure(shape, program.seconds_of(asked))
    T, B, I, H = shape
    print(facts.header())
    print(f"training, T{T} B{B} I{I} H{H}, against torch.mm of {N} x {N}")
    print(f"{'cell':6}{'ours ms':>10}{'ours GF/s':>12}{'torch.mm GF/s':>16}{'fraction':>10}{'at best':>10}")
    print("\n".join(line(row) for row in rows))
    print()
    print(bars.table(bars.judge(bars.PEAK, rows), lambda row: row["cell"]))
    program.leave(asked, rows)


if __name__ == "__main__":
    sys.exit(main())
