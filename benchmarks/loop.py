"""Time the whole training loop against its bare work: forward, loss, backward, clipping and AdamW on ready batches.

    python benchmarks/loop.py TEXT [--rounds N] [--steps-per-round K] [any option of `anaphora train language`]

Both train the same model from the same weights, in turn, K steps at a time in one process. The loop makes its batches,
reads its losses, tells its watches (a log on disk, progress into nothing) and keeps its records; the bare work has all
batches of a round in memory before the clock starts. Looks at the held-out part are work of another kind and are not
counted on either side. Prints the medians per step and of each round's ratio, and what one batch costs to make.
"""

from __future__ import annotations

import argparse
import copy
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from anaphora.config import resolve
from anaphora.nn.build import build
from anaphora.report.terminal import show
from anaphora.tasks.language import data
from anaphora.tasks.language.settings import PRESETS, TASK, LanguageConfig
from anaphora.tasks.language.training import LanguageTraining
from anaphora.training import optim
from anaphora.training.loop import Loop
from anaphora.training.metrics_log import MetricsLog
from anaphora.training.observer import Observer, Observers, Step
from anaphora.training.plan import Schedule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="a text file")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each that count (default 9)")
    parser.add_argument("--steps-per-round", type=int, default=20, help="steps of one round (default 20)")
    asked, options = parser.parse_known_args()
    config = resolve(LanguageConfig, PRESETS, preset=TASK.default_preset, options=options)
    work = LanguageTraining(config, data.read(config, [asked.text]))
    torch.manual_seed(config.training.seed)
    model = build(work.tree)
    K = asked.steps_per_round
    with tempfile.TemporaryDirectory() as folder, show(work.unit, io.StringIO()) as progress:
        log = MetricsLog(Path(folder) / "metrics.jsonl")
        schedule = Schedule(config.training.learning_rate, config.training.warmup, config.training.final_rate)
        schedule.plans.append(schedule.extend(0, K * (asked.rounds + 1), 1, "steps"))
        turns = InTurn(Bare(copy.deepcopy(model), work), K)
        Loop(
            model, work.batches, work.batch_loss, lambda model: 1.0, schedule, config.training, Path(folder),
            observer=Observers((log, progress, turns)), logged=log.size,
        ).run()  # fmt: skip
        log.close()
    print(file=sys.stderr)
    report(turns.rounds[1:], K)


class InTurn(Observer):
    """A watch that stops the clock after every K steps of the loop, and lets the bare work take as many."""

    def __init__(self, bare: Bare, steps: int) -> None:
        self.bare, self.steps_per_round = bare, steps
        self.rounds: list[tuple[float, float, float]] = []
        self.begun = time.perf_counter()

    def step(self, step: Step) -> None:
        if step.step % self.steps_per_round == 0:
            looped = time.perf_counter() - self.begun
            first = step.step - self.steps_per_round
            self.rounds.append((looped, *self.bare.steps(first, self.steps_per_round)))
            print(f"\rround {len(self.rounds)}", end="", file=sys.stderr, flush=True)
            self.begun = time.perf_counter()


class Bare:
    """The steps without a loop around them."""

    def __init__(self, model: torch.nn.Module, work: LanguageTraining) -> None:
        self.model, self.work = model, work
        self.adam = optim.optimiser(model, work.training)
        self.carry = None

    def steps(self, first: int, count: int) -> tuple[float, float]:
        """Seconds of the steps on ready batches, and of making those batches."""
        begun = time.perf_counter()
        batches = [self.work.batches.at(position) for position in range(first, first + count)]
        made = time.perf_counter()
        for batch in batches:
            self.adam.zero_grad()
            loss, self.carry = self.work.batch_loss(self.model, batch, self.carry)
            (loss / self.work.batches.units(batch)).backward()
            optim.clip(self.model, self.work.training.clip)
            self.adam.step()
        return time.perf_counter() - made, made - begun


def report(rounds: list[tuple[float, float, float]], steps: int) -> None:
    looped, bare, made = (1e3 / steps * statistics.median(each[side] for each in rounds) for side in range(3))
    share = statistics.median(bare / looped for looped, bare, _ in rounds)
    print(f"the loop      {looped:8.2f} ms per step")
    print(f"its bare work {bare:8.2f} ms per step: the loop trains at {share:.1%} of its speed")
    print(f"a batch       {made:8.3f} ms to make, {made / bare:.2%} of a step")


if __name__ == "__main__":
    main()
