"""The length of a run, fixed before it takes effect; everything that depends on it is a function of the step alone.

A plan sets `total_steps` from its step on. Progress runs from 0 to 1, linearly between the beginnings of plans, so a
new plan bends it but never makes it jump:

    progress(s) = p_i + (1 − p_i) · (s − from_i) / (total_i − from_i)        for the last plan with from_i ≤ s
    rate(s)     = η · progress / warmup                                       while progress < warmup
                  η · (ρ + (1 − ρ)(1 + cos(π·(progress − warmup)/(1 − warmup)))/2)   after it

where ρ is the last rate's share (the cosine: Loshchilov and Hutter, 2017). The n-th of E validations comes
with the first step whose progress reaches n/E, and one comes where a plan begins. Time is read only to make a plan
(`Budget`); replaying the recorded plans gives the same run.
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
_VALIDATION_SHARE = 0.1  # of the time left at most goes into validations
_SCORING_SHARE = 0.25  # of the time left at most goes into the final score
_LEAST_SHARE = 0.001  # of a validation or a score
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Plan:
    """From `from_step` on, the run ends after `total_steps`; `reason` is steps, epochs, trial, look (the first
    validation would take too long), minutes, slower, faster or time.

    The shares are of the examples of a validation and of the final score, if there is no time for all of them.
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

    @property
    def unmeasured(self) -> bool:
        """Whether the plan was made before the speed was measured: its length is an assumption."""
        return self.reason in ("trial", "look")

    def progress(self, step: int) -> float:
        """Return the share of the run that is done after `step` updates, 1 from `total_steps` on."""
        if step >= self.total_steps:
            return 1.0
        return self.from_progress + (1 - self.from_progress) * (step - self.from_step) / (
            self.total_steps - self.from_step
        )


@dataclass
class Schedule:
    """The plans of a run, and the functions of the step that follow from them."""

    learning_rate: float
    warmup: float
    final_rate: float
    plans: list[Plan] = field(default_factory=list)

    @property
    def total_steps(self) -> int:
        """The step after which the run ends, by the plan in effect."""
        return self.plans[-1].total_steps

    def extend(self, from_step: int, total_steps: int, evaluations: int, reason: str, **facts: float) -> Plan:
        """Return a plan that continues the present plans; it takes effect when it is appended to `plans`."""
        begun = 0.0
        if self.plans:
            begun = min(self.progress(from_step), 1.0)
            facts = {"look_share": self.plans[-1].look_share, "score_share": self.plans[-1].score_share, **facts}
        return Plan(from_step, max(total_steps, from_step), evaluations, reason, begun, **facts)

    def progress(self, step: int) -> float:
        """Return the share of the run that is done after `step` updates."""
        return self._plan_at(step).progress(step)

    def rate(self, step: int) -> float:
        """Return the learning rate of update number `step`, counted from 1."""
        progress = self.progress(step)
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        if self.warmup >= 1:
            return self.learning_rate
        falling = (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2
        return self.learning_rate * (self.final_rate + (1 - self.final_rate) * falling)

    def evaluates(self, step: int) -> bool:
        """Return whether a validation follows update number `step`."""
        if step >= self.total_steps or any(plan.from_step == step for plan in self.plans[1:]):
            return True
        return self.passes(step, self._plan_at(step).evaluations)

    def passes(self, step: int, marks: int) -> bool:
        """Return whether update number `step` passes one of `marks` evenly spaced marks of the run."""
        reached = [math.floor(self.progress(at) * marks + _ROUNDING) for at in (step - 1, step)]
        return reached[1] > reached[0]

    def validations_left(self, step: int, evaluations: int) -> int:
        """Return how many of `evaluations` evenly spaced validations come after update number `step`."""
        return evaluations - math.floor(self.progress(step) * evaluations + _ROUNDING)

    def _plan_at(self, step: int) -> Plan:
        return next(plan for plan in reversed(self.plans) if plan.from_step <= step or plan is self.plans[0])


@dataclass
class Budget:
    """A time limit, and the plans that keep it.

    `deadline` is on `clock`'s scale, `seconds` is the whole time limit, and `most_steps` a limit besides time. The
    validations and the final score have to fit in, too:

        validation   takes about the time of training on as many units, until one was timed; a tenth of the time left
        the score    takes the time of `validations_per_score` validations; a quarter of the time left
        the end      takes `saving()` seconds

    A longer validation or score uses a share of its examples, if the task `divides` them.
    """

    deadline: float
    seconds: float
    evaluations: int
    clock: Callable[[], float]
    validations_per_score: float
    saving: Callable[[], float]
    most_steps: int | None = None
    validation_units: int = 0  # of a validation; 0 where that is not known
    divides: bool = False

    def trial(self, schedule: Schedule) -> Plan:
        """Return the plan for the steps that are timed."""
        return schedule.extend(0, min(_TRIAL_TOTAL, self.most_steps or _TRIAL_TOTAL), self.evaluations, "trial")

    def tried_enough(self, step_seconds: Sequence[float]) -> bool:
        """Return whether enough steps were timed, or a tenth of all the time went into them, or no time is left."""
        enough = len(step_seconds) >= TRIAL_STEPS or sum(step_seconds) > _TRIAL_SHARE * self.seconds
        return enough or self.left() <= 0

    def left(self, score_seconds: float = 0.0) -> float:
        """Return the time until training has to end, because scoring and saving follow."""
        return self.deadline - self.clock() - self.saving() - score_seconds

    def first_validation(self, schedule: Schedule, step: int, units_per_second: float) -> Plan | None:
        """Return, before the first validation, the plan with a validation that fits into the time, or None if a whole
        one fits.
        """
        current = schedule.plans[-1]
        seconds = self.validation_units / units_per_second
        allowed = _VALIDATION_SHARE * max(self.left(), 0.0)
        if not self.divides or seconds <= allowed:
            return None
        share = _rounded(max(allowed / seconds, _LEAST_SHARE))
        return schedule.extend(
            step, current.total_steps, current.evaluations, "look", look_share=share, seconds_per_evaluation=seconds
        )

    def plan(self, schedule: Schedule, step: int, step_seconds: float, evaluation_seconds: float) -> Plan | None:
        """Return the plan that ends in time at this speed, or None if the present plan does so, within 1 % of the
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
            affordable = int(_VALIDATION_SHARE * max(left, 0) / max(evaluation_seconds, 1e-6))
            evaluations = max(1, min(self.evaluations, affordable))
        validating = schedule.validations_left(step, evaluations) * evaluation_seconds
        total = step + max(0, int((left - validating) / max(step_seconds, 1e-6)))
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
        """Return the plan that ends here because time is up although no validation was due."""
        current = schedule.plans[-1]
        scoring = current.score_share * self._whole_score(current, evaluation_seconds)
        left = self.left(scoring) - evaluation_seconds
        if left > -_SLACK * self.seconds or step >= schedule.total_steps:
            return None
        return schedule.extend(step, step, current.evaluations, "time", seconds_left=left)

    def _whole_score(self, plan: Plan, evaluation_seconds: float) -> float:
        """Return the seconds of a score on all examples; a validation used only its share."""
        return self.validations_per_score * evaluation_seconds / plan.look_share

    def _score_share(self, seconds: float) -> float:
        """Return the share of a score of so many seconds that fits into the time."""
        allowed = _SCORING_SHARE * max(self.left(), 0.0)
        return 1.0 if not self.divides or seconds <= allowed else _rounded(max(allowed / seconds, _LEAST_SHARE))


def _rounded(share: float) -> float:
    """Return three digits of a share, because more digits in the log mean nothing."""
    return float(f"{share:.3g}")
