"""One update of the weights.

    g = ∇ Σ loss / units        over the batches of the update and the workers, units counted over all of them
    w ← AdamW(w, g · min(1, c/‖g‖), rate)

A task's loss is a sum over the units of a batch; dividing by the units of the whole update makes the gradient the same
however the rows are dealt to batches and workers. The carry (the state that truncated backpropagation through time
hands from window to window) is a value that a loss gives back.

Source: clipping, Pascanu, Mikolov and Bengio, ICML 2013.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from anaphora.config import Training
from anaphora.training.distributed.workers import Workers
from anaphora.training.optim import clip, optimiser, set_rate

Batch = TypeVar("Batch")
Loss = Callable[[nn.Module, Batch, Any], tuple[Tensor, Any]]


class Batches(Protocol[Batch]):
    """Training data as batches, a function of the position, so that any step can be repeated."""

    def at(self, position: int) -> Batch:
        """Return the batch at this position, counted from 0 without end."""

    def units(self, batch: Batch) -> int:
        """Return the number of units in a batch's loss."""

    def part(self, batch: Batch, rank: int, ranks: int) -> Batch:
        """Return one worker's rows of a batch, in the same order for every batch; none if there are fewer rows than
        workers.
        """


class Taken(NamedTuple):
    """The facts of an update: numbers on the model's device, not yet read."""

    loss: Tensor  # mean over the units
    norm: Tensor  # of the gradient before clipping
    ratio: Tensor | None  # ‖Δw‖/‖w‖, where it was asked for
    units: int


class Updater(Generic[Batch]):
    """A model, its batches, and its optimiser."""

    def __init__(
        self, model: nn.Module, batches: Batches[Batch], loss: Loss[Batch], training: Training, workers: Workers
    ) -> None:
        self.model, self.batches, self.workers = model, batches, workers
        self.carry: Any = None
        self.entered: Any = None  # the carry that the last update began with
        self.adam = optimiser(model, training)
        self._clip = training.clip
        self._accumulate = training.accumulate
        self._module = workers.wrap(model, loss)
        self._settled = workers.ranks <= 2  # two numbers have one sum
        device = next(model.parameters()).device
        self._broken = torch.zeros((), device=device)  # 1 once a number is not finite
        half = training.precision == "bfloat16"
        self._precision = (lambda: torch.autocast(device.type, torch.bfloat16)) if half else contextlib.nullcontext

    def taken(self, step: int) -> list[Batch]:
        """Return the batches of update number `step`, counted from 1."""
        first = (step - 1) * self._accumulate
        return [self.batches.at(position) for position in range(first, first + self._accumulate)]

    def parts(self, step: int) -> list[Batch]:
        """Return this worker's rows of them."""
        return [self.batches.part(batch, self.workers.rank, self.workers.ranks) for batch in self.taken(step)]

    def update(self, step: int, rate: float, *, measured: bool) -> Taken:
        """Make update number `step`; `measured` requests the size of the change of the weights."""
        batches = self.taken(step)
        units = sum(self.batches.units(batch) for batch in batches)
        set_rate(self.adam, rate)
        self.adam.zero_grad()
        self.entered = self.carry
        if not self._settled:
            self._settle(batches, units)
        loss = self.workers.all_reduce(self._backward(batches, units)) / units
        norm = clip(self.model, self._clip)
        self._broken = torch.maximum(self._broken, 1.0 - (loss.isfinite() & norm.isfinite()).float())
        vars(self.adam)["found_inf"] = self._broken  # where it is 1, the fused AdamW leaves the weights alone
        before = [parameter.detach().clone() for parameter in self.model.parameters()] if measured else []
        self.adam.step()
        return Taken(loss, norm, self._moved(before) if measured else None, units)

    def _backward(self, batches: list[Batch], units: int) -> Tensor:
        """Add up the gradients of all batches, and return the sum of this worker's losses."""
        workers = self.workers
        total = torch.zeros((), dtype=torch.float64, device=self._broken.device)
        for number, batch in enumerate(batches):
            more = number + 1 < len(batches)
            with workers.no_sync(self._module) if more else contextlib.nullcontext():
                part = self.batches.part(batch, workers.rank, workers.ranks)
                with self._precision():
                    loss, self.carry = self._module(part, self.carry)
                (loss * (workers.ranks / units)).backward()
                total += loss.detach()
        return total

    def _settle(self, batches: list[Batch], units: int) -> None:
        """Run one backward pass without effect, because workers exchange gradients in their final order only
        afterwards; a resumed run then adds them up in the same order.
        """
        device = self._broken.device
        with torch.random.fork_rng([torch.cuda.current_device()] if device.type == "cuda" else []):
            self._backward(batches, units)
        self.adam.zero_grad()
        self.carry, self._settled = self.entered, True

    def _moved(self, before: list[Tensor]) -> Tensor:
        now = [parameter.detach() for parameter in self.model.parameters()]
        length = torch.nn.utils.get_total_norm
        return length(torch._foreach_sub(now, before)) / length(before).clamp_min(1e-30)
