"""One update: however its rows are dealt to batches, the gradient is that of one; what is measured is what moved."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from anaphora.config import Training
from anaphora.errors import UsageError
from anaphora.training import device
from anaphora.training.distributed.workers import Alone
from anaphora.training.update import Updater
from small_loop import Points, loop, problem, square


class Split(Points):
    """The same rows in batches of other sizes: 3, 1 and 4 of the 8."""

    EDGES = (0, 3, 4, 8)

    def at(self, position: int) -> tuple[Tensor, Tensor]:
        step, number = divmod(position, 3)
        x, y = super().at(step)
        here = slice(self.EDGES[number], self.EDGES[number + 1])
        return x[here], y[here]


def test_accumulated_batches_make_the_step_of_one_batch() -> None:
    ours, theirs = problem(), problem()
    training = Training(learning_rate=0.05, clip=0.5, accumulate=3)
    parts = Updater(ours, Split(), square, training, Alone())
    whole = Updater(theirs, Points(), square, training.model_copy(update={"accumulate": 1}), Alone())
    for step in range(1, 6):
        taken, expected = (updater.update(step, 0.05, measured=False) for updater in (parts, whole))
        assert taken.units == expected.units == 8
        assert float(taken.loss) == pytest.approx(float(expected.loss), rel=1e-12)
        assert float(taken.norm) == pytest.approx(float(expected.norm), rel=1e-9)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(one.detach(), other.detach(), rtol=1e-9)
    assert (parts.carry, whole.carry) == (15, 5)


def test_the_update_ratio_is_how_far_the_weights_moved() -> None:
    model = problem()
    updater = Updater(model, Points(), square, Training(), Alone())
    before = torch.cat([parameter.detach().flatten().clone() for parameter in model.parameters()])
    taken = updater.update(1, 0.05, measured=True)
    after = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    assert taken.ratio is not None
    assert float(taken.ratio) == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-6)
    assert updater.update(2, 0.05, measured=False).ratio is None


def test_the_clip_rate_counts_the_steps_since_the_last_marked_one(tmp_path: Path) -> None:
    held: list[Tensor] = []

    def remembered(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        held.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
        return square(model, batch, carry)

    run, seen = loop(tmp_path, total=1200, training=Training(learning_rate=0.01, clip=1.0), loss=remembered)
    run.run()
    held.append(torch.cat([parameter.detach().flatten() for parameter in run.model.parameters()]))
    marked = [step.step for step in seen.steps if step.marked]
    assert marked[:3] == [1, 3, 6]
    assert len(marked) == 401
    for begin, end in zip([0, *marked], marked, strict=False):
        norms = [step.gradient_norm for step in seen.steps[begin:end]]
        assert seen.steps[end - 1].clip_rate == pytest.approx(sum(norm > 1.0 for norm in norms) / len(norms))
        moved = float((held[end] - held[end - 1]).norm() / held[end - 1].norm())
        assert seen.steps[end - 1].update_ratio == pytest.approx(moved, rel=1e-6)
    assert {math.isnan(step.update_ratio) for step in seen.steps if not step.marked} == {True}
    assert sum(step.gradient_norm > 1.0 for step in seen.steps) == 142


class Rows(nn.Module):
    """A recurrent layer and an output, in which a weight or an input may be no number."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.recurrent = nn.GRU(2, 4)
        self.output = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.recurrent(x)[0])


class Sequences:
    """Five rows of seven steps; `spoilt` are places (step, row) that hold a NaN."""

    def __init__(self, spoilt: list[tuple[int, int]]) -> None:
        self.spoilt = spoilt

    def at(self, position: int) -> Tensor:
        x = torch.from_numpy(np.random.default_rng(position).normal(size=(7, 5, 2)).astype(np.float32))
        for step, row in self.spoilt if position == 8 else []:
            x[step, row, 1] = math.nan
        return x

    def units(self, batch: Tensor) -> int:
        return batch.shape[1]

    def part(self, batch: Tensor, rank: int, ranks: int) -> Tensor:
        return batch


def total(model: nn.Module, batch: Tensor, carry: Any) -> tuple[Tensor, None]:
    return model(batch).square().sum(), None


def names(batch: Tensor, row: int, part: str = "") -> str:
    return f"rows.csv, line {row + 2}"


def explained(model: nn.Module, batches: list[Tensor], carry: Any) -> str:
    from anaphora.training.non_finite import explained

    return explained(model, total, batches, carry, names)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ([(4, 3)], "The output of 'recurrent' was not finite: rows.csv, line 5, step 5."),
        ([(6, 0), (2, 0), (0, 4)], "rows.csv, line 2, step 3; rows.csv, line 6, step 1."),
        ([(1, row) for row in range(5)], "line 4, step 2 and 2 more."),
    ],
)
def test_what_is_not_finite_is_named_with_its_rows_and_first_steps(
    tmp_path: Path, spoilt: list[tuple[int, int]], said: str
) -> None:
    run, _ = loop(
        tmp_path, model=Rows(), batches=Sequences(spoilt), loss=total, evaluate=lambda model: 1.0, explain=explained
    )
    outcome = run.run()
    assert outcome.stopped == "diverged"
    assert outcome.diagnosis.startswith("The loss was nan at step 9 of 30.")
    assert said in outcome.diagnosis


def test_a_gradient_that_is_not_finite_is_named_by_its_parameter(tmp_path: Path) -> None:
    def sharp(model: nn.Module, batch: Tensor, carry: Any) -> tuple[Tensor, None]:
        assert isinstance(model, Rows)
        return total(model, batch, carry)[0] + (model.output.bias - model.output.bias.detach()).abs().sqrt().sum(), None

    def explain(model: nn.Module, batches: list[Tensor], carry: Any) -> str:
        from anaphora.training.non_finite import explained

        return explained(model, sharp, batches, carry, names)

    run, _ = loop(
        tmp_path, model=Rows(), batches=Sequences([]), loss=sharp, evaluate=lambda model: 1.0, explain=explain
    )
    outcome = run.run()
    assert "gradient norm was nan" in outcome.diagnosis
    assert "at step 1 of 30. The outputs were finite, but the gradient of 'output.bias' was not." in outcome.diagnosis


def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.pick("cpu", "float32") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.pick("auto", "float32") == torch.device("cpu")
    with pytest.raises(UsageError, match=r"--device cuda: torch .* finds no such device"):
        device.pick("cuda", "float32")
    with pytest.raises(UsageError, match="bfloat16 needs a GPU"):
        device.pick("auto", "bfloat16")
