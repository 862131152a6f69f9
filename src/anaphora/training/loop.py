"""The loop that trains every task.

    for step in 1 … total:   update(step, schedule.rate(step))
                             where schedule.evaluates(step): validate, keep the best weights on disk

The batches, the loss, the validation, the observers and the probes are arguments; the loop knows no task. A batch is a
function of the step and the carry is a value, so that plans and seed determine a run: `snapshot` is its whole state as
tensors and facts, and a loop with that state (`restore`) continues as if it had never stopped. A loss or gradient that
is not finite ends a run before the weights use it; a run that ends before its first validation keeps its last weights.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from anaphora.config import Training
from anaphora.errors import Diverged, Terminated, UsageError
from anaphora.training import checkpoint, memory, non_finite, state
from anaphora.training.distributed.workers import Alone, Workers
from anaphora.training.observer import Evaluation, Observer, Step
from anaphora.training.optim import Average
from anaphora.training.outcome import Best, Outcome, Stopped
from anaphora.training.plan import Budget, Plan, Schedule
from anaphora.training.signals import Signals
from anaphora.training.update import Batches, Loss, Taken, Updater

Batch = TypeVar("Batch")
Probe = Callable[[nn.Module, int], Mapping[str, float]]

_READ_EVERY = 20  # steps, on a device that works ahead of us: reading a number waits for it
_UNTIMED = 2  # first steps that pay for pages and caches
_MARKS = 400  # steps of a run that are measured closely and written down
_WRITING_SHARE = 0.05  # of the time at most goes into checkpoints
_ENDS = (Diverged, KeyboardInterrupt, Terminated, UsageError)  # suppressed where a run has ended and has said why


@dataclass
class Loop(Generic[Batch]):
    """One run: `run()` trains until the end of the schedule's plans, or until another event ends it."""

    model: nn.Module
    batches: Batches[Batch]
    loss: Loss[Batch]
    evaluate: Callable[[nn.Module], float]
    schedule: Schedule
    training: Training
    folder: Path  # for checkpoints
    observer: Observer = field(default_factory=Observer)
    budget: Budget | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    limit: Callable[[Plan], None] = lambda plan: None  # sets the shares of the examples for which a plan has time
    explain: Callable[[nn.Module, list[Batch], Any], str] | None = None  # where a number stopped being finite
    logged: Callable[[], int] = int  # bytes of the log that belong to the events reported so far
    workers: Workers = field(default_factory=Alone)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.at = state.Where()
        self.best: Best | None = None
        self.updater = Updater(self.model, self.batches, self.loss, self.training, self.workers)
        self._average = Average(self.model, self.training.average) if self.training.average > 0 else None
        self._foreseen: list[Plan] = []  # recorded by a run that was cut off, to be made true again
        self._unread: list[tuple[Taken, float]] = []
        self._times: list[float] = []  # seconds per step since the last validation
        self._units = 0  # of those steps
        self._between = True  # two steps: what there is, is a whole run
        self._written, self._writing = 0.0, 0.0  # when the last checkpoint was written, and how long it took
        self._signals = Signals()
        self._read_every = 1 if next(self.model.parameters()).device.type == "cpu" else _READ_EVERY

    @property
    def step(self) -> int:
        """The number of updates of the weights."""
        return self.at.step

    @property
    def carry(self) -> Any:
        """The state that the last window passes to the next one."""
        return self.updater.carry

    def run(self) -> Outcome:
        """Train, and return the outcome; an interruption, a divergence or an unwritable file raises nothing, so that
        the caller can save first.
        """
        self._written = self.clock()
        self._begun = self._written - self.at.seconds
        with self._signals:
            stopped, why = self._until_stopped()
            if stopped in ("interrupted", "terminated") and self._between and self.step:
                with contextlib.suppress(*_ENDS):
                    self._write_down()
            if stopped not in ("finished", "early"):
                self._keep_what_there_is()
                self._signals.noted = None  # one that comes late changes nothing
        return Outcome(stopped, self.step, self.best, self.clock() - self._begun, why)

    def _until_stopped(self) -> tuple[Stopped, str]:
        try:
            self._begin()
            while True:
                if self.at.due:
                    self._validate_and_plan()
                if 0 < self.training.patience <= self.at.worse:
                    return "early", ""
                if self.step >= self.schedule.total_steps:
                    return "finished", ""
                self._between = False
                self._one_step()
                write, cut = self._decide()
                self._between = True
                self._signals.answer(cut)
                if write:
                    self._write_down()
        except Diverged as error:
            return "diverged", str(error)
        except UsageError as error:
            self.workers = self.workers.leave()  # the first is the one that writes: the others know nothing of it
            return "unwritable", str(error)
        except (MemoryError, RuntimeError) as error:
            if self.workers.ranks > 1 or not memory.is_of_memory(error):
                raise  # among several workers, the error must reach the others first
            return "exhausted", f"At step {self.step + 1} of {self.schedule.total_steps}: {memory.of_memory(error)}"
        except (KeyboardInterrupt, Terminated) as cut_off:
            return ("terminated" if isinstance(cut_off, Terminated) else "interrupted"), ""

    def _begin(self) -> None:
        if self._foreseen and not self.schedule.plans:
            self._adopt(asdict(self._foreseen.pop(0)))
        elif self.budget is not None and not self.schedule.plans:
            self._adopt(asdict(self.budget.trial(self.schedule)))
        elif self.step == 0:
            self.observer.plan(self.schedule.plans[-1])

    def _keep_what_there_is(self) -> None:
        """Before the first validation: validate the weights; if that fails too, keep them without a loss if they are
        finite.
        """
        if self.best is not None or self.step == 0:
            return
        with contextlib.suppress(*_ENDS):
            self._take_in(*self._judge())
        if self.best is None and all(bool(tensor.isfinite().all()) for tensor in self.model.state_dict().values()):
            with contextlib.suppress(*_ENDS):
                self._keep(self.step, math.nan, "raw")

    # One step

    def _one_step(self) -> None:
        begun = self.clock()
        step = self.step + 1
        rate = self.schedule.rate(step)
        taken = self.updater.update(step, rate, measured=step == 1 or self.schedule.passes(step, _MARKS))
        self.at.step = step
        if self._average is not None:
            self._average.update(self.schedule.total_steps)
        self._unread.append((taken, rate))
        if len(self._unread) >= self._read_every:
            self._read()
        self._times.append(self.clock() - begun)
        self._units += taken.units

    def _read(self) -> None:
        """Fetch the losses and norms of the last steps from the device, check them and report them."""
        unread, self._unread = self._unread, []
        if not unread:
            return
        read = torch.stack([number.double() for taken, _ in unread for number in (taken.loss, taken.norm)]).tolist()
        first = self.step - len(unread) + 1
        recent = self._times[-_READ_EVERY:]
        pace = sum(recent) / len(recent) if recent else math.nan
        for offset, (taken, rate) in enumerate(unread):
            self._report_step(first + offset, read[2 * offset], read[2 * offset + 1], taken, rate, pace)

    def _report_step(self, step: int, loss: float, norm: float, taken: Taken, rate: float, pace: float) -> None:
        """Report one step's numbers to the observer, and end the run if they are not finite."""
        self.at.losses.append(loss)
        self.at.clipped.append(0 < self.training.clip < norm)
        self.observer.step(
            Step(
                step=step,
                total_steps=self.schedule.total_steps,
                loss=loss,
                learning_rate=rate,
                gradient_norm=norm,
                clip_rate=sum(self.at.clipped) / len(self.at.clipped),
                update_ratio=math.nan if taken.ratio is None else float(taken.ratio),
                marked=taken.ratio is not None,
                units=taken.units,
                seconds=self.clock() - self._begun,
                units_per_second=taken.units / pace if pace > 0 else math.nan,
                seconds_left=self._seconds_left(step, pace),
            )
        )
        if taken.ratio is not None:
            self.at.clipped = []
        if not math.isfinite(loss) or not math.isfinite(norm):
            what = f"loss was {loss}" if not math.isfinite(loss) else f"gradient norm was {norm} (loss {loss:.4g})"
            self.at.step = step - 1  # the weights took this and later gradients in no more
            where = "" if self.explain is None else f" {self._explained(step)}"
            raise Diverged(f"The {what} at step {step} of {self.schedule.total_steps}.{where}")

    def _explained(self, step: int) -> str:
        assert self.explain is not None
        carry = self.updater.entered if self._read_every == 1 else None  # a device is some steps ahead by now
        return non_finite.first_explanation(
            self.workers.all_gather(self.explain(self.model, self.updater.parts(step), carry))
        )

    def _seconds_left(self, step: int, pace: float) -> float:
        validations = self.schedule.validations_left(step, self.schedule.plans[-1].evaluations)
        return (self.schedule.total_steps - step) * pace + validations * self.at.evaluation_seconds

    def _decide(self) -> tuple[bool, int | None]:
        """Share the first worker's clock and signals with all workers: whether a validation is due, whether a
        checkpoint is due, and the signal to answer.
        """
        plan, tried = None, False
        if self.budget is not None and not self._foreseen:
            if self.schedule.plans[-1].reason == "trial":
                tried = self.budget.tried_enough(self._times)
            else:
                plan = self.budget.stop(self.schedule, self.step, self.at.evaluation_seconds)
        since = self.clock() - self._written
        write = since >= 60 * self.training.checkpoint_minutes and self._is_cheap(since)
        said = self.workers.broadcast(
            [tried, plan and asdict(plan), write, self.workers.received_signal(self._signals.noted)]
        )
        self._adopt(said[1])
        planned = bool(self._foreseen) and self._foreseen[0].from_step <= self.step
        self.at.due = said[0] or planned or self.schedule.evaluates(self.step)
        return said[2], said[3]

    # A validation

    def _validate_and_plan(self) -> None:
        self._plan_a_validation()
        begun = self.clock()
        loss, weights, probes = self._judge()
        self._between = False
        self._take_in(loss, weights, probes)
        self.at.due = False
        self.at.evaluation_seconds = self.clock() - begun
        self._plan_again()
        self._between = True
        self._signals.answer(self.workers.broadcast(self.workers.received_signal(self._signals.noted)))
        last = self.step >= self.schedule.total_steps or 0 < self.training.patience <= self.at.worse
        if self.workers.broadcast(last or self._is_cheap(self.clock() - self._written)):
            self._write_down()

    def _judge(self) -> tuple[float, str, dict[str, Mapping[str, float]]]:
        """Return the validation loss of the weights, or of the averaged weights if they are better, and the values of
        the probes.

        The first worker validates; its result, or an interruption, is the same for all.
        """
        self._read()
        cut, loss, weights, probes = self.workers.broadcast(self._judged() if self.workers.rank == 0 else None)
        if cut:
            raise Terminated("asked to stop.") if cut == "terminated" else KeyboardInterrupt
        if not math.isfinite(loss):
            where = f"at step {self.step} of {self.schedule.total_steps}"
            raise Diverged(f"The validation loss was {loss} {where}.")
        return loss, weights, probes

    def _judged(self) -> tuple[str, float, str, dict[str, Mapping[str, float]]]:
        try:
            with self._judging(), torch.no_grad(), self._signals.released():
                loss, weights = self.evaluate(self.model), "raw"
                if self._average is not None:
                    with self._average.in_place():
                        averaged = self.evaluate(self.model)
                    if averaged < loss:
                        loss, weights = averaged, "average"
                probes = self.probes if math.isfinite(loss) else {}
                return "", loss, weights, {name: dict(probe(self.model, self.step)) for name, probe in probes.items()}
        except (KeyboardInterrupt, Terminated) as cut:
            return "terminated" if isinstance(cut, Terminated) else "interrupted", math.nan, "", {}

    def _take_in(self, loss: float, weights: str, probes: Mapping[str, Mapping[str, float]]) -> None:
        """Keep the weights if they are the best so far, and report to the observer."""
        better = self.best is None or loss < self.best.loss
        if better:
            self._keep(self.step, loss, weights)
        self.at.worse = 0 if better else self.at.worse + 1
        assert self.best is not None
        losses, self.at.losses = self.at.losses, []
        self.observer.evaluation(
            Evaluation(
                step=self.step,
                total_steps=self.schedule.total_steps,
                loss=loss,
                weights=weights,
                best=better,
                best_loss=self.best.loss,
                train_loss=math.fsum(losses) / len(losses) if losses else math.nan,
                seconds=self.clock() - self._begun,
                probes=probes,
            )
        )

    @contextlib.contextmanager
    def _judging(self) -> Iterator[None]:
        self.model.eval()
        try:
            yield
        finally:
            self.model.train()

    def _keep(self, step: int, loss: float, weights: str) -> None:
        """Keep the weights and their facts in one assignment, then write them to disk."""
        averaged = weights == "average" and self._average is not None
        with self._average.in_place() if averaged and self._average is not None else contextlib.nullcontext():
            tensors = {name: array.copy() for name, array in state.as_arrays(self.model).items()}
        self.best = Best(step, loss, weights, tensors)
        if self.workers.rank == 0:
            checkpoint.write(self.folder / checkpoint.BEST, tensors, state.facts_of(self.best) or {})

    def _plan_a_validation(self) -> None:
        """Before the first validation of a timed run: make a plan in which a validation ends in time."""
        if self._foreseen:
            while self._foreseen and self._foreseen[0].reason == "look" and self._foreseen[0].from_step <= self.step:
                self._adopt(asdict(self._foreseen.pop(0)))
        elif self.budget is not None and self._times and self.schedule.plans[-1].reason == "trial":
            pace = self._units / sum(self._times)
            plan = self.budget.first_validation(self.schedule, self.step, pace)
            self._adopt(self.workers.broadcast(plan and asdict(plan)))

    def _plan_again(self) -> None:
        """After a validation: fix the plan after the trial, or change it if the run would not end in time."""
        times = self._times[_UNTIMED:] if len(self._times) > 2 * _UNTIMED else self._times
        self._times, self._units = [], 0
        if self._foreseen:
            while self._foreseen and self._foreseen[0].from_step <= self.step:
                self._adopt(asdict(self._foreseen.pop(0)))
        elif self.budget is not None and times and self.step < self.schedule.total_steps:
            pace = sum(times) / len(times)
            plan = self.budget.plan(self.schedule, self.step, pace, self.at.evaluation_seconds)
            self._adopt(self.workers.broadcast(plan and asdict(plan)))

    def _adopt(self, facts: Mapping[str, Any] | None) -> None:
        """Write a plan to the log, then let it take effect."""
        if facts is not None:
            plan = Plan(**facts)
            self.observer.plan(plan)
            self.schedule.plans.append(plan)
            self.limit(plan)

    # A checkpoint

    def _is_cheap(self, since: float) -> bool:
        """Return whether another checkpoint costs only a small share of the time since the last one."""
        return since * _WRITING_SHARE >= self._writing

    def _write_down(self) -> None:
        begun = self.clock()
        tensors, facts = self.snapshot()
        if self.workers.rank == 0:
            checkpoint.keep(self.folder, tensors, facts)
        self._written = self.clock()
        self._writing = self._written - begun

    def snapshot(self) -> tuple[state.Arrays, dict[str, Any]]:
        """Return the whole state of the run: tensors, and facts for JSON."""
        self._read()
        tensors, facts = state.of_run(self.at, self.updater, self._average, self.best, self.schedule.plans)
        return tensors, {**facts, "seconds": self.clock() - self._begun, "logged": self.logged()}

    def foresee(self, plans: list[Plan]) -> None:
        """Repeat recorded plans when the run reaches the steps at which they were made."""
        if plans and not self.schedule.plans:
            self._foreseen = list(plans)

    def restore(self, tensors: state.Arrays, facts: Mapping[str, Any], foreseen: list[Plan]) -> None:
        """Continue the run of a `snapshot`; `foreseen` are the plans that it recorded later.

        Raises IncompatibleBundle if the snapshot is of another model.
        """
        self.at, self.best, plans = state.put_run_back(tensors, facts, self.updater, self._average)
        self.schedule.plans[:] = plans
        self._foreseen = list(foreseen)
        self.limit(plans[-1])
