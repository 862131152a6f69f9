"""Learning rate range test: a hundred updates with a rising learning rate, and the rate with the lowest loss.

    η(i) = low · (high/low)^(i/(n−1))                 learning rate of update i = 0 … n−1
    L̂(i) = mean of L(i−k) … L(i+k)                    a centred mean, which does not lag behind the learning rate
    η    = η(argmin L̂) / 10                           the suggestion

Near the lowest L̂ the updates stop reducing the loss. A tenth of that learning rate lies where the loss still falls. The
test updates copies of the model and the optimiser: the originals and torch's random generator stay unchanged. The test
ends early at a loss that is not finite, or when the mean is four times the lowest mean.

Source: Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3. Smith raises the learning
rate linearly and reads the suggestion off the plot; the geometric rise and the tenth are later common practice.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn

from anaphora.config import Training
from anaphora.training import device
from anaphora.training.distributed.workers import Alone
from anaphora.training.initial import first_model
from anaphora.training.task import TrainingTask
from anaphora.training.update import Batches, Loss, Updater

Batch = TypeVar("Batch")
LOW, HIGH, STEPS = 1e-6, 10.0, 100

_REACH = 0.03  # k, as a share of the steps
_SHARE = 0.1  # of the learning rate with the lowest loss
_LOST = 4.0  # times the lowest loss: higher learning rates give no more information
_FALLEN = 0.02  # of the first loss: if it fell by less, the network learned at no learning rate


@dataclass(frozen=True)
class LRRangeTest:
    """The losses at each learning rate; `suggested` may be None, for the reason in `note`; an empty `note` means that
    nothing is unusual.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]
    suggested: float | None
    note: str


def find(
    model: nn.Module,
    batches: Batches[Batch],
    loss: Loss[Batch],
    training: Training,
    *,
    adam: torch.optim.Optimizer | None = None,
    carry: Any = None,
    begun: int = 0,
    low: float = LOW,
    high: float = HIGH,
    steps: int = STEPS,
) -> LRRangeTest:
    """Run a range test after update number `begun`, on copies of model and optimiser; with `adam`, from its state."""
    where = next(model.parameters()).device
    losses: list[float] = []
    means: list[float] = []  # over as many losses as are smoothed
    width = 2 * _reach(steps) + 1
    rates = [low * (high / low) ** (i / (steps - 1)) for i in range(steps)]
    with torch.random.fork_rng([torch.cuda.current_device()] if where.type == "cuda" else []):
        updater = Updater(copy.deepcopy(model).train(), batches, loss, training, Alone())
        updater.carry = copy.deepcopy(carry)
        if adam is not None:
            updater.adam.load_state_dict(copy.deepcopy(adam.state_dict()))
        for number, rate in enumerate(rates):
            found = float(updater.update(begun + number + 1, rate, measured=False).loss)
            near = [*losses, found][-width:]
            means.append(math.fsum(near) / len(near))
            if not math.isfinite(found) or means[-1] > _LOST * min(means):
                break
            losses.append(found)
    return judge(rates[: len(losses)], losses)


def range_test(work: TrainingTask[Any], steps: int = STEPS) -> LRRangeTest:
    """Return the range test of a task, from its initial weights. Raises UsageError for a device that is missing."""
    training = work.training
    with torch.random.fork_rng(devices=[]):
        model = first_model(work.tree, training.seed, work.initialise)
        model.to(device.pick(training.device, training.precision))
        return find(model, work.batches, work.batch_loss, training, steps=steps)


def judge(rates: Sequence[float], losses: Sequence[float]) -> LRRangeTest:
    """Return the suggested learning rate for the losses of a range test."""
    reach = _reach(len(losses))
    smooth = [math.fsum(near := losses[max(0, i - reach) : i + reach + 1]) / len(near) for i in range(len(losses))]
    kept = tuple(rates), tuple(losses), tuple(smooth)
    if not smooth:
        return LRRangeTest(
            *kept,
            None,
            ("The first loss was not finite: the cause is the data or the initial weights, not the learning rate."),
        )
    least = min(range(len(smooth)), key=smooth.__getitem__)
    if smooth[least] > smooth[0] - _FALLEN * abs(smooth[0]):
        return LRRangeTest(
            *kept, None, "The loss did not fall at any learning rate: the network learned nothing in so few steps."
        )
    note = "The loss still fell at the highest learning rate: test higher rates." if least == len(smooth) - 1 else ""
    return LRRangeTest(*kept, float(f"{_SHARE * rates[least]:.2g}"), note)


def _reach(steps: int) -> int:
    return max(1, round(_REACH * steps))
