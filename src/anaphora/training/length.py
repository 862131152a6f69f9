"""The length of a run: a plan of steps or epochs, or a time limit, with shares of the held-out part that have time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from anaphora.training.plan import Budget, Plan, Schedule
from anaphora.training.task import Subsampled, TrainingTask

SAVING_SECONDS = 1.0
_EPOCHS = 10.0  # if nothing says how long


def lengths(
    work: TrainingTask[Any], started: float, ending: Callable[[], float] = lambda: SAVING_SECONDS
) -> tuple[Schedule, Budget | None]:
    """Return the length of a run: a plan of steps or epochs, or a time budget with those as limits; `ending` returns
    the seconds that the work after the score needs.
    """
    training = work.training
    schedule = Schedule(training.learning_rate, training.warmup, training.final_rate)
    per_epoch = work.per_epoch / training.accumulate
    limits = {"steps": training.max_steps, "epochs": training.epochs and math.ceil(training.epochs * per_epoch)}
    if training.minutes is None and not any(limits.values()):
        limits["epochs"] = math.ceil(_EPOCHS * per_epoch)
    most, reason = min(((most, reason) for reason, most in limits.items() if most), default=(None, ""))
    if training.minutes is None:
        assert most is not None
        schedule.plans.append(schedule.extend(0, most, training.evaluations, reason))
        return schedule, None
    seconds = 60 * training.minutes
    return schedule, Budget(
        deadline=started + seconds,
        seconds=seconds,
        evaluations=training.evaluations,
        clock=time.monotonic,
        validations_per_score=work.validations_per_score / (2 if training.average > 0 else 1),
        saving=ending,
        most_steps=most,
        validation_units=(2 if training.average > 0 else 1) * work.validation_units
        if isinstance(work, Subsampled)
        else 0,
        divides=isinstance(work, Subsampled),
    )


def limits(work: TrainingTask[Any]) -> Callable[[Plan], None]:
    """Return the function that limits validation and score to the shares of a plan."""

    def limit(plan: Plan) -> None:
        if isinstance(work, Subsampled):
            work.limit(plan.look_share, plan.score_share)

    return limit
