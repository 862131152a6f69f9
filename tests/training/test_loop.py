"""The loop against a plain torch loop, and every way a run can end."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from anaphora.config import Training
from anaphora.errors import Diverged, Interrupted, Terminated, UsageError
from anaphora.training import checkpoint
from anaphora.training.plan import Plan
from small_loop import Clock, Points, judge, loop, problem, square, timed


def test_it_takes_the_steps_of_a_plain_torch_loop(tmp_path: Path) -> None:
    run, seen = loop(tmp_path)
    outcome = run.run()

    model = problem()
    adam = torch.optim.AdamW(
        [{"params": [model.weight], "weight_decay": 0.1}, {"params": [model.bias], "weight_decay": 0.0}],
        betas=(0.9, 0.99),
    )
    for step in range(1, 31):
        for group in adam.param_groups:
            progress = step / 30
            cosine = (1 + math.cos(math.pi * (progress - 0.02) / 0.98)) / 2
            group["lr"] = 0.05 * (0.02 + 0.98 * cosine)
        x, y = Points().at(step - 1)
        loss = (model(x) - y).square().mean()
        adam.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        adam.step()
        told = seen.steps[step - 1]
        assert (told.step, told.total_steps, told.units) == (step, 30, 8)
        assert told.loss == pytest.approx(loss.item(), rel=1e-9)
        assert told.gradient_norm == pytest.approx(norm.item(), rel=1e-6)
        assert told.learning_rate == pytest.approx(adam.param_groups[0]["lr"], rel=1e-12)
    for ours, theirs in zip(run.model.parameters(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=1e-9)
    assert (outcome.stopped, outcome.steps, run.carry) == ("finished", 30, 30)
    assert [look.step for look in seen.looks] == [6, 12, 18, 24, 30]


def test_the_best_look_is_on_disk_and_kept_when_later_ones_are_worse(tmp_path: Path) -> None:
    run, seen = loop(tmp_path)
    worth = iter([3.0, 1.0, 2.0, 1.5, 1.2])
    weights = {}

    def told(model: nn.Module) -> float:
        weights[run.step] = model.state_dict()["weight"].numpy().copy()
        return next(worth)

    run.evaluate = told
    outcome = run.run()
    assert outcome.best is not None
    assert (outcome.best.step, outcome.best.loss) == (12, 1.0)
    tensors, facts = checkpoint.read(tmp_path / "best.safetensors")
    assert facts == {"step": 12, "loss": 1.0, "weights": "raw"}
    np.testing.assert_array_equal(tensors["weight"], weights[12])
    assert [(look.best, look.best_loss) for look in seen.looks] == [
        (True, 3.0),
        (True, 1.0),
        (False, 1.0),
        (False, 1.0),
        (False, 1.0),
    ]


def test_patience_counts_looks_without_a_better_one(tmp_path: Path) -> None:
    worth = iter([3.0, 1.0, 2.0, 1.5, 0.5])
    run, _ = loop(tmp_path, training=Training(patience=2), evaluate=lambda model: next(worth))
    outcome = run.run()
    assert (outcome.stopped, outcome.steps) == ("early", 24)
    assert outcome.best is not None
    assert outcome.best.step == 12


def test_averaged_weights_are_kept_where_they_are_better(tmp_path: Path) -> None:
    run, seen = loop(tmp_path, training=Training(learning_rate=0.5, average=0.5))
    held: list[np.ndarray] = []
    worth = iter([3.0, 1.5, *[2.0, 2.5] * 4])  # raw, average, raw, average, …

    def told(model: nn.Module) -> float:
        held.append(model.state_dict()["weight"].numpy().copy())
        return next(worth)

    run.evaluate = told
    run.run()
    assert [look.weights for look in seen.looks] == ["average", "raw", "raw", "raw", "raw"]
    tensors, facts = checkpoint.read(tmp_path / "best.safetensors")
    assert facts == {"step": 6, "loss": 1.5, "weights": "average"}
    np.testing.assert_array_equal(tensors["weight"], held[1])
    assert not np.array_equal(held[0], held[1])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_loss_that_is_no_number_names_its_step_and_keeps_what_was_good(
    tmp_path: Path, bad: float, where: str
) -> None:
    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        loss, count = square(model, batch, carry)
        if count == 14:
            loss = loss * bad if where == "loss" else loss + (model.weight.sum() - model.weight.sum().detach()) * bad
        return loss, count

    run, seen = loop(tmp_path, loss=breaks)
    outcome = run.run()
    assert outcome.stopped == "diverged"
    error = outcome.error("The best is in x.")
    assert isinstance(error, Diverged)
    assert "at step 14 of 30. The best is in x. A lower --learning-rate" in str(error)
    assert checkpoint.read(tmp_path / "best.safetensors")[1]["step"] == 12
    assert seen.steps[-1].step == 14


def test_a_held_out_loss_that_is_no_number_ends_the_run_too(tmp_path: Path) -> None:
    worth = iter([3.0, math.nan])
    outcome = loop(tmp_path, evaluate=lambda model: next(worth))[0].run()
    assert outcome.stopped == "diverged"
    assert "validation loss was nan at step 12 of 30" in outcome.diagnosis
    assert outcome.best is not None
    assert outcome.best.step == 6


@pytest.mark.parametrize(
    ("cut", "stopped", "error"),
    [(KeyboardInterrupt(), "interrupted", Interrupted), (Terminated("x"), "terminated", Terminated)],
)
@pytest.mark.parametrize(("at", "best"), [(3, 2), (15, 12)])
def test_a_run_that_is_cut_off_keeps_its_best(
    tmp_path: Path, cut: BaseException, stopped: str, error: type[Exception], at: int, best: int
) -> None:
    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        if carry == at - 1:
            raise cut
        return square(model, batch, carry)

    outcome = loop(tmp_path, loss=breaks)[0].run()
    assert outcome.stopped == stopped
    assert outcome.best is not None
    assert outcome.best.step == best  # before the first look, the weights as they are get one
    assert isinstance(outcome.error("saved"), error)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_what_is_no_number_never_enters_the_weights(tmp_path: Path, bad: float, where: str) -> None:
    before: list[np.ndarray] = []

    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        loss, count = square(model, batch, carry)
        before.append(model.state_dict()["weight"].numpy().copy())
        if count >= 4:
            loss = loss * bad if where == "loss" else loss + (model.weight.sum() - model.weight.sum().detach()) * bad
        return loss, count

    run, _ = loop(tmp_path, loss=breaks)
    run._read_every = 3  # as on a device, where the numbers are fetched later
    outcome = run.run()
    assert (outcome.stopped, outcome.steps) == ("diverged", 3)
    assert "at step 4 of 30" in outcome.diagnosis
    assert outcome.best is not None
    tensors, facts = checkpoint.read(tmp_path / "best.safetensors")
    assert facts == {"step": 3, "loss": outcome.best.loss, "weights": "raw"}
    np.testing.assert_array_equal(tensors["weight"], before[3])
    np.testing.assert_array_equal(outcome.best.tensors["weight"], before[3])
    np.testing.assert_array_equal(before[-1], before[3])


@pytest.mark.parametrize("second", [KeyboardInterrupt(), Terminated("x"), Diverged("x"), None])
def test_a_last_look_that_fails_keeps_the_weights_unjudged(tmp_path: Path, second: BaseException | None) -> None:
    def judge_once_more(model: nn.Module) -> float:
        if second is not None:
            raise second
        return math.nan

    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        if carry == 2:
            raise KeyboardInterrupt
        return square(model, batch, carry)

    outcome = loop(tmp_path, loss=breaks, evaluate=judge_once_more)[0].run()
    assert outcome.stopped == "interrupted"
    assert outcome.best is not None
    assert (outcome.best.step, math.isnan(outcome.best.loss)) == (2, True)
    assert checkpoint.read(tmp_path / "best.safetensors")[1] == {"step": 2, "loss": None, "weights": "raw"}


def test_cut_off_between_the_file_and_the_next_step_best_and_its_weights_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checkpoint.write

    def cut(path: Path, tensors: Any, facts: Any) -> None:
        real(path, tensors, facts)
        if facts["step"] == 12:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write", cut)
    outcome = loop(tmp_path)[0].run()
    assert outcome.best is not None
    tensors, facts = checkpoint.read(tmp_path / "best.safetensors")
    assert facts == {"step": 12, "loss": outcome.best.loss, "weights": outcome.best.weights}
    assert outcome.best.step == 12
    np.testing.assert_array_equal(tensors["weight"], outcome.best.tensors["weight"])


def test_cut_off_before_the_first_step_there_is_nothing_to_keep(tmp_path: Path) -> None:
    def at_once(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        raise KeyboardInterrupt

    outcome = loop(tmp_path, loss=at_once)[0].run()
    assert outcome.best is None
    assert not (tmp_path / "best.safetensors").exists()


def test_a_budget_is_tried_planned_and_kept(tmp_path: Path) -> None:
    clock = Clock()
    run, seen = timed(tmp_path, clock, seconds=300)
    outcome = run.run()
    assert [plan.reason for plan in seen.plans] == ["trial", "minutes"]
    assert seen.plans[1].from_step == 20 == seen.looks[0].step
    assert outcome.steps == seen.plans[1].total_steps == seen.looks[-1].step
    assert 300 - 4 - 0.5 <= clock.now <= 300 - 4
    told = {step.step: step.seconds_left for step in seen.steps}
    assert told[100] == pytest.approx(clock.now - (100 * 0.5 + 2 * sum(look.step < 100 for look in seen.looks)))


@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_a_machine_that_changes_is_planned_for_again(tmp_path: Path, factor: float) -> None:
    clock = Clock(slow=lambda step: 0.5 if step < 200 else 0.5 * factor)
    run, seen = timed(tmp_path, clock, seconds=300)
    run.run()
    assert {plan.reason for plan in seen.plans[2:]} == {"slower" if factor > 1 else "faster"}
    assert 0.97 * 300 <= clock.now + 4 <= 300


def test_a_machine_that_stalls_ends_in_time_all_the_same(tmp_path: Path) -> None:
    clock = Clock(slow=lambda step: 0.5 if step < 540 else 5.0)
    run, seen = timed(tmp_path, clock, seconds=300)
    run.run()
    assert clock.now + 4 <= 1.03 * 300
    assert seen.looks[-1].step == run.step


def test_looks_and_scores_too_long_for_the_time_are_cut_before_they_are_taken(tmp_path: Path) -> None:
    """A whole look would take 100 s of 300, the score five of them; 8 units a step in half a second."""
    clock, limits = Clock(), [1.0, 1.0]
    run, seen = timed(tmp_path, clock, seconds=300)
    assert run.budget is not None
    run.budget.divides, run.budget.validation_units, run.budget.validations_per_score = True, 1600, 5.0

    def limit(plan: Plan) -> None:
        limits[:] = plan.look_share, plan.score_share

    def slow_judge(model: nn.Module) -> float:
        clock.now += 100 * limits[0]
        return judge(model)

    run.limit, run.evaluate = limit, slow_judge
    run.run()
    assert [plan.reason for plan in seen.plans] == ["trial", "look", "minutes"]
    assert limits[0] == pytest.approx(0.1 * 290 / 100)
    assert limits[1] == pytest.approx(0.25 * (290 - 29) / 500, abs=1e-3)
    assert 300 - 0.5 - 0.1 <= clock.now + limits[1] * 500 <= 300.1
    assert len(seen.looks) == 2
    again, replayed = loop(tmp_path)
    again.schedule.plans.clear()
    again.foresee(seen.plans)
    again.limit = limit
    limits[:] = 1.0, 1.0
    again.run()
    assert [look.step for look in replayed.looks] == [look.step for look in seen.looks]
    assert replayed.plans == seen.plans
    assert limits == [seen.plans[-1].look_share, seen.plans[-1].score_share]


@pytest.mark.parametrize("room", [lambda: np.empty(2**55), lambda: torch.empty(2**50)], ids=["numpy", "torch"])
def test_what_does_not_fit_into_memory_is_said_and_the_best_is_kept(tmp_path: Path, room: Any) -> None:
    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        if carry == 14:
            room()
        return square(model, batch, carry)

    outcome = loop(tmp_path, loss=breaks)[0].run()
    assert outcome.stopped == "exhausted"
    error = outcome.error("The best is in x.")
    assert isinstance(error, UsageError)
    assert str(error).startswith("At step 15 of 30: there is not enough memory (")
    assert "Use smaller batches (--batch" in str(error)
    assert str(error).endswith("The best is in x.")
    assert outcome.best is not None
    assert outcome.best.step == 12


def test_another_error_of_torch_is_no_matter_of_memory(tmp_path: Path) -> None:
    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        return square(model, (batch[0][:, :2], batch[1]), carry)

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        loop(tmp_path, loss=breaks)[0].run()


def test_recorded_plans_give_the_same_run_again(tmp_path: Path) -> None:
    clock = Clock(slow=lambda step: 0.5 if step < 200 else 0.8)
    run, seen = timed(tmp_path, clock, seconds=300)
    run.run()
    again, replayed = loop(tmp_path)
    again.schedule.plans[:] = seen.plans
    again.run()
    assert [plan.reason for plan in seen.plans] == ["trial", "minutes", "slower", "slower"]
    assert [look.step for look in replayed.looks] == [look.step for look in seen.looks]
    assert [step.learning_rate for step in replayed.steps] == [step.learning_rate for step in seen.steps]
    for one, other in zip(run.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_probes_are_asked_at_every_look(tmp_path: Path) -> None:
    run, seen = loop(tmp_path, probes={"size": lambda model, step: {"norm": float(model.weight.norm()), "step": step}})
    run.run()
    assert [look.probes["size"]["step"] for look in seen.looks] == [6, 12, 18, 24, 30]
    assert seen.looks[-1].probes["size"]["norm"] == float(run.model.state_dict()["weight"].norm())
