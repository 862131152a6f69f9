"""Plans, schedules and budgets: numbers against the formulas, time against a clock that is told what to say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.training.plan import TRIAL_STEPS, Budget, Plan, Schedule


def schedule(total: int, evaluations: int = 5, warmup: float = 0.1, final_rate: float = 0.25) -> Schedule:
    made = Schedule(learning_rate=0.004, warmup=warmup, final_rate=final_rate)
    made.plans.append(made.extend(0, total, evaluations, "steps"))
    return made


def test_rates_are_warm_up_and_cosine() -> None:
    made = schedule(200)
    for step in range(1, 201):
        progress = step / 200
        if progress < 0.1:
            expected = 0.004 * progress / 0.1
        else:
            x = (progress - 0.1) / 0.9
            expected = 0.004 * (0.25 + 0.75 * 0.5 * (1 + math.cos(math.pi * x)))
        assert made.rate(step) == pytest.approx(expected, rel=1e-12)
    assert made.rate(200) == pytest.approx(0.001, rel=1e-12)
    assert max(made.rate(step) for step in range(1, 201)) == 0.004


def test_edges_of_the_warm_up() -> None:
    assert schedule(10, warmup=0.0, final_rate=0.0).rate(1) == pytest.approx(0.004 * 0.5 * (1 + math.cos(math.pi / 10)))
    assert [schedule(4, warmup=1.0).rate(step) for step in (1, 2, 3, 4)] == pytest.approx([0.001, 0.002, 0.003, 0.004])


@given(st.integers(1, 300), st.integers(1, 40))
def test_looks_are_even_and_the_last_step_has_one(total: int, evaluations: int) -> None:
    made = schedule(total, evaluations)
    due = [step for step in range(1, total + 1) if made.evaluates(step)]
    marks = {math.ceil(total * n / evaluations) for n in range(1, evaluations + 1)}
    assert due == sorted(marks)
    assert due[-1] == total


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 400)), max_size=4), st.integers(1, 400))
def test_new_plans_bend_progress_and_never_break_it(changes: list[tuple[int, int]], total: int) -> None:
    made = schedule(total)
    step = 0
    for wait, more in changes:
        step += wait
        if step >= made.total_steps:
            break
        before = [made.progress(s) for s in range(step + 1)]
        made.plans.append(made.extend(step, step + more, 5, "slower"))
        assert [made.progress(s) for s in range(step + 1)] == pytest.approx(before, abs=1e-12)
        assert made.evaluates(step)
    run = [made.progress(s) for s in range(made.total_steps + 1)]
    assert run[0] == 0
    assert run[-1] == 1
    assert all(later > earlier for earlier, later in pairwise(run))


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def budget(
    clock: Clock, seconds: float = 900, evaluations: int = 20, most_steps: int | None = None, **more: Any
) -> Budget:
    return Budget(clock.now + seconds, seconds, evaluations, clock, 2.0, lambda: 1.0, most_steps, **more)


def test_a_budget_becomes_the_plan_that_ends_in_time() -> None:
    clock = Clock()
    limit = budget(clock)
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    assert made.plans[0].reason == "trial"
    assert not limit.tried_enough([0.1] * (TRIAL_STEPS - 1))
    assert limit.tried_enough([0.1] * TRIAL_STEPS)
    assert limit.tried_enough([50.0, 50.0])  # a tenth of the time is gone
    clock.now += 10
    plan = limit.plan(made, 20, step_seconds=0.25, evaluation_seconds=2.0)
    assert plan is not None
    left = 890 - 5  # two looks' worth and a second are kept for the end
    looking = 20 * 2.0
    assert plan == Plan(20, 20 + int((left - looking) / 0.25), 20, "minutes", 0.01, 0.25, 2.0, 885.0)


def test_looks_never_cost_more_than_a_tenth() -> None:
    clock = Clock()
    limit = budget(clock, seconds=60)
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    plan = limit.plan(made, 20, step_seconds=0.01, evaluation_seconds=1.5)
    assert plan is not None
    assert plan.evaluations == int(0.1 * (60 - 4) / 1.5)


def fixed(clock: Clock, limit: Budget) -> Schedule:
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    plan = limit.plan(made, 20, 0.25, 2.0)
    assert plan is not None
    made.plans.append(plan)
    return made


def test_a_machine_that_keeps_its_speed_keeps_the_plan() -> None:
    clock = Clock()
    limit = budget(clock)
    made = fixed(clock, limit)
    clock.now += 800 * 0.25 + 4 * 2
    assert limit.plan(made, 820, 0.2505, 2.0) is None


@pytest.mark.parametrize(("pace", "reason"), [(0.4, "slower"), (0.15, "faster")])
def test_another_speed_is_another_plan_that_ends_in_time(pace: float, reason: str) -> None:
    clock = Clock()
    limit = budget(clock)
    made = fixed(clock, limit)
    clock.now += 300
    plan = limit.plan(made, 820, pace, 2.0)
    assert plan is not None
    assert plan.reason == reason
    assert plan.from_progress == made.progress(820)
    looking = (20 - int(20 * made.progress(820))) * 2.0
    end = clock.now + (plan.total_steps - 820) * pace + looking
    assert limit.deadline - 5 - pace <= end <= limit.deadline - 5


def test_when_time_is_up_the_run_ends_here() -> None:
    clock = Clock()
    limit = budget(clock)
    made = fixed(clock, limit)
    clock.now = limit.deadline - 5 - 2 + 8.9  # late by less than 1 %
    assert limit.stop(made, 900, 2.0) is None
    clock.now += 0.2
    plan = limit.stop(made, 900, 2.0)
    assert plan is not None
    assert (plan.from_step, plan.total_steps, plan.reason) == (900, 900, "time")
    made.plans.append(plan)
    assert made.evaluates(900)
    assert made.progress(900) == 1
    assert limit.stop(made, 900, 2.0) is None


def test_a_limit_of_steps_holds_beside_time() -> None:
    clock = Clock()
    limit = budget(clock, most_steps=50)
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    assert made.total_steps == 50
    plan = limit.plan(made, 20, 0.25, 2.0)
    assert plan is not None
    assert plan.total_steps == 50


def test_a_budget_that_is_already_spent_ends_at_once() -> None:
    clock = Clock()
    limit = budget(clock, seconds=3)
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    plan = limit.plan(made, 2, 0.5, 2.0)
    assert plan is not None
    assert plan.total_steps == 2
    assert plan.evaluations == 1


def tried(limit: Budget, step_seconds: float = 0.25, evaluation_seconds: float = 2.0) -> tuple[Schedule, Plan]:
    """A schedule after its trial, and the plan that follows."""
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    plan = limit.plan(made, 20, step_seconds, evaluation_seconds)
    assert plan is not None
    made.plans.append(plan)
    return made, plan


def test_a_score_takes_a_quarter_of_what_is_left_at_most() -> None:
    clock = Clock()
    limit = budget(clock, seconds=101, divides=True)
    limit.validations_per_score = 500.0  # 1,000 s
    made, plan = tried(limit)
    assert plan.score_share == pytest.approx(0.25 * 100 / 1000, abs=5e-5)
    assert plan.look_share == 1
    assert plan.seconds_left == pytest.approx(75, abs=0.1)
    looking = plan.evaluations * 2.0
    assert (plan.total_steps - 20) * 0.25 + looking <= 75
    assert limit.stop(made, 100, 2.0) is None
    clock.now = limit.deadline - 1 - 25 - 2 + 1.1  # a second late
    ended = limit.stop(made, 100, 2.0)
    assert ended is not None
    assert (ended.reason, ended.score_share) == ("time", plan.score_share)


def test_what_cannot_be_divided_is_scored_as_a_whole() -> None:
    limit = budget(Clock(), seconds=101)
    limit.validations_per_score = 500.0
    _, plan = tried(limit)
    assert (plan.look_share, plan.score_share, plan.total_steps) == (1, 1, 20)
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    assert limit.first_validation(made, 20, units_per_second=1e-9) is None


def test_a_look_takes_a_tenth_of_what_is_left_at_most_and_is_known_before_it_is_taken() -> None:
    clock = Clock()
    limit = budget(clock, seconds=101, divides=True, validation_units=80_000)
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    assert limit.first_validation(made, 20, units_per_second=8_000) is None  # 10 of 100 s
    plan = limit.first_validation(made, 20, units_per_second=1_000)
    assert plan is not None
    assert (plan.reason, plan.from_step, plan.total_steps, plan.evaluations) == ("look", 20, made.total_steps, 20)
    assert (plan.look_share, plan.seconds_per_evaluation) == (0.125, 80)
    made.plans.append(plan)
    clock.now += 10
    fixed = limit.plan(made, 20, 0.25, 10.0)
    assert fixed is not None
    # A whole score is 2 looks of 80 s: there are 90 s, so 22.5 of 160.
    assert (fixed.reason, fixed.look_share, fixed.score_share) == ("minutes", 0.125, 0.141)
    assert fixed.seconds_left == pytest.approx(90 - 0.141 * 160)
    assert fixed.evaluations == 1


def test_where_there_is_no_time_at_all_the_least_is_done() -> None:
    clock = Clock()
    limit = budget(clock, seconds=60, divides=True, validation_units=80_000)
    clock.now += 70
    assert limit.tried_enough([0.01])
    made = Schedule(0.004, 0.02, 0.0)
    made.plans.append(limit.trial(made))
    look = limit.first_validation(made, 1, units_per_second=1_000)
    assert look is not None
    made.plans.append(look)
    plan = limit.plan(made, 1, 0.01, 0.1)
    assert plan is not None
    assert (plan.look_share, plan.score_share, plan.total_steps, plan.evaluations) == (0.001, 0.001, 1, 1)
