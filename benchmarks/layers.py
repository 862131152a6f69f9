"""Time recurrent layers, ours and every rival's in turn in one process: torch.nn, ONNX Runtime, XLA.

    python benchmarks/layers.py [--quick] [--cells rnn gru lstm] [--modes train infer] [--rows dense ragged]
        [--rivals torch.nn "ours, dense" "ONNX Runtime" XLA] [--shapes T100,B32,H128 ...] [--layers 1 2]
        [--directions 1 2] [--seconds S] [--json FILE]

Without options: every shape with one layer in one direction, dense and ragged, and stacks of two layers, two directions
and both on two of the shapes. `--layers` and `--directions` put every shape chosen through every combination.

All sides hold the same weights. Before anything is timed, a rival's output and, in training, its gradients of the input
and every weight are held against ours; the program fails if they are not the same but for rounding. A training call
is forward and backward with all these gradients. Our weights and torch's change before every call, so that nothing can
be kept from the call before. ONNX Runtime keeps its own laid out, and so does our runtime, where weights never change:
in the rows `ONNX Runtime, both packed once` the time that counts as ours is the runtime's. Ragged rows have lengths
spread evenly over 10 to 100 % of T, in any order; we get them as a Ragged, torch as a PackedSequence, ONNX Runtime (and
our runtime) padded with `sequence_lens`, XLA padded under a mask; all made outside of the clock. The rival `ours,
dense` is our own time on the padded batch.

Every side has as many threads as torch has. The sides of a row take turns (`measure/turns.py`), and the rivals follow
one another, XLA last, so that no thread pool but ours and the rival's lives beside a measurement. A row holds the
medians of both times and of the ratio of each round, rival / ours: above 1 we are faster.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from measure import bars, facts, program, turns
from measure.case import OURS, Case, Problem, Rival, check
from rivals import runtime

QUICK = [(100, 1, 64, 64), (100, 32, 64, 64), (100, 32, 128, 128)]  # T, B, I, H
SHAPES = [
    *QUICK,
    (100, 32, 256, 256),
    (100, 64, 512, 512),
    (1000, 8, 128, 128),
    (35, 20, 650, 650),
    (784, 64, 1, 128),
]
STACKS = [(2, 1), (1, 2), (2, 2)]  # layers, directions
STACKED_SHAPES = [(100, 1, 64, 64), (100, 32, 128, 128)]
PACKED = "ONNX Runtime, both packed once"
RIVALS = {  # the module that makes it, in the order in which they are measured
    "torch.nn": "rivals.torch_nn",
    "ours, dense": "rivals.dense",
    "ONNX Runtime": "rivals.onnx_runtime",
    PACKED: "rivals.onnx_runtime",
    "XLA": "rivals.xla",
}
NEEDS = {"ONNX Runtime": "onnxruntime", PACKED: "onnxruntime", "XLA": "jax"}
MANY_ROWS = 32  # from so many on, a ragged batch's time is held against its share of the dense one's


def plan(asked: argparse.Namespace) -> list[Case]:
    """Every case asked for, a cell after another."""
    shapes = asked.shapes or (QUICK if asked.quick else SHAPES)
    if asked.layers or asked.directions:
        stacks = [
            (shape, *stack)
            for stack in itertools.product(asked.layers or [1], asked.directions or [1])
            for shape in shapes
        ]
    else:
        stacks = [(shape, 1, 1) for shape in shapes]
        stacks += [(shape, *stack) for stack in STACKS for shape in shapes if shape in STACKED_SHAPES]
    return [
        Case(cell, mode, rows == "ragged", layers, directions, *shape)
        for cell, mode, rows in itertools.product(asked.cells, asked.modes, asked.rows)
        for shape, layers, directions in stacks
        if rows == "dense" or (shape[1] > 1 and (layers, directions) in ((1, 1), (2, 2)))
    ]


def takes(rival: str, case: Case) -> bool:
    """Whether a rival has something to say on a case."""
    if rival == "ours, dense":
        return case.ragged and case.B >= MANY_ROWS
    return rival not in ("ONNX Runtime", PACKED) or case.mode == "infer"


def measure(case: Case, rival_name: str, seconds: float) -> dict[str, Any]:
    """One row of the table."""
    problem = Problem(case)
    ours: Rival = runtime.ours(problem) if rival_name == PACKED else problem.ours
    rival: Rival = importlib.import_module(RIVALS[rival_name]).rival(problem)
    check(f"{rival.name}, {case.cell} {case.mode} {case.shape}", ours.outputs(), rival.outputs())
    rounds = turns.in_turn([ours.side, rival.side], seconds)
    row = {
        **case._asdict(),
        "stacked": case.layers * case.directions > 1,
        "ours_ms": turns.median_of(rounds, 0),
        "rival": rival_name if rival_name == PACKED else rival.name,
        "rival_ms": turns.median_of(rounds, 1),
        "ratio": turns.ratio_of(rounds, 1, 0),
        "note": rival.note,
    }
    if rival_name == "ours, dense":
        row |= {"share": problem.share, "cost": turns.ratio_of(rounds, 0, 1) / problem.share}
    return row


def line(row: dict[str, Any]) -> str:
    """A row for people."""
    figures = f"{row['ours_ms']:10.3f}{row['rival_ms']:11.3f}{row['ratio']:9.2f}"
    note = f", {row['cost']:.2f} x the token share {row['share']:.2f}" if "cost" in row else f" {row['note']}".rstrip()
    return f"{row['cell']:5}{row['mode']:6}{shape_of(row):36}{figures}  {row['rival']}{note}"


def shape_of(row: bars.Row) -> str:
    """The shape of a row for people."""
    return Case(*(row[field] for field in Case._fields)).shape


def means(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The geometric mean and the least ratio per rival, mode, cell and kind of batch."""
    yield f"{'rival':32}{'mode':6}{'cell':5}{'batch':14}{'rows':>5}{'mean':>8}{'least':>8}"
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        batch = "ragged" if row["ragged"] else "dense, stacks" if row["stacked"] else "dense"
        groups.setdefault((row["rival"], row["mode"], row["cell"], batch), []).append(row)
    for (rival, mode, cell, batch), group in groups.items():
        least = min(group, key=lambda row: row["ratio"])
        mean = turns.geometric_mean([row["ratio"] for row in group])
        figures = f"{len(group):5d}{mean:8.2f}{least['ratio']:8.2f}"
        yield f"{rival:32}{mode:6}{cell:5}{batch:14}{figures}  {shape_of(least)}"


