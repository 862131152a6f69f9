"""A linear problem that the loop trains on in no time, and a clock that says how long it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anaphora.config import Training
from anaphora.data.worker_rows import share
from anaphora.training.loop import Loop
from anaphora.training.observer import Evaluation, Observer, Step
from anaphora.training.plan import Budget, Plan, Schedule


class Points:
    """Batches of a linear problem, a function of the position."""

    def at(self, position: int) -> tuple[Tensor, Tensor]:
        x = torch.from_numpy(np.random.default_rng(position).normal(size=(8, 3)))
        return x, x @ torch.tensor([[1.0], [-2.0], [0.5]], dtype=torch.float64)

    def units(self, batch: tuple[Tensor, Tensor]) -> int:
        return len(batch[0])

    def part(self, batch: tuple[Tensor, Tensor], rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        return batch[0][share(8, rank, ranks)], batch[1][share(8, rank, ranks)]


def square(model: nn.Module, batch: tuple[Tensor, Tensor], carry: int | None) -> tuple[Tensor, int]:
    return (model(batch[0]) - batch[1]).square().sum(), (carry or 0) + 1


def judge(model: nn.Module) -> float:
    x, y = Points().at(10**6)
    return float((model(x) - y).square().mean())


def problem() -> nn.Module:
    torch.manual_seed(5)
    return nn.Linear(3, 1, dtype=torch.float64)


@dataclass
class Seen(Observer):
    plans: list[Plan] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    looks: list[Evaluation] = field(default_factory=list)

    def plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    def step(self, step: Step) -> None:
        self.steps.append(step)

    def evaluation(self, evaluation: Evaluation) -> None:
        self.looks.append(evaluation)


def loop(folder: Path, total: int = 30, evaluations: int = 5, **given: Any) -> tuple[Loop[tuple[Tensor, Tensor]], Seen]:
    training = given.pop("training", Training(learning_rate=0.05, clip=0.5, weight_decay=0.1))
    schedule = Schedule(training.learning_rate, training.warmup, training.final_rate)
    if "budget" not in given:
        schedule.plans.append(schedule.extend(0, total, evaluations, "steps"))
    seen = Seen()
    arguments = {
        "model": problem(),
        "batches": Points(),
        "loss": square,
        "evaluate": judge,
        "schedule": schedule,
        "training": training,
        "folder": folder,
        "observer": seen,
    }
    return Loop(**{**arguments, **given}), seen


@dataclass
class Clock:
    """Says that a step takes 0.5 s and a look 2 s; `slow` makes steps from number `after` take longer."""

    now: float = 0.0
    slow: Callable[[int], float] = lambda step: 0.5

    def __call__(self) -> float:
        return self.now


def timed(folder: Path, clock: Clock, seconds: float, **given: Any) -> tuple[Loop[Any], Seen]:
    def slow_loss(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        clock.now += clock.slow((carry or 0) + 1)
        return square(model, batch, carry)

    def slow_judge(model: nn.Module) -> float:
        clock.now += 2
        return judge(model)

    budget = Budget(seconds, seconds, 10, clock, 2.0, lambda: 0.0)
    return loop(folder, loss=slow_loss, evaluate=slow_judge, budget=budget, clock=clock, **given)
