"""An estimate of what training would take here: memory from shapes, time from a short trial of this machine's kernels.

    memory = the program + data + copies of the weights + max(a batch with what its gradient needs, scoring)
    time   = batches · (Σ over blocks of forward and backward + a pass over the weights)

A trial runs a block over a few steps of random numbers, and over twice as many, each the best of three: what a walk
costs once, and what each step adds. Dropout, softmax and the optimiser count as the passes over memory that they are.
An estimate is not a promise: other programs on the machine slow training more than a trial.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anaphora import kernels
from anaphora.bundle import spec
from anaphora.bundle.block_kinds import RECURRENT_CELLS, Block, cell_of
from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding
from anaphora.config import Training
from anaphora.formatting import clock, short
from anaphora.kernels.row_index import Lines, Weights
from anaphora.runs import folder as run_folder

PROGRAM_BYTES = 380 * 2**20  # Python, NumPy, torch and its optimisers, measured
COPIES = 6  # of the weights: themselves, gradient, two moments, the best, a checkpoint under way
TRIAL_OPERATIONS = 1e9  # multiplications and additions of one trial, about
COLDER = 1.1  # a step finds its caches colder than a trial that is repeated
STEP_SECONDS = 2e-3  # torch's own book-keeping of a step
CLOCK: Callable[[], float] = time.perf_counter
_PASSES_OF_WEIGHTS = 12  # reads and writes of each weight by clipping and AdamW
_EPOCHS = 10  # unless something else is said


class Cost(NamedTuple):
    """What one batch costs."""

    seconds: float
    kept: int  # bytes kept for the gradient
    scored: int  # bytes while nothing is kept, per line

    def and_(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(self.seconds + other.seconds, self.kept + other.kept, self.scored + other.scored)


class _Seen(NamedTuple):
    """What a block sees: rows, lines (of rows that were pooled one each), how wide they are, and of an attention the
    steps that it looks at.
    """

    rows: int
    lines: int
    width: int
    beside: int


def findings(load: Load, training: Training, folder: Path) -> list[Finding]:
    """The estimates as findings; `folder` is where the records go."""
    tree = spec.check(load.tree)
    weights = 4 * sum(math.prod(shape) for shape in spec.tensors(tree).values())
    cost = of_batch(load)
    copies = COPIES + (training.average > 0)
    batch = max(cost.kept, load.scored_lines * cost.scored)
    memory = PROGRAM_BYTES + load.data_bytes + copies * weights + batch
    passes = _PASSES_OF_WEIGHTS * weights * _seconds_per_byte()
    seconds = load.batches * (COLDER * cost.seconds + STEP_SECONDS + passes / training.accumulate)
    return [*_memory(memory, weights, batch), _time(seconds, load, training), *_disk(weights, folder)]


def of_batch(load: Load) -> Cost:
    """What one batch costs, block by block; the parts of a model each see rows and steps of their own."""
    tree, known = spec.check(load.tree), dict[str, Block]()
    whole, lines, width, beside = Cost(0.0, 0, 0), 0, 0, 0
    for number, part in enumerate(spec.parts(tree).values() or [tree]):
        rows, steps = load.parts.get(part["name"], (load.rows, load.steps))
        lines, width = rows * steps, part.get("input_size", width)
        beside = steps if number == 0 else beside  # what an attention looks at stands first
        for _, block in spec.walk({"parts": [part]}):
            whole = whole.and_(_block(block, known, _Seen(rows, lines, width, beside)))
            width = _width_after(block, known, width)
            lines = rows if spec.KINDS[block["kind"]].pools else lines
            known[block["name"]] = block
    # The loss keeps log p of every output, and makes a gradient of each.
    return whole.and_(Cost(lines * width * _seconds_per_exponential(), 8 * lines * width, 0))


def _memory(needed: int, weights: int, batch: int) -> list[Finding]:
    figures = {"bytes": needed, "batch_bytes": batch, "weights_bytes": weights}
    message = f"About {_size(needed)}, {_size(batch)} of it for a batch or for scoring. Weights: {_size(weights)}."
    found = [Finding("memory", "info", "training", (), message, "", figures=figures)]
    free = available_memory()
    if free is not None and needed > free:
        message = f"Training takes about {_size(needed)}; {_size(free)} are free here."
        remedy = "Take a smaller --batch or --steps first, then a smaller network; or close other programs."
        found.append(Finding("memory-short", "warning", "training", (), message, remedy, figures=figures))
    return found


def _time(seconds: float, load: Load, training: Training) -> Finding:
    passes = training.epochs or (None if training.max_steps else load.passes or _EPOCHS)
    steps = load.batches / training.accumulate
    batches = "1 batch" if load.batches == 1 else f"{load.batches:,} batches"
    message = f"About {_duration(seconds)} for one pass of {batches}, on this processor as it is now."
    if training.minutes:
        message += f" {training.minutes:g} minutes are up to {60 * training.minutes / seconds:,.1f} passes."
    elif training.max_steps:
        message += f" {training.max_steps:,} steps take about {_duration(seconds * training.max_steps / steps)}."
    elif passes:
        message += f" {passes:g} passes take about {_duration(seconds * passes)}; --minutes sets a limit."
    figures = {"seconds_per_pass": seconds, "batches": load.batches}
    return Finding("time", "info", "training", (), message, "", figures=figures)


def _disk(weights: int, folder: Path) -> list[Finding]:
    needed = run_folder.room(weights)
    place = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.is_dir())
    free = shutil.disk_usage(place).free
    figures = {"bytes": needed, "free_bytes": free}
    message = f"The model and its checkpoints take up to {_size(needed)}; {_size(free)} are free."
    if free < needed:
        remedy = "Make room, or name another place with -o."
        return [Finding("disk-full", "error", str(folder), (), message, remedy, figures=figures)]
    return [Finding("disk", "info", str(folder), (), message, "", figures=figures)]


def available_memory() -> int | None:
    """Bytes that this process may still take: what the system has free, within its control group; None if unknown."""
    free = []
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        free.append(int(lines["MemAvailable"].split()[0]) * 1024)
    group = Path("/sys/fs/cgroup")
    limit, used = group / "memory.max", group / "memory.current"
    if limit.exists() and used.exists() and (most := limit.read_text(encoding="ascii").strip()) != "max":
        free.append(max(0, int(most) - int(used.read_text(encoding="ascii"))))
    return min(free, default=None)


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _size(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{short(count)}B"


def _block(block: Block, known: dict[str, Block], seen: _Seen) -> Cost:
    lines, width = seen.lines, seen.width
    if block["kind"] in RECURRENT_CELLS:
        return _recurrent(block, seen.rows, max(1, lines // seen.rows))
    after = _width_after(block, known, width)
    if block["kind"] == "dropout":
        return Cost(lines * width * _seconds_per_mask(), 5 * lines * width, 0)
    if block["kind"] == "cross_attention":
        return _across(block, lines, seen.beside)
    shapes = [] if block["kind"] == "embedding" else spec.KINDS[block["kind"]].tensors(block, known).values()
    products = [(shape[0], math.prod(shape[1:])) for shape in shapes if len(shape) > 1]
    if "embedding" in block:
        products = [(after, known[block["embedding"]]["size"])]  # with the weights of an embedding
    seconds = lines * sum(_seconds_of_product(entering, leaving) for leaving, entering in products)
    made = 4 * sum(leaving for leaving, _ in products) or 4 * after
    return Cost(seconds or 2 * lines * made * _seconds_per_byte(), lines * made, made)


def _across(block: Block, lines: int, beside: int) -> Cost:
    """Each line against so many others: scores, their softmax, and the mean that they weigh."""
    query, memory = block["query_size"], block["memory_size"]
    scored = block["attention_size"] if block["score"] == "additive" else query
    products = _seconds_of_product(memory, scored) + _seconds_of_product(query, beside)
    products += _seconds_of_product(beside, memory)
    exponentials, kept = beside, 4 * (2 * beside + memory + scored)
    if block["score"] == "additive":  # a tanh of each pair
        products += _seconds_of_product(query, scored)
        exponentials, kept = exponentials + beside * scored, kept + 4 * (beside + 1) * scored
    return Cost(lines * (products + exponentials * _seconds_per_exponential()), lines * kept, kept)


def _recurrent(block: Block, rows: int, steps: int) -> Cost:
    """One trial per layer that differs: the first, and those above it."""
    directions = 2 if block["bidirectional"] else 1
    H, P = block["hidden_size"], int(block.get("proj_size") or block["hidden_size"])
    cell = cell_of(block)
    above = block["num_layers"] - 1
    seconds = directions * _seconds_of_walk(cell, block["input_size"], H, P, rows, steps)
    if above:
        seconds += above * directions * _seconds_of_walk(cell, directions * P, H, P, rows, steps)
    line = 4 * directions * (P + kernels.saved_slots(cell) * H)
    dropped = 5 * directions * P * above * (block["dropout"] > 0)
    return Cost(seconds, rows * steps * (block["num_layers"] * line + dropped), 4 * directions * P * (1 + (above > 0)))


def _seconds_of_walk(cell: str, entering: int, H: int, P: int, rows: int, steps: int) -> float:
    """Forward and backward of one direction of one layer: what a walk costs once, and what each of its steps does."""
    few = max(1, min(steps, int(TRIAL_OPERATIONS / (6 * rows * kernels.GATES[cell] * H * (entering + P)))))
    walk = _walk(cell, entering, H, P, rows, few)
    if few == steps:
        return _best(walk)
    short, long = _best(walk), _best(_walk(cell, entering, H, P, rows, 2 * few))
    step = min(max((long - short) / few, 0.4 * long / (2 * few)), long / (2 * few))  # noise goes no further
    return long + step * (steps - 2 * few)


def _walk(cell: str, entering: int, H: int, P: int, rows: int, steps: int) -> Callable[[], None]:
    """A walk forward and back over random numbers."""
    gates = kernels.GATES[cell] * H
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> kernels.Float:
        return rng.standard_normal(shape, dtype=np.float32) / np.float32(math.sqrt(H))

    projection = normal(P, H) if P != H else None
    own = np.ones(kernels.OWN[cell] * H, np.float32) if cell in kernels.OWN else None
    weights = [Weights(normal(gates, entering), normal(gates, P), normal(gates), normal(gates), projection, own)]
    gradient = [Weights(*[None if array is None else np.empty_like(array) for array in weights[0]])]  # type: ignore[arg-type]
    lines = Lines.dense(steps, rows)
    x, dy, y = normal(steps * rows, entering), normal(steps * rows, P), np.empty((steps * rows, P), np.float32)
    h_n, c_n = np.empty((1, rows, P), np.float32), np.empty((1, rows, kernels.TRAITS[cell].memories * H), np.float32)
    saved = np.empty((1, steps * rows, kernels.saved_slots(cell) * H), np.float32)
    dx, memory = np.empty_like(x), c_n if cell in kernels.MEMORY else None

    def walk() -> None:
        kernels.forward(kernels.pack(cell, weights), x, lines, None, None, y, h_n, memory, saved)
        kernels.backward(cell, weights, x, lines, None, None, y, saved, dy, None, None, dx, gradient, None, None)

    return walk


def _seconds_of_product(entering: int, leaving: int) -> float:
    """Forward and backward of a linear map, for one line."""
    lines = max(16, min(4096, int(TRIAL_OPERATIONS / (6 * entering * leaving))))
    x, weight = np.ones((lines, entering), np.float32), np.ones((leaving, entering), np.float32)

    def products() -> None:
        y = x @ weight.T
        y @ weight
        y.T @ x

    return _best(products) / lines


def _seconds_per_exponential() -> float:
    logits = np.zeros(2**18, np.float32)
    return 3 * _best(lambda: np.exp(logits)) / logits.size


def _seconds_per_mask() -> float:
    rng = np.random.default_rng(0)
    return 2 * _best(lambda: rng.random(2**18, np.float32)) / 2**18


def _seconds_per_byte() -> float:
    numbers = np.zeros(2**22, np.float32)
    return _best(lambda: np.add(numbers, 1, out=numbers)) / (2 * numbers.nbytes)


def _best(trial: Callable[[], object]) -> float:
    """The shortest of three, after one that pays for pages."""
    took = []
    for _ in range(4):
        begun = CLOCK()
        trial()
        took.append(CLOCK() - begun)
    return min(took[1:])


def _width_after(block: Block, known: dict[str, Block], width: int) -> int:
    return spec.KINDS[block["kind"]].gives(block, known, width)
