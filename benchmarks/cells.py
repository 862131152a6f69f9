"""Time a cell of one's own through `Recurrent` against other ways to unroll it: loops, torch.compile, XLA.

    python benchmarks/cells.py [--quick] [--cells mgu indrnn mingru] [--modes train infer] [--rows dense ragged]
        [--rivals loop "loop, hoisted" "ours, parallel" "torch.compile, step" torch.compile XLA]
        [--shapes T100,B32,H128 ...] [--seconds S] [--json FILE]

The cells are those of `anaphora.cells`. The rivals:

    loop                 for x_t in x: h = cell(x_t, h), as users write it; ragged rows padded under a mask,
                         h = m cell(x_t, h) + (1 - m) h
    loop, hoisted        the same with the products of all inputs taken out of it by hand
    ours, parallel       minGRU without a loop over time, on rows of one length
    torch.compile, step  the hoisted loop with its step compiled
    torch.compile        the hoisted loop compiled as a whole, of 25 steps: compiling a hundred takes minutes
    XLA                  jax.lax.scan, hoisted, jitted for the shape

Both ways of compiling are tried on one shape of their own, or on those that `--shapes` names.

Before anything is timed, a rival's output and, in training, its gradients of the input and every weight are held
against ours. A training call is forward and backward with all of these; weights of torch's sides change before every
call. Ragged rows have lengths spread evenly over 10 to 100 % of T, in any order; we get them as a Ragged. The two
sides of a row take turns (`measure/turns.py`); a row holds the medians of both times and of the ratio of each round,
rival / ours: above 1 we are faster.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from anaphora.cells import IndRNN, MinGRU, MinimalGatedUnit
from anaphora.nn import Recurrent
from layers import shape, shape_of
from measure import bars, facts, program, turns
from measure.bars import Bar
from measure.case import Case, Problem, Rival, check
from rivals import cell_loop

CELLS: dict[str, Any] = {"mgu": MinimalGatedUnit, "indrnn": IndRNN, "mingru": MinGRU}
QUICK = [(100, 32, 64, 64)]  # T, B, I, H
SHAPES = [(100, 1, 64, 64), *QUICK, (100, 32, 128, 128), (100, 32, 256, 256), (1000, 8, 128, 128)]
COMPILED = {"torch.compile, step": [(100, 32, 128, 128)], "torch.compile": [(25, 32, 128, 128)]}
BARS = [
    Bar("ragged vs a padded, masked loop", {"ragged": (True,), "rival": ("loop",)}, least=1.5),
    Bar("dense vs a loop", {"ragged": (False,), "rival": ("loop",)}, least=1.0),
]


class OwnCell(Problem):
    """The numbers of a case whose layer walks one of the example cells."""

    def __init__(self, case: Case) -> None:
        super().__init__(case._replace(cell="rnn"))
        self.case = case
        self.layer = Recurrent(CELLS[case.cell](case.I, case.H))


def xla(problem: Problem) -> Rival:
    """Imported when it is asked for, and last, so that its threads live beside no other rival."""
    from rivals import cell_xla

    return cell_xla.rival(problem)


RIVALS: dict[str, Callable[[Problem], Rival]] = {
    "loop": cell_loop.plain,
    "loop, hoisted": cell_loop.hoisted,
    "ours, parallel": cell_loop.parallel,
    "torch.compile, step": cell_loop.compiled_step,
    "torch.compile": cell_loop.compiled,
    "XLA": xla,
}


def plan(asked: argparse.Namespace, rival: str) -> Iterator[Case]:
    """Every case asked for on which a rival has something to say."""
    shapes = asked.shapes or COMPILED.get(rival) or (QUICK if asked.quick else SHAPES)
    for cell, mode, rows, sizes in itertools.product(asked.cells, asked.modes, asked.rows, shapes):
        case = Case(cell, mode, rows == "ragged", 1, 1, *sizes)
        if rival == "ours, parallel" and (case.cell != "mingru" or case.ragged):
            continue
        if case.B > 1 or not case.ragged:
            yield case


def measure(case: Case, rival_name: str, seconds: float) -> dict[str, Any]:
    """One row of the table."""
    problem = OwnCell(case)
    ours, rival = problem.ours, RIVALS[rival_name](problem)
    check(f"{rival.name}, {case.cell} {case.mode} {case.shape}", ours.outputs(), rival.outputs())
    rounds = turns.in_turn([ours.side, rival.side], seconds)
    return {
        **case._asdict(),
        "ours_ms": turns.median_of(rounds, 0),
        "rival": rival.name,
        "rival_ms": turns.median_of(rounds, 1),
        "ratio": turns.ratio_of(rounds, 1, 0),
        "note": rival.note,
    }


def line(row: dict[str, Any]) -> str:
    """A row for people."""
    figures = f"{row['ours_ms']:10.3f}{row['rival_ms']:11.3f}{row['ratio']:9.2f}"
    return f"{row['cell']:7}{row['mode']:6}{shape_of(row):32}{figures}  {row['rival']} {row['note']}".rstrip()


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = program.options(__doc__, "one shape", (0.5, 2.0))
    parser.add_argument("--cells", nargs="+", choices=[*CELLS], default=[*CELLS])
    parser.add_argument("--modes", nargs="+", choices=["train", "infer"], default=["train", "infer"])
    parser.add_argument("--rows", nargs="+", choices=["dense", "ragged"], default=["dense", "ragged"])
    parser.add_argument("--rivals", nargs="+", choices=[*RIVALS], help="all but what compiles, if quick")
    parser.add_argument(
        "--shapes", nargs="+", type=shape, metavar="SHAPE", help="like T100,B32,H128; I is H if left out"
    )
    asked = parser.parse_args()
    asked.rivals = asked.rivals or [name for name in RIVALS if not (asked.quick and name in COMPILED)]
    if "XLA" in asked.rivals and facts.version("jax") == "not installed":
        parser.error("XLA needs jax: pip install -c constraints.txt --group bench, or leave it out with --rivals")
    return asked


def main() -> None:
    asked = arguments()
    print(facts.header("jax"))
    print(f"{'cell':7}{'mode':6}{'shape':32}{'ours ms':>10}{'rival ms':>11}{'ratio':>9}  rival")
    rows = []
    for rival in (name for name in RIVALS if name in asked.rivals):
        for case in plan(asked, rival):
            rows.append(measure(case, rival, program.seconds_of(asked)))
            print(line(rows[-1]), flush=True)
    print()
    print(bars.table(bars.judge(BARS, rows), lambda row: f"{row['cell']} {row['mode']} {shape_of(row)}"))
    program.leave(asked, rows)


if __name__ == "__main__":
    sys.exit(main())
