"""Observers of a run and its events: a progress bar, the metrics log, a test.

The loop calls every observer at the same events with small immutable facts; it never prints.
Losses are in nats per unit of the task, times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from anaphora.training.plan import Plan


@dataclass(frozen=True)
class Step:
    """One update of the weights."""

    step: int
    total_steps: int
    loss: float
    learning_rate: float
    gradient_norm: float  # before clipping
    clip_rate: float  # share of the steps since the last marked one, this one included, whose gradient was too long
    update_ratio: float  # how far it moved the weights, ‖Δw‖/‖w‖, in a marked step; else not a number
    marked: bool  # one of some 400, evenly spaced over the run, that are measured and written down
    units: int  # its loss is the mean of so many
    seconds: float  # since the loop began
    units_per_second: float  # over the last few steps
    seconds_left: float  # until the loop ends, as far as known


@dataclass(frozen=True)
class Evaluation:
    """One validation; `weights` is `raw` or `average`, whichever was better."""

    step: int
    total_steps: int
    loss: float
    weights: str
    best: bool
    best_loss: float
    train_loss: float  # mean since the previous validation
    seconds: float  # since the loop began
    probes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class Observer:
    """An observer of a run that does nothing: a subclass observes some events."""

    def stage(self, text: str) -> None:
        """Another stage than the loop begins, such as scoring."""

    def part(self, text: str) -> None:
        """The training of a part of the run begins, such as a fold; an empty text: of the whole again."""

    def plan(self, plan: Plan) -> None:
        """A plan is about to take effect."""

    def step(self, step: Step) -> None:
        """The weights were updated."""

    def evaluation(self, evaluation: Evaluation) -> None:
        """A validation is done."""

    def note(self, text: str) -> None:
        """A note for the user."""

    def finish(self, report: object) -> None:
        """All files are saved; `report` is the task's."""


class Observers(Observer):
    """Several observers as one, called in order."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.observers = tuple(observers)

    def stage(self, text: str) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.stage(text)

    def part(self, text: str) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.part(text)

    def plan(self, plan: Plan) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.plan(plan)

    def step(self, step: Step) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.step(step)

    def evaluation(self, evaluation: Evaluation) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.evaluation(evaluation)

    def note(self, text: str) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.note(text)

    def finish(self, report: object) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer.finish(report)
