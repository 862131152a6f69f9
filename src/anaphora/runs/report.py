"""The result of a training, and the report of it that is the same for every task.

The module needs no torch: a saved model is scored in the way in which it is used.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from anaphora.bundle import spec
from anaphora.data.taken import Taken
from anaphora.formatting import counted, duration_text, unit_name
from anaphora.runs.content import ReportSection, Result, Verdict
from anaphora.runs.cross_validation import CrossValidation
from anaphora.runs.sample import Sample, plain
from anaphora.runs.tested import Tested
from anaphora.runs.verdict import HELD_OUT, TEST, intervals_line, sentence, with_intervals

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class TrainedWeights:
    """The spec and weights of a trained model, and the facts of its training."""

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
        """The number of trained parameters."""
        return spec.parameters(self.tree)


@dataclass(frozen=True)
class Score(ABC):
    """The score of a model on data; the fields are the measures of its task.

    `sample` has the statistics of the score's units, and `rival` those of the baseline's, if they are known.
    """

    sample: Sample | None = field(default=None, kw_only=True, repr=False, compare=False)
    rival: Sample | None = field(default=None, kw_only=True, repr=False, compare=False)

    def results(self) -> tuple[Result, ...]:
        """Return the figures beside a baseline that the score itself knows; the first decides."""
        return ()

    def judged(self) -> tuple[Result, ...]:
        """Return these results with their intervals."""
        return with_intervals(self.results(), self.sample, self.rival)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, with 95 % intervals, and the verdict if a baseline is known."""
        ends = {} if self.sample is None else {name: list(found) for name, found in self.sample.intervals.items()}
        judged = self.judged()
        verdict = {"verdict": judged[0].verdict} if judged and judged[0].verdict else {}
        return {**plain(self), "intervals": ends, **verdict}

    def interval_line(self) -> list[str]:
        """Return the intervals as one line; none without statistics of units."""
        return intervals_line(self.sample)

    def verdict_line(self) -> list[str]:
        """Return the verdict as a line; none if the score knows no baseline."""
        judged = self.judged()
        return [said for said in (sentence(judged),) if said] if judged else []

    @abstractmethod
    def lines(self) -> list[str]:
        """Return the figures as lines of a report."""


@dataclass(frozen=True)
class Judgement:
    """A task's judgement of its score on the held-out part, or of no score if there is none yet."""

    results: Sequence[Result]  # with their baselines; the first is of the deciding metric
    headline: Sequence[str]  # the lines of a report about the score; empty without a score
    notes: Sequence[str]  # sentences about the score and the baseline
    facts: Mapping[str, Any]  # the task's own part of the model card
    sections: Sequence[ReportSection] = ()  # of the run's page


def figures(score: Any, *names: str) -> tuple[Any, ...]:
    """Return figures of a score, named as `accuracy` or `both.accuracy`; a None for each without a score."""
    return tuple(None if score is None else attrgetter(name)(score) for name in names)


def named_figures(score: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return figures of a score by their names; a None for each without a score."""
    return dict(zip(names, figures(score, *names), strict=True))


@dataclass(frozen=True)
class Report:
    """The report of a training; `score` and `baseline` are the task's own, on the held-out part."""

    score: Any  # None if the run stopped before the score was computed
    baseline: Any
    verdict: Verdict | None  # better, level or worse than the baseline; None without a score
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
    taken: Taken | None = None  # how the data were read
    test: Tested | None = None  # the figures of the test part
    folds: CrossValidation | None = None  # the figures of the cross-validation

    def lines(self) -> list[str]:
        """Return the lines of the report at the end of a command."""
        steps = f"{counted(self.steps, 'step')} (best model at step {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {duration_text(self.seconds)}", *self.headline]
        lines += [each.line() for each in (self.test, self.folds) if each is not None]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]


def report(
    trained: TrainedWeights,
    score: Any,
    baseline: Any,
    found: Judgement,
    loss_unit: str,
    folder: Path,
    output: Path,
    taken: Taken | None = None,
    test: Tested | None = None,
    folds: CrossValidation | None = None,
) -> Report:
    """Return the report of trained weights; `loss_unit` names the unit of the mean loss, `taken` says how the data were
    read, `test` has the figures of the test part and `folds` those of the folds.
    """
    cut_off = [] if score is not None else [_cut_off(trained, loss_unit)]
    judged = found.results if test is None else test.results
    folds = None if folds is None else folds.in_order(found.results)
    return Report(
        score=score,
        baseline=baseline,
        verdict=judged[0].verdict if score is not None else None,
        validation_loss=trained.validation_loss,
        parameters=trained.parameters,
        steps=trained.steps,
        best_step=trained.best_step,
        seconds=trained.seconds,
        stopped=trained.stopped,
        model=output,
        run_dir=folder,
        notes=(*(found.notes if test is None else _of_test(found, test)), *cut_off),
        results=tuple(found.results),
        sections=(*(() if folds is None else (folds.section(),)), *found.sections),
        headline=tuple(found.headline),
        taken=taken,
        test=test,
        folds=folds,
    )


def _of_test(found: Judgement, test: Tested) -> list[str]:
    """Return the notes of a report with a test part, whose verdict takes the place of that of the held-out part."""
    said = sentence(found.results, HELD_OUT)
    kept = [note for note in found.notes if not said or not note.startswith(said)]
    return [*kept, *filter(None, [sentence(test.results, TEST)]), *test.notes]


def headline(score: Score | None) -> list[str]:
    """Return the lines of a score, the first with "held out:"; empty without a score."""
    return [] if score is None else [f"held out: {line}" if not at else line for at, line in enumerate(score.lines())]


def partly_scored(scored: int, count: int, things: str, part: str = "held-out") -> list[str]:
    """Return a note that only some of the `count` examples of a part were scored; `things` names the examples."""
    if scored == count:
        return []
    return [f"The score covers {scored:,} of {count:,} {part} {things}: --minutes left no time for more."]


def _cut_off(trained: TrainedWeights, unit: str) -> str:
    """Return the note of a report without a score."""
    if not math.isfinite(trained.validation_loss):
        return "Stopped before the first validation. `anaphora eval` computes the score."
    best = f"Best validation loss so far: {trained.validation_loss:.4f} nats per {unit_name(unit)}"
    return f"Stopped before the final score was computed. {best}. `anaphora eval` computes the score."
