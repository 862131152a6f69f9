"""What a training leaves to be scored and saved, and how it ended: the same for every task, and without torch, so that
a model is judged as it will be used.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from anaphora.bundle import spec
from anaphora.formatting import duration_text
from anaphora.runs.content import ReportSection, Result

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class TrainedWeights:
    """A model's spec and weights, and how they came to be."""

    tree: spec.Block
    tensors: Tensors = field(repr=False)
    validation_loss: float  # the best one
    best_step: int
    weights: str  # raw or average
    steps: int
    stopped: str
    started: float  # by time.monotonic

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self.started

    @property
    def parameters(self) -> int:
        """How many numbers were trained."""
        return sum(math.prod(shape) for shape in spec.tensors(self.tree).values())


class Score(Protocol):
    """How good a model is on data, in the measures of its task."""

    def as_json(self) -> dict[str, Any]:
        """Its figures as plain values."""

    def lines(self) -> list[str]:
        """Its figures as lines that a person reads."""


class Judgement(Protocol):
    """What a task makes of its score on the held-out part: None before there is one."""

    @property
    def results(self) -> Sequence[Result]:
        """Figures beside their baselines; the first one decides whether the network loses."""

    @property
    def headline(self) -> Sequence[str]:
        """The lines that a person reads about the score; empty before there is one."""

    @property
    def sections(self) -> Sequence[ReportSection]:
        """Parts of the run's page."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about the score and the baseline."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The task's own part of the model's card."""


@dataclass(frozen=True)
class Report:
    """How a training ended. `score` and `baseline` are the task's own, on the held-out part."""

    score: Any  # None if the run was cut off before it was computed
    baseline: Any
    loses: bool | None  # to the baseline; None where nothing was scored
    validation_loss: float  # the best one, in nats per unit
    parameters: int
    steps: int
    best_step: int
    seconds: float  # duration of the whole command
    stopped: str
    model: Path
    run_dir: Path
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    sections: tuple[ReportSection, ...]
    headline: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the lines of the report at the end of a command."""
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {duration_text(self.seconds)}", *self.headline]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]


def report(
    trained: TrainedWeights, score: Any, baseline: Any, found: Judgement, loss_unit: str, folder: Path, output: Path
) -> Report:
    """A report of the trained weights; `loss_unit` is what the loss is a mean over."""
    cut_off = [] if score is not None else [_cut_off(trained, loss_unit)]
    return Report(
        score=score,
        baseline=baseline,
        loses=found.results[0].loses if score is not None else None,
        validation_loss=trained.validation_loss,
        parameters=trained.parameters,
        steps=trained.steps,
        best_step=trained.best_step,
        seconds=trained.seconds,
        stopped=trained.stopped,
        model=output,
        run_dir=folder,
        notes=(*found.notes, *cut_off),
        results=tuple(found.results),
        sections=tuple(found.sections),
        headline=tuple(found.headline),
    )


def headline(score: Score | None) -> list[str]:
    """The lines of a score, the first of which says that it is of the held-out part; none before there is one."""
    return [] if score is None else [f"held out: {line}" if not at else line for at, line in enumerate(score.lines())]


def partly_scored(scored: int, held_out: int, things: str) -> list[str]:
    """The note that only some of the held-out examples were scored; `things` are examples in words."""
    if scored == held_out:
        return []
    return [f"Scored are {scored:,} of {held_out:,} held-out {things}: --minutes left no time for more."]


def lost(result: Result, rival: str, remedy: str) -> list[str]:
    """The note of a network that loses to its baseline."""
    if not result.loses:
        return []
    figures = f"{result.name} {result.value:.4f} against {result.baseline:.4f}"
    return [f"The network loses to {rival}: {figures}. {remedy}"]


def _cut_off(trained: TrainedWeights, unit: str) -> str:
    """The note of a report without a score."""
    if not math.isfinite(trained.validation_loss):
        return "Cut off before the model was judged. `anaphora eval` scores it."
    look = f"a look during training had {trained.validation_loss:.4f} nats per {unit}"
    return f"Cut off before the held-out part was scored; {look}. `anaphora eval` scores it."
