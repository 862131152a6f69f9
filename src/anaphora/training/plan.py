"""How long a run is, fixed before it takes effect; everything that depends on it is a function of the step alone.

A plan says: from this step on, all ends at `total_steps`. Progress runs from 0 to 1, straight between the plans'
beginnings, so a new plan bends it but never makes it jump:

    progress(s) = p_i + (1 − p_i) · (s − from_i) / (total_i − from_i)        for the last plan with from_i ≤ s
    rate(s)     = η · progress / warmup                                       while progress < warmup
                  η · (ρ + (1 − ρ)(1 + cos(π·(progress − warmup)/(1 − warmup)))/2)   after it

where ρ is the last rate's share (the cosine: Loshchilov and Hutter, 2017). The n-th of E looks at the held-out part
comes with the first step whose progress reaches n/E, and one comes where a plan begins. Time is read only to make a
plan (`Budget`); replaying the recorded plans gives the same run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

TRIAL_STEPS = 20
"""Steps that are timed before a budget becomes a plan."""

_TRIAL_TOTAL = (
    2_000  # the length assumed while the speed is not known: longer than most short runs, so that rates start low
)
_TRIAL_SHARE = 0.1  # of the budget at most goes into the trial
_SLACK = 0.01  # of the budget: a foreseen end this far off is worth a new plan
_LOOKING_SHARE = 0.1  # of what is left at most goes into looking at the held-out part
_SCORING_SHARE = 0.25  # of what is left at most goes into the score at the end
_LEAST_SHARE = 0.001  # of a look or a score
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Plan:
    """From `from_step` on the run ends after `total_steps`; `reason` is steps, epochs, trial, look, minutes,
    slower, faster or time. The shares are of what a look and the score at the end would see, where there is no time for
    all of it.
    """

    from_step: int
    total_steps: int
    evaluations: int
    reason: str
    from_progress: float = 0.0
    seconds_per_step: float | None = None
    seconds_per_evaluation: float | None = None
    seconds_left: float | None = None
    look_share: float = 1.0
    score_share: float = 1.0

    def progress(self, step: int) -> float:
        """The share of the run that is behind after `step` updates, 1 from `total_steps` on."""
        if step >= self.total_steps:
            return 1.0
        return self.from_progress + (1 - self.from_progress) * (step - self.from_step) / (
            self.total_steps - self.from_step
        )


@dataclass
class Schedule:
    """The plans of a run, and what follows from them."""

    learning_rate: float
    warmup: float
    final_rate: float
    plans: list[Plan] = field(default_factory=list)

    @property
    def total_steps(self) -> int:
        """The step after which the run ends, by the plan in effect."""
        return self.plans[-1].total_steps

    def extend(self, from_step: int, total_steps: int, evaluations: int, reason: str, **facts: float) -> Plan:
        """The plan that would go on from the ones there are; it takes effect when it is appended to `plans`."""
        begun = 0.0
        if self.plans:
            begun = min(self.progress(from_step), 1.0)
            facts = {"look_share": self.plans[-1].look_share, "score_share": self.plans[-1].score_share, **facts}
        return Plan(from_step, max(total_steps, from_step), evaluations, reason, begun, **facts)

    def progress(self, step: int) -> float:
        """The share of the run that is behind after `step` updates."""
        return self._plan_at(step).progress(step)

    def rate(self, step: int) -> float:
        """The learning rate of update number `step`, the first being 1."""
        progress = self.progress(step)
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        if self.warmup >= 1:
            return self.learning_rate
        falling = (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2
        return self.learning_rate * (self.final_rate + (1 - self.final_rate) * falling)

    def evaluates(self, step: int) -> bool:
        """Whether the held-out part is looked at after update number `step`."""
        if step >= self.total_steps or any(plan.from_step == step for plan in self.plans[1:]):
            return True
        return self.passes(step, self._plan_at(step).evaluations)

    def passes(self, step: int, marks: int) -> bool:
        """Whether update number `step` passes one of so many evenly spaced marks of the run."""
        reached = [math.floor(self.progress(at) * marks + _ROUNDING) for at in (step - 1, step)]
        return reached[1] > reached[0]

    def looks_left(self, step: int, evaluations: int) -> int:
        """How many of so many evenly spaced looks come after update number `step`."""
        return evaluations - math.floor(self.progress(step) * evaluations + _ROUNDING)

    def _plan_at(self, step: int) -> Plan:
        return next(plan for plan in reversed(self.plans) if plan.from_step <= step or plan is self.plans[0])


@dataclass
class Budget:
    """A time to be done by, and how it becomes a plan.

    `deadline` is on `clock`'s scale, `seconds` the whole time that was granted, `most_steps` a limit besides time. What
    a run does with the held-out part has to fit in too:

        a look     takes about what training on as many units does, until one was timed; a tenth of what is left
        the score  takes `score_looks` looks; a quarter of what is left
        the end    takes `saving()` seconds

    A look or a score that is longer sees a share of what it would, where the task `divides` them.
    """

    deadline: float
    seconds: float
    evaluations: int
    clock: Callable[[], float]
    score_looks: float
    saving: Callable[[], float]
    most_steps: int | None = None
    validation_units: int = 0  # of a look; 0 where that is not known
    divides: bool = False

    def trial(self, schedule: Schedule) -> Plan:
        """The plan for the steps that are timed."""
        return schedule.extend(0, min(_TRIAL_TOTAL, self.most_steps or _TRIAL_TOTAL), self.evaluations, "trial")

    def tried_enough(self, step_seconds: Sequence[float]) -> bool:
        """Whether enough steps were timed, or a tenth of all the time went into them, or there is no more of it."""
        enough = len(step_seconds) >= TRIAL_STEPS or sum(step_seconds) > _TRIAL_SHARE * self.seconds
        return enough or self.left() <= 0

    def left(self, score_seconds: float = 0.0) -> float:
        """The time until training has to be over, for scoring and saving come after it."""
        return self.deadline - self.clock() - self.saving() - score_seconds

    def look(self, schedule: Schedule, step: int, units_per_second: float) -> Plan | None:
        """Before the first look: the plan with as short a look as there is time for, or None if a whole one fits."""
        current = schedule.plans[-1]
        seconds = self.validation_units / units_per_second
        allowed = _LOOKING_SHARE * max(self.left(), 0.0)
        if not self.divides or seconds <= allowed:
            return None
        share = _rounded(max(allowed / seconds, _LEAST_SHARE))
        return schedule.extend(
            step, current.total_steps, current.evaluations, "look", look_share=share, seconds_per_evaluation=seconds
        )

    def plan(self, schedule: Schedule, step: int, step_seconds: float, evaluation_seconds: float) -> Plan | None:
        """The plan that ends in time at this speed, or None if the one in effect does so, give or take 1 % of the
        budget.
        """
        current = schedule.plans[-1]
        fixed = current.reason not in ("trial", "look")
        scoring = self._whole_score(current, evaluation_seconds)
        score_share = current.score_share if fixed else self._score_share(scoring)
        left = self.left(score_share * scoring)
        if fixed:
            evaluations = current.evaluations
        else:
            affordable = int(_LOOKING_SHARE * max(left, 0) / max(evaluation_seconds, 1e-6))
            evaluations = max(1, min(self.evaluations, affordable))
        looking = schedule.looks_left(step, evaluations) * evaluation_seconds
        total = step + max(0, int((left - looking) / max(step_seconds, 1e-6)))
        if self.most_steps is not None:
            total = min(total, self.most_steps)
        if fixed and abs(total - current.total_steps) * step_seconds <= _SLACK * self.seconds:
            return None
        reason = "minutes" if not fixed else "slower" if total < current.total_steps else "faster"
        return schedule.extend(
            step,
            total,
            evaluations,
            reason,
            seconds_per_step=step_seconds,
            seconds_per_evaluation=evaluation_seconds,
            seconds_left=left,
            score_share=score_share,
        )

    def stop(self, schedule: Schedule, step: int, evaluation_seconds: float) -> Plan | None:
        """The plan that ends here because time is up, though no look was due: a last guard between looks."""
        current = schedule.plans[-1]
        scoring = current.score_share * self._whole_score(current, evaluation_seconds)
        left = self.left(scoring) - evaluation_seconds
        if left > -_SLACK * self.seconds or step >= schedule.total_steps:
            return None
        return schedule.extend(step, step, current.evaluations, "time", seconds_left=left)

    def _whole_score(self, plan: Plan, evaluation_seconds: float) -> float:
        """The seconds that the score takes, were it of all; a look has seen its share."""
        return self.score_looks * evaluation_seconds / plan.look_share

    def _score_share(self, seconds: float) -> float:
        """How much there is time for of a score that takes so long."""
        allowed = _SCORING_SHARE * max(self.left(), 0.0)
        return 1.0 if not self.divides or seconds <= allowed else _rounded(max(allowed / seconds, _LEAST_SHARE))


def _rounded(share: float) -> float:
    """Three digits of a share: it stands in the log, and more of them say nothing."""
    return float(f"{share:.3g}")
