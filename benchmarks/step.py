"""Time one step of a live stream from Python, in turn in one process: the runtime's step object and its rivals.

    python benchmarks/step.py [--quick] [--cells rnn gru lstm] [--units H] [--rows B] [--seconds S] [--json FILE]

One layer of H units over H inputs, B rows, one thread everywhere; the state goes back into the next step. Sides:

    step object        `model.stepper().step()`: the runtime, buffers bound once
    model.step         the runtime with the state as a value, handed in and out
    nn.LSTM            torch's layer on a sequence of one step, in inference mode
    nn.LSTMCell        torch's cell
    ONNX Runtime       its operator, states fed back as NumPy arrays
    ONNX Runtime bound its operator with inputs and outputs bound once, two sets of states in turn

A turn is 200 steps of one side, each timed by itself, less what the clock takes for a step of nothing; turns go round.
A row holds the median and the 99th percentile over all steps, and the median over rounds of the rival's median
divided by the step object's. At the end, the allocations of ten thousand steps (`measure/allocations.py`).
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from anaphora import kernels
from anaphora.bundle import Bundle, spec
from anaphora.runtime import Model
from measure import allocations, bars, facts, program
from measure.side import Side

CELLS = ("rnn", "gru", "lstm")
TURN = 200  # steps
CLOSE = 1e-5  # of h after so many steps
CHECKED = 20
BARS = [
    bars.Bar("one step vs nn.LSTM", {"cell": ("lstm",), "rival": ("nn.LSTM",)}, least=20),
    bars.Bar("one step vs ONNX Runtime", {"rival": ("ONNX Runtime", "ONNX Runtime bound")}, least=2.5),
]


def ours(cell: str, layer: Any, x: torch.Tensor) -> dict[str, Side]:
    """The runtime's two ways."""
    H, B = layer.hidden_size, len(x)
    block = {"kind": cell, "name": "recurrent", "input_size": H, "hidden_size": H}
    tree = spec.check({"kind": "stack", "name": "model", "input_size": H, "blocks": [block]})
    tensors = {f"recurrent.{name}": weight.numpy() for name, weight in layer.state_dict().items()}
    model = Model(Bundle(tensors, {"version": 1, "task": "none", "model": tree}))
    bound = model.stepper(B)
    bound.x[:] = x
    sides = {"step object": Side(bound.step, lambda: bound.y)}
    if B == 1:
        row, now = x[0].numpy(), [model.initial()]

        def by_value() -> None:
            _, now[0] = model.step(now[0], row)

        sides["model.step"] = Side(by_value, lambda: now[0][0][0])
    return sides


def torchs(cell: str, layer: Any, x: torch.Tensor) -> dict[str, Side]:
    """Torch's layer and its cell, with the same weights."""
    name, one = cell.upper(), x[None]
    alone = getattr(torch.nn, f"{name}Cell")(layer.input_size, layer.hidden_size)
    alone.load_state_dict({key.removesuffix("_l0"): weight for key, weight in layer.state_dict().items()})
    zeros = torch.zeros(len(x), layer.hidden_size)
    pair = cell == "lstm"
    of_layer: list[Any] = [(zeros[None], zeros[None]) if pair else zeros[None]]
    of_cell: list[Any] = [(zeros, zeros) if pair else zeros]

    def step_layer() -> None:
        _, of_layer[0] = layer(one, of_layer[0])

    def step_cell() -> None:
        of_cell[0] = alone(x, of_cell[0])

    return {
        f"nn.{name}": Side(step_layer, lambda: (of_layer[0][0] if pair else of_layer[0])[0].numpy()),
        f"nn.{name}Cell": Side(step_cell, lambda: (of_cell[0][0] if pair else of_cell[0]).numpy()),
    }


def check(cell: str, sides: dict[str, Side]) -> None:
    """Step everyone a few times; all must have come to the same h."""
    for side in sides.values():
        for _ in range(CHECKED):
            side.step()
    expected = next(iter(sides.values())).h()
    for name, side in sides.items():
        apart = float(np.abs(side.h() - expected).max())
        if not apart <= CLOSE:
            raise SystemExit(f"step: {name} computes another {cell}: {apart:.1e} apart after {CHECKED} steps")


def turn(step: Callable[[], object]) -> list[int]:
    """Nanoseconds of each of some steps, after as many as wake the caches."""
    clock, took = time.perf_counter_ns, []
    for _ in range(20):
        step()
    for _ in range(TURN):
        begun = clock()
        step()
        took.append(clock() - begun)
    return took


def measure(cell: str, B: int, H: int, seconds: float) -> list[dict[str, Any]]:
    """All sides of one cell in turn: a row each."""
    torch.manual_seed(0)
    layer, x = getattr(torch.nn, cell.upper())(H, H), torch.randn(B, H)
    from rivals.onnx_step import sides as onnxs  # here, so that --help and the rest need no ONNX Runtime

    sides = {**ours(cell, layer, x), **torchs(cell, layer, x), **onnxs(cell, layer, x)}
    check(cell, sides)
    rounds: dict[str, list[np.ndarray]] = {name: [] for name in sides}
    own = statistics.median(turn(allocations.nothing))
    begun = time.perf_counter()
    while len(rounds["step object"]) < 5 or time.perf_counter() - begun < seconds:
        for name, side in sides.items():
            rounds[name].append((np.array(turn(side.step)) - own) / 1e3)
    rows = []
    for name, took in rounds.items():
        every = np.concatenate(took)
        pairs = zip(took, rounds["step object"], strict=True)
        rows.append(
            {
                "cell": cell,
                "B": B,
                "H": H,
                "rival": name,
                "median_us": float(np.median(every)),
                "p99_us": float(np.percentile(every, 99)),
                "ratio": statistics.median(float(np.median(a) / np.median(b)) for a, b in pairs),
            }
        )
    return rows


def name_of(row: bars.Row) -> str:
    """A row for people."""
    return f"{row['cell']} {row['rival']}"


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = program.options(__doc__, "the same", seconds=(1.0, 10.0))
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS, metavar="CELL", help=", ".join(CELLS))
    parser.add_argument("--units", type=int, default=128, metavar="H", help="units, and as many inputs (128)")
    parser.add_argument("--rows", type=int, default=1, metavar="B", help="rows that step together (1)")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    if not all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")):
        raise SystemExit("step: ONNX Runtime is a rival here: pip install -c constraints.txt --group bench")
    torch.set_num_threads(1)
    kernels.set_threads(1)
    print(facts.header("onnxruntime"))
    print(f"{'one step':40}{'median us':>12}{'p99 us':>10}{'ratio':>8}")
    rows: list[dict[str, Any]] = []
    with torch.inference_mode():
        for cell in asked.cells:
            for row in measure(cell, asked.rows, asked.units, program.seconds_of(asked)):
                rows.append(row)
                shape = f"{cell} B{row['B']} H{row['H']} {row['rival']}"
                print(f"{shape:40}{row['median_us']:12.2f}{row['p99_us']:10.2f}{row['ratio']:8.2f}", flush=True)
    print()
    for cell, count in allocations.counted().items():
        if cell in asked.cells:
            rows.append({"cell": cell, "rival": "allocations", "count": count})
            print(f"{cell:10}{count:10,} allocations in {allocations.STEPS:,} steps: {'missed' if count else 'met'}")
    print()
    print(bars.table(bars.judge(BARS, rows), name_of))
    program.leave(asked, rows)


if __name__ == "__main__":
    sys.exit(main())
