"""The learning-rate finder: against a ramp made by hand, untouched models, and what it says of odd losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from anaphora.config import Training
from anaphora.training.lr_finder import find, judge
from anaphora.training.optim import optimiser


class Points:
    """Batches of a linear problem, a function of the position."""

    def at(self, position: int) -> tuple[Tensor, Tensor]:
        x = torch.from_numpy(np.random.default_rng(position).normal(size=(64, 3)))
        return x, x @ torch.tensor([[1.0], [-2.0], [0.5]], dtype=torch.float64)

    def units(self, batch: tuple[Tensor, Tensor]) -> int:
        return len(batch[0])

    def part(self, batch: Any, rank: int, ranks: int) -> Any:
        return batch


def square(model: nn.Module, batch: tuple[Tensor, Tensor], carry: int | None) -> tuple[Tensor, int]:
    return (model(batch[0]) - batch[1]).square().sum(), (carry or 0) + 1


def problem() -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(nn.Dropout(0.25), nn.Linear(3, 1, dtype=torch.float64))


TRAINING = Training(clip=0.5, weight_decay=0.1)


def test_the_losses_are_those_of_a_ramp_made_by_hand() -> None:
    tested = find(problem(), Points(), square, TRAINING, low=1e-4, high=1.0, steps=20)
    model = problem()
    drawn = torch.get_rng_state()  # dropout goes on from here: the finder copied the model after it was made
    adam = torch.optim.AdamW(
        [{"params": [model[1].weight], "weight_decay": 0.1}, {"params": [model[1].bias], "weight_decay": 0.0}],
        betas=(0.9, 0.99),
    )
    torch.set_rng_state(drawn)
    for number, (rate, loss) in enumerate(zip(tested.rates, tested.losses, strict=True)):
        assert rate == pytest.approx(1e-4 * 10 ** (4 * number / 19), rel=1e-12)
        for group in adam.param_groups:
            group["lr"] = rate
        x, y = Points().at(number)
        ours = (model(x) - y).square().mean()
        adam.zero_grad()
        ours.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        adam.step()
        assert loss == pytest.approx(ours.item(), rel=1e-9)
    assert len(tested.losses) == 20


def bits(model: nn.Module, adam: torch.optim.Optimizer) -> list[bytes]:
    tensors = [*model.state_dict().values(), *(p.grad for p in model.parameters() if p.grad is not None)]
    memory = [t for kept in adam.state_dict()["state"].values() for t in kept.values()]
    return [tensor.numpy().tobytes() for tensor in (*tensors, *memory, torch.get_rng_state())]


def test_model_optimiser_and_random_numbers_stay_as_they_were() -> None:
    model = problem().eval()
    adam = optimiser(model, TRAINING)
    square(model, Points().at(99), None)[0].backward()
    adam.step()
    before, rates = bits(model, adam), [group["lr"] for group in adam.param_groups]
    carry = torch.ones(2)
    find(model, Points(), square, TRAINING, adam=adam, carry=None, begun=7, steps=12)
    find(model, Points(), lambda m, b, c: (square(m, b, None)[0], c.mul_(2)), TRAINING, carry=carry, steps=3)
    assert bits(model, adam) == before
    assert not model.training
    assert [group["lr"] for group in adam.param_groups] == rates
    assert torch.equal(carry, torch.ones(2))


def test_it_goes_on_from_an_optimisers_memory_and_a_step() -> None:
    model = nn.Linear(3, 1, dtype=torch.float64)
    adam = optimiser(model, TRAINING)
    square(model, Points().at(0), None)[0].backward()
    adam.step()
    cold, warm = (find(model, Points(), square, TRAINING, adam=given, begun=1, steps=5) for given in (None, adam))
    x, y = Points().at(1)  # batch number 2 is the first
    assert warm.losses[0] == cold.losses[0] == pytest.approx((model(x) - y).square().mean().item(), rel=1e-12)
    assert warm.losses[2:] != cold.losses[2:]


def test_a_tenth_of_where_the_loss_is_least() -> None:
    rates = [10 ** (-5 + 0.1 * i) for i in range(51)]  # 1e-5 … 1
    losses = [1 + (math.log10(rate) + 2) ** 2 for rate in rates]  # least at 1e-2
    noise = np.random.default_rng(0).normal(0, 0.005, len(rates)).tolist()
    tested = judge(rates, [loss + more for loss, more in zip(losses, noise, strict=True)])
    assert tested.suggested == 1e-3  # a tenth of the rate where the mean of five losses is least
    assert tested.note == ""
    whole = judge(rates, losses)
    assert whole.suggested == 1e-3
    k = 2  # 3 % of 51
    assert whole.smooth[20] == pytest.approx(sum(losses[20 - k : 21 + k]) / 5, rel=1e-12)
    assert whole.smooth[0] == pytest.approx(sum(losses[:3]) / 3, rel=1e-12)


@pytest.mark.parametrize(
    ("losses", "suggested", "words"),
    [
        ([], None, "first loss was not finite"),
        ([3.0] * 30, None, "did not fall at any learning rate"),
        ([3.0 + 0.1 * i for i in range(30)], None, "did not fall at any learning rate"),
        ([3.0 - 0.05 * i for i in range(30)], 0.13, "still fell at the highest learning rate"),
    ],
)
def test_what_is_said_of_odd_losses(losses: list[float], suggested: float | None, words: str) -> None:
    tested = judge([1e-5 * 1.5**i for i in range(len(losses))], losses)
    assert tested.suggested == suggested  # a tenth of 1e-5 · 1.5²⁹ where there is a rate
    assert words in tested.note


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e9])
def test_it_ends_where_the_loss_is_lost(bad: float) -> None:
    def breaks(model: nn.Module, batch: Any, carry: int | None) -> tuple[Tensor, int]:
        loss, count = square(model, batch, carry)
        return (loss * bad if count == 8 else loss), count

    tested = find(problem(), Points(), breaks, TRAINING, steps=20)
    assert len(tested.rates) == len(tested.losses) == 7