def shape(text: str) -> tuple[int, int, int, int]:
    """A shape as people write it: T100,B32,H128, and I where it isn't H."""
    sizes = {letter: int(number) for letter, number in re.findall(r"([TBIH])(\d+)", text)}
    if not {"T", "B", "H"} <= sizes.keys():
        raise argparse.ArgumentTypeError(f"expected a shape like T100,B32,H128 or T784,B64,I1,H128, got {text!r}")
    return sizes["T"], sizes["B"], sizes.get("I", sizes["H"]), sizes["H"]


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = program.options(__doc__, "three shapes and their stacks", (0.2, 0.4))
    parser.add_argument("--cells", nargs="+", choices=[*OURS], default=[*OURS])
    parser.add_argument("--modes", nargs="+", choices=["train", "infer"], default=["train", "infer"])
    parser.add_argument("--rows", nargs="+", choices=["dense", "ragged"], default=["dense", "ragged"])
    parser.add_argument("--rivals", nargs="+", choices=[*RIVALS], default=[*RIVALS])
    parser.add_argument(
        "--shapes", nargs="+", type=shape, metavar="SHAPE", help="like T100,B32,H128; I is H if left out"
    )
    parser.add_argument("--layers", nargs="+", type=int, help="so many layers, on every shape")
    parser.add_argument("--directions", nargs="+", type=int, choices=[1, 2], help="so many, on every shape")
    asked = parser.parse_args()
    for rival in asked.rivals:
        if facts.version(NEEDS.get(rival, "torch")) == "not installed":
            parser.error(f"{rival} needs {NEEDS[rival]}: pip install -c constraints.txt --group bench, or leave it out")
    return asked


def main() -> None:
    asked = arguments()
    print(facts.header(*dict.fromkeys(NEEDS[rival] for rival in asked.rivals if rival in NEEDS)))
    print(f"{'cell':5}{'mode':6}{'shape':36}{'ours ms':>10}{'rival ms':>11}{'ratio':>9}  rival")
    rows = []
    for rival in (name for name in RIVALS if name in asked.rivals):
        for case in plan(asked):
            if takes(rival, case):
                rows.append(measure(case, rival, program.seconds_of(asked)))
                print(line(rows[-1]), flush=True)
    print()
    print("\n".join(means(rows)))
    print()
    print(bars.table(bars.judge(bars.LAYERS, rows), lambda row: f"{row['cell']} {row['mode']} {shape_of(row)}"))
    program.leave(asked, rows)


if __name__ == "__main__":
    sys.exit(main())
