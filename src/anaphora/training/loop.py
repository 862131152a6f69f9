"""The loop that trains every task.

    for step in 1 … total:   gradient of loss(model, batches.at(step − 1), carry)
                             → clip → AdamW at schedule.rate(step)
                             where schedule.evaluates(step): look at the held-out part, keep the best weights on disk

What is trained on, the loss, the judgement, the watches and the probes are arguments; the loop knows no task. A batch
is a function of the step, and the carry (the state that truncated backpropagation through time hands from window to
window) is a value that the loss gives back, so that a run is its plans, its seed and nothing else. A loss or gradient
that is not finite ends it before the weights take it in; a run that ends before its first look keeps what it has.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.config import Training
from anaphora.errors import AnaphoraError, Diverged, Interrupted, Terminated, UsageError
from anaphora.training import checkpoint
from anaphora.training.optim import Average, clip, optimiser, set_rate
from anaphora.training.plan import Budget, Schedule
from anaphora.training.watch import Evaluation, Silent, Step, Watch

Batch = TypeVar("Batch")
Stopped = Literal["finished", "early", "interrupted", "terminated", "diverged", "unwritable"]
Probe = Callable[[nn.Module, int], Mapping[str, float]]

_READ_EVERY = 20  # steps, on a device that works ahead of us: reading a number waits for it
_UNTIMED = 2  # first steps that pay for pages and caches


class Batches(Protocol[Batch]):
    """What is trained on: a function of the position, so that any step can be made again."""

    def at(self, position: int) -> Batch:
        """The batch at this position, counted from 0 and going on for ever."""

    def units(self, batch: Batch) -> int:
        """How many units of the task it holds."""


@dataclass(frozen=True)
class Best:
    """The best look at the held-out part and the weights it saw; the checkpoint holds the same, if it could be written.

    `loss` is not a number where a run ended before its weights could be judged.
    """

    step: int
    loss: float
    weights: str  # raw or average
    tensors: Mapping[str, NDArray[Any]] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    stopped: Stopped
    steps: int
    best: Best | None
    seconds: float
    trouble: str = ""

    def error(self, saved: str) -> AnaphoraError | None:
        """The error a run that was cut off ends in, once the task has saved what it could; `saved` says what and
        where.
        """
        if self.stopped == "interrupted":
            return Interrupted(f"Stopped by Ctrl-C after step {self.steps}. {saved}")
        if self.stopped == "terminated":
            return Terminated(f"Asked to stop after step {self.steps}. {saved}")
        if self.stopped == "diverged":
            return Diverged(
                f"{self.trouble} {saved} What usually helps: a lower --learning-rate, a longer --warmup or a smaller"
                " --clip."
            )
        if self.stopped == "unwritable":
            return UsageError(f"{self.trouble} {saved}")
        return None


@dataclass
class Loop(Generic[Batch]):
    """One run: `run()` trains until the schedule's plans say it ends, or something else ends it."""

    model: nn.Module
    batches: Batches[Batch]
    loss: Callable[[nn.Module, Batch, Any], tuple[Tensor, Any]]
    evaluate: Callable[[nn.Module], float]
    schedule: Schedule
    training: Training
    best_path: Path
    watch: Watch = field(default_factory=Silent)
    budget: Budget | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.step = 0
        self.carry: Any = None
        self.best: Best | None = None
        self._adam = optimiser(self.model, self.training)
        self._average = Average(self.model, self.training.average) if self.training.average > 0 else None
        self._broken = torch.zeros((), device=next(self.model.parameters()).device)  # 1 once a number is not finite
        self._worse = 0  # looks in a row without a better one
        self._unread: list[tuple[Tensor, Tensor, int, float]] = []
        self._losses: list[float] = []  # since the last look
        self._times: list[float] = []  # seconds per step since the last look
        self._evaluation_seconds = 0.0
        self._read_every = 1 if next(self.model.parameters()).device.type == "cpu" else _READ_EVERY

    def run(self) -> Outcome:
        """Train, and say how it ended; nothing is raised for an interruption, a divergence or a file that cannot be
        written, so that the caller can save first.
        """
        self._begun = self.clock()
        stopped, trouble = self._until_stopped()
        if stopped not in ("finished", "early"):
            self._keep_what_there_is()
        return Outcome(stopped, self.step, self.best, self.clock() - self._begun, trouble)

    def _until_stopped(self) -> tuple[Stopped, str]:
        try:
            if self.budget is not None and not self.schedule.plans:
                self._adopt(self.budget.trial(self.schedule))
            else:
                self.watch.plan(self.schedule.plans[-1])
            while self.step < self.schedule.total_steps:
                self._one_step()
                if self._look_is_due():
                    self._look()
                    self._plan_again()
                    if 0 < self.training.patience <= self._worse:
                        return "early", ""
            return "finished", ""
        except Diverged as error:
            return "diverged", str(error)
        except UsageError as error:
            return "unwritable", str(error)
        except (KeyboardInterrupt, Terminated) as cut:
            return ("terminated" if isinstance(cut, Terminated) else "interrupted"), ""

    def _keep_what_there_is(self) -> None:
        """Before the first look: give the weights one; where that fails too, keep them unjudged if they are finite."""
        if self.best is not None or self.step == 0:
            return
        ends = (Diverged, KeyboardInterrupt, Terminated, UsageError)  # the run has ended, and has said why
        with contextlib.suppress(*ends):
            self._look()
        if self.best is None and all(bool(tensor.isfinite().all()) for tensor in self.model.state_dict().values()):
            with contextlib.suppress(*ends):
                self._keep(self.step, math.nan, "raw")

    def _one_step(self) -> None:
        begun = self.clock()
        batch = self.batches.at(self.step)
        rate = self.schedule.rate(self.step + 1)
        set_rate(self._adam, rate)
        loss, self.carry = self.loss(self.model, batch, self.carry)
        self._adam.zero_grad()
        loss.backward()
        norm = clip(self.model, self.training.clip)
        self._broken = torch.maximum(self._broken, 1.0 - (loss.detach().isfinite() & norm.isfinite()).float())
        vars(self._adam)["found_inf"] = self._broken  # where it is 1, the fused AdamW leaves the weights alone
        self._adam.step()
        self.step += 1
        if self._average is not None:
            self._average.update(self.schedule.total_steps)
        self._unread.append((loss.detach(), norm, self.batches.units(batch), rate))
        if len(self._unread) >= self._read_every:
            self._read()
        self._times.append(self.clock() - begun)

    def _read(self) -> None:
        """Fetch the losses and norms of the last steps from the device, check them and tell the watch."""
        if not self._unread:
            return
        losses, norms, units, rates = zip(*self._unread, strict=True)
        self._unread = []
        numbers = torch.stack([number.double() for number in (*losses, *norms)]).tolist()
        first = self.step - len(losses) + 1
        recent = self._times[-_READ_EVERY:]
        pace = sum(recent) / len(recent) if recent else math.nan
        for offset, (loss, norm) in enumerate(zip(numbers[: len(losses)], numbers[len(losses) :], strict=True)):
            step = first + offset
            self._losses.append(loss)
            self.watch.step(
                Step(
                    step=step,
                    total_steps=self.schedule.total_steps,
                    loss=loss,
                    learning_rate=rates[offset],
                    gradient_norm=norm,
                    units=units[offset],
                    seconds=self.clock() - self._begun,
                    units_per_second=units[offset] / pace if pace > 0 else math.nan,
                    seconds_left=self._seconds_left(step, pace),
                )
            )
            if not math.isfinite(loss) or not math.isfinite(norm):
                what = (
                    f"loss was {loss}" if not math.isfinite(loss) else f"gradient's norm was {norm} (loss {loss:.4g})"
                )
                self.step = step - 1  # the weights took this and later gradients in no more
                raise Diverged(f"The {what} at step {step} of {self.schedule.total_steps}.")

    def _seconds_left(self, step: int, pace: float) -> float:
        looks = self.schedule.looks_left(step, self.schedule.plans[-1].evaluations)
        return (self.schedule.total_steps - step) * pace + looks * self._evaluation_seconds

    def _look_is_due(self) -> bool:
        trial = self.schedule.plans[-1].reason == "trial"
        if self.budget is not None and not trial:
            self._adopt(self.budget.stop(self.schedule, self.step, self._evaluation_seconds))
        tried = self.budget is not None and trial and self.budget.tried_enough(self._times)
        return tried or self.schedule.evaluates(self.step)

    def _look(self) -> None:
        """Judge the weights, the averaged ones beside them, and keep the better if they are the best so far."""
        self._read()
        begun = self.clock()
        self.model.eval()
        with torch.no_grad():
            loss, weights = self.evaluate(self.model), "raw"
            if self._average is not None:
                with self._average.in_place():
                    averaged = self.evaluate(self.model)
                if averaged < loss:
                    loss, weights = averaged, "average"
            if not math.isfinite(loss):
                raise Diverged(
                    f"The loss on the held-out part was {loss} at step {self.step} of {self.schedule.total_steps}."
                )
            found = {name: probe(self.model, self.step) for name, probe in self.probes.items()}
        better = self.best is None or loss < self.best.loss
        if better:
            self._keep(self.step, loss, weights)
        self._worse = 0 if better else self._worse + 1
        self.model.train()
        self._evaluation_seconds = self.clock() - begun
        assert self.best is not None
        self.watch.evaluation(
            Evaluation(
                step=self.step,
                total_steps=self.schedule.total_steps,
                loss=loss,
                weights=weights,
                best=better,
                best_loss=self.best.loss,
                train_loss=math.fsum(self._losses) / len(self._losses) if self._losses else math.nan,
                seconds=self.clock() - self._begun,
                probes=found,
            )
        )
        self._losses = []

    def _keep(self, step: int, loss: float, weights: str) -> None:
        """Hold on to the weights and to what is known of them, in one assignment, then write them down."""
        averaged = weights == "average" and self._average is not None
        with self._average.in_place() if averaged and self._average is not None else contextlib.nullcontext():
            tensors = {name: array.copy() for name, array in as_arrays(self.model).items()}
        self.best = Best(step, loss, weights, tensors)
        facts = {"step": step, "loss": loss if math.isfinite(loss) else None, "weights": weights}
        checkpoint.write(self.best_path, tensors, facts)

    def _plan_again(self) -> None:
        """After a look: fix the plan if this was the trial, bend it if the run would not end in time."""
        times = self._times[_UNTIMED:] if len(self._times) > 2 * _UNTIMED else self._times
        self._times = []
        if self.budget is not None and times and self.step < self.schedule.total_steps:
            pace = sum(times) / len(times)
            self._adopt(self.budget.plan(self.schedule, self.step, pace, self._evaluation_seconds))

    def _adopt(self, plan: Any) -> None:
        """Have a plan written down, then let it take effect."""
        if plan is not None:
            self.watch.plan(plan)
            self.schedule.plans.append(plan)


def as_arrays(model: nn.Module) -> dict[str, Any]:
    """A model's tensors as numpy arrays on the CPU, under the names of its state_dict."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}
