"""An estimate of the cost of training: memory from shapes, time from a short trial of this machine's kernels.

    memory = the program + data + copies of the weights + max(a batch with the arrays of its gradient, scoring)
    time   = batches · (Σ over blocks of forward and backward + a pass over the weights)

`anaphora.checks.trial` runs the trials. Dropout, softmax and the optimiser count as passes over memory. The estimate is
not exact: other programs slow training more than a trial.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import NamedTuple

from anaphora import kernels
from anaphora.bundle import spec
from anaphora.bundle.kind import Block
from anaphora.bundle.recurrent_kinds import RECURRENT_CELLS, cell_of
from anaphora.checks import trial
from anaphora.checks.examine import Load
from anaphora.checks.findings import Finding
from anaphora.config import Training
from anaphora.formatting import counted, duration_text, size_text
from anaphora.runs import folder as run_folder

PROGRAM_BYTES = 380 * 2**20  # Python, NumPy, torch and its optimisers, measured
COPIES = 6  # of the weights: weights, gradient, two moments, best weights, a checkpoint being written
COLD_CACHES = 1.1  # a training step has colder caches than a repeated trial
STEP_SECONDS = 2e-3  # the overhead of torch in each step
_PASSES_OF_WEIGHTS = 12  # reads and writes of each weight by clipping and AdamW
_EPOCHS = 10  # if neither the options nor the task set another limit


class Cost(NamedTuple):
    """The cost of one batch."""

    seconds: float
    kept: int  # bytes that are kept for the gradient
    scored: int  # bytes per step, if nothing is kept

    def and_(self, other: Cost) -> Cost:
        """Return the sum of both costs."""
        return Cost(self.seconds + other.seconds, self.kept + other.kept, self.scored + other.scored)


class _BlockInput(NamedTuple):
    """The input of a block: rows, steps (one per row after pooling), width, and for attention the number of steps
    attended.
    """

    rows: int
    lines: int
    width: int
    beside: int


def findings(load: Load, training: Training, folder: Path) -> list[Finding]:
    """Return the estimates as findings; `folder` is the run folder."""
    tree = spec.check(load.tree)
    weights = 4 * spec.parameters(tree)
    cost = of_batch(load)
    copies = COPIES + (training.average > 0)
    batch = max(cost.kept, load.scored_lines * cost.scored)
    memory = PROGRAM_BYTES + load.data_bytes + copies * weights + batch
    passes = _PASSES_OF_WEIGHTS * weights * trial.seconds_per_byte()
    seconds = load.batches * (COLD_CACHES * cost.seconds + STEP_SECONDS + passes / training.accumulate)
    return [*_memory(memory, weights, batch), _time(seconds, load, training), *_disk(weights, folder)]


def of_batch(load: Load) -> Cost:
    """Return the cost of one batch, block by block; the parts of a model have their own rows and steps."""
    tree, known = spec.check(load.tree), dict[str, Block]()
    whole, lines, width, beside = Cost(0.0, 0, 0), 0, 0, 0
    for number, part in enumerate(spec.parts(tree).values() or [tree]):
        rows, steps = load.parts.get(part["name"], (load.rows, load.steps))
        lines, width = rows * steps, part.get("input_size", width)
        beside = steps if number == 0 else beside  # attention attends to the first part
        for _, block in spec.walk({"parts": [part]}):
            whole = whole.and_(_block(block, known, _BlockInput(rows, lines, width, beside)))
            width = _width_after(block, known, width)
            lines = rows if spec.KINDS[block["kind"]].pools else lines
            known[block["name"]] = block
    # The loss keeps log p of every output, and makes a gradient of each.
    return whole.and_(Cost(lines * width * trial.seconds_per_exponential(), 8 * lines * width, 0))


def _memory(needed: int, weights: int, batch: int) -> list[Finding]:
    figures = {"bytes": needed, "batch_bytes": batch, "weights_bytes": weights}
    parts = f"{size_text(batch)} of it for a batch or for scoring. Weights: {size_text(weights)}"
    message = f"About {size_text(needed)}, {parts}."
    found = [Finding("memory", "info", "training", (), message, "", figures=figures)]
    free = available_memory()
    if free is not None and needed > free:
        message = f"Training needs about {size_text(needed)} of memory; {size_text(free)} are free on this machine."
        remedy = "Use a smaller --batch or --bptt first, then a smaller network; or close other programs."
        found.append(Finding("memory-short", "warning", "training", (), message, remedy, figures=figures))
    return found


def _time(seconds: float, load: Load, training: Training) -> Finding:
    epochs = training.epochs or (None if training.max_steps else load.epochs or _EPOCHS)
    steps = load.batches / training.accumulate
    batches = counted(load.batches, "batch", "batches")
    basis = "an estimate from a short trial of the kernels on this processor under its present load"
    message = f"One epoch of {batches} takes about {_duration(seconds)}: {basis}."
    trainings = 1 if training.folds is None else training.folds + 1
    if trainings > 1:
        message += f" There are {trainings:,} trainings: one for each fold, and the final one."
    each = " each" if trainings > 1 else ""
    if training.minutes:
        enough = "1 minute is" if training.minutes == 1 else f"{training.minutes:g} minutes are"
        message += f" {enough} enough for up to {60 * training.minutes / trainings / seconds:,.1f} epochs{each}."
    elif training.max_steps:
        take = "1 step takes" if training.max_steps == 1 else f"{training.max_steps:,} steps take"
        message += f" {take} about {_duration(seconds * training.max_steps / steps)}{each}."
    elif epochs:
        take = "1 epoch takes" if epochs == 1 else f"{epochs:g} epochs take"
        message += f" {take} about {_duration(seconds * epochs)}{each}; --minutes limits the time."
    figures = {"seconds_per_pass": seconds, "batches": load.batches}
    return Finding("time", "info", "training", (), message, "", figures=figures)


def _disk(weights: int, folder: Path) -> list[Finding]:
    needed = run_folder.bytes_needed(weights)
    place = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.is_dir())
    free = shutil.disk_usage(place).free
    figures = {"bytes": needed, "free_bytes": free}
    message = f"The model and its checkpoints need up to {size_text(needed)} of disk space; {size_text(free)} are free."
    if free < needed:
        remedy = "Free disk space, or name another folder with -o."
        return [Finding("disk-full", "error", str(folder), (), message, remedy, figures=figures)]
    return [Finding("disk", "info", str(folder), (), message, "", figures=figures)]


def available_memory() -> int | None:
    """Return the bytes that this process may still allocate: the system's free memory, within the control group's
    limit.

    The result is None if the amount is unknown.
    """
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
    return f"{seconds:.1f} s" if seconds < 60 else duration_text(seconds)


def _block(block: Block, known: dict[str, Block], seen: _BlockInput) -> Cost:
    lines, width = seen.lines, seen.width
    if block["kind"] in RECURRENT_CELLS:
        return _recurrent(block, seen.rows, max(1, lines // seen.rows))
    after = _width_after(block, known, width)
    if block["kind"] == "dropout":
        return Cost(lines * width * trial.seconds_per_mask(), 5 * lines * width, 0)
    if block["kind"] == "cross_attention":
        return _cross_attention(block, lines, seen.beside)
    shapes = [] if block["kind"] == "embedding" else spec.KINDS[block["kind"]].tensors(block, known).values()
    products = [(shape[0], math.prod(shape[1:])) for shape in shapes if len(shape) > 1]
    if "embedding" in block:
        products = [(after, known[block["embedding"]]["size"])]  # with the weights of an embedding
    seconds = lines * sum(trial.seconds_of_product(entering, leaving) for leaving, entering in products)
    made = 4 * sum(leaving for leaving, _ in products) or 4 * after
    return Cost(seconds or 2 * lines * made * trial.seconds_per_byte(), lines * made, made)


def _cross_attention(block: Block, lines: int, beside: int) -> Cost:
    """Return the cost of attention from each step to `beside` steps: scores, softmax and weighted mean."""
    query, memory = block["query_size"], block["memory_size"]
    scored = block["attention_size"] if block["score"] == "additive" else query
    products = trial.seconds_of_product(memory, scored) + trial.seconds_of_product(query, beside)
    products += trial.seconds_of_product(beside, memory)
    exponentials, kept = beside, 4 * (2 * beside + memory + scored)
    if block["score"] == "additive":  # tanh of each pair of steps
        products += trial.seconds_of_product(query, scored)
        exponentials, kept = exponentials + beside * scored, kept + 4 * (beside + 1) * scored
    return Cost(lines * (products + exponentials * trial.seconds_per_exponential()), lines * kept, kept)


def _recurrent(block: Block, rows: int, steps: int) -> Cost:
    """Return the cost of a recurrent block: one trial of the first layer, and one of the layers above it."""
    directions = 2 if block["bidirectional"] else 1
    H, P = block["hidden_size"], int(block.get("proj_size") or block["hidden_size"])
    cell = cell_of(block)
    above = block["num_layers"] - 1
    seconds = directions * trial.seconds_of_layer(cell, block["input_size"], H, P, rows, steps)
    if above:
        seconds += above * directions * trial.seconds_of_layer(cell, directions * P, H, P, rows, steps)
    line = 4 * directions * (P + kernels.saved_slots(cell) * H)
    dropped = 5 * directions * P * above * (block["dropout"] > 0)
    return Cost(seconds, rows * steps * (block["num_layers"] * line + dropped), 4 * directions * P * (1 + (above > 0)))


def _width_after(block: Block, known: dict[str, Block], width: int) -> int:
    return spec.KINDS[block["kind"]].gives(block, known, width)
