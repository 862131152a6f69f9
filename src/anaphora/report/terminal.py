"""Progress of a training for the user: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import math
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from anaphora.formatting import counted, duration_text
from anaphora.training.observer import Observer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from anaphora.training.observer import Evaluation, Step
    from anaphora.training.plan import Plan

QUIET_SECONDS = 15.0  # between plain lines that no evaluation caused


@contextmanager
def show(units: str, stream: TextIO | None = None) -> Iterator[Observer]:
    """Yield an observer that draws on ``stream`` (default: standard error); ``units`` is the plural of the counted
    unit.
    """
    out = sys.stderr if stream is None else stream
    if out.isatty():
        with Bar(units, out) as bar:
            yield bar
    else:
        yield PlainProgress(units, out)


def described(plan: Plan) -> str:
    """Return a plan in words."""
    why = {
        "trial": "measuring the speed",
        "minutes": "speed measured",
        "slower": "slower than before",
        "faster": "faster than before",
        "time": "the time is up",
    }.get(plan.reason, "planned")
    if plan.reason == "trial":
        return f"{why} over the first steps"
    if plan.reason == "look":
        long = f"would take about {plan.seconds_per_evaluation:,.0f} s"
        return f"a validation of the whole held-out part {long}: each validation uses {plan.look_share:.1%} of it"
    end = "" if plan.seconds_left is None else f", about {duration_text(plan.seconds_left)} left"
    score = "" if plan.score_share == 1 else f", then a final score on {plan.score_share:.1%} of the usual sample"
    return f"{why}: {counted(plan.total_steps, 'step')} in all{end}{score}"


def pace(step: Step, units: str) -> str:
    """Return speed and remaining time, or nothing as long as they are unknown."""
    if not (math.isfinite(step.units_per_second) and math.isfinite(step.seconds_left)):
        return ""
    return f"  {step.units_per_second:,.0f} {units}/s  {duration_text(step.seconds_left)} left"


def judged(evaluation: Evaluation) -> str:
    """Return a validation as a line."""
    share = evaluation.step / max(1, evaluation.total_steps)
    return (
        f"step {evaluation.step:,} of {evaluation.total_steps:,} ({share:4.0%})  train {evaluation.train_loss:.4f}"
        f"  validation {evaluation.loss:.4f} nats{'  best so far' if evaluation.best else ''}"
    )


def broken(line: str, width: int) -> list[str]:
    """Return a line broken into lines of at most `width` characters, each indented like the first; a long word stays
    whole.

    >>> broken("  one two three", 9)
    ['  one two', '  three']
    """
    indent = line[: len(line) - len(line.lstrip())]
    wrapper = textwrap.TextWrapper(width, indent, indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(line.strip()) or [line]


class PlainProgress(Observer):
    """One plain line per validation, and one now and then between validations."""

    def __init__(self, units: str, out: TextIO) -> None:
        self._units = units
        self._out = out
        self._spoken = time.monotonic()

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)
        self._spoken = time.monotonic()

    def stage(self, text: str) -> None:
        """Print the new stage."""
        self._say(text)

    def plan(self, plan: Plan) -> None:
        """Print the plan."""
        self._say(described(plan))

    def step(self, step: Step) -> None:
        """Print the progress if nothing was printed for a while."""
        if time.monotonic() - self._spoken >= QUIET_SECONDS:
            self._say(f"step {step.step:,} of {step.total_steps:,}  loss {step.loss:.4f}{pace(step, self._units)}")

    def evaluation(self, evaluation: Evaluation) -> None:
        """Print the validation."""
        self._say(f"{judged(evaluation)}  {duration_text(evaluation.seconds)}")

    def note(self, text: str) -> None:
        """Print the note as one line."""
        self._say(f"note: {' '.join(line.strip() for line in text.splitlines())}")


class Bar(Observer):
    """A bar with loss, speed and time left; validations stay above it as lines."""

    def __init__(self, units: str, out: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._units = units
        self._progress: Progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[facts]}"),
            console=Console(file=out, highlight=False, soft_wrap=True),
            transient=True,
            refresh_per_second=8,
        )
        self._task: TaskID = self._progress.add_task("starting", total=None, facts="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def _say(self, text: str, style: str = "") -> None:
        self._progress.console.print(text, style=style, markup=False)

    def stage(self, text: str) -> None:
        """Show the new stage, with no known end."""
        self._progress.update(self._task, description=text, total=None, facts="")

    def plan(self, plan: Plan) -> None:
        """Give the bar its length."""
        self._say(described(plan), "dim")
        total = None if plan.reason == "trial" else plan.total_steps
        self._progress.update(self._task, description="training", total=total, completed=plan.from_step)

    def step(self, step: Step) -> None:
        """Move the bar."""
        facts = f"{step.step:,}/{step.total_steps:,}  loss {step.loss:.3f}{pace(step, self._units)}"
        self._progress.update(self._task, completed=step.step, facts=facts)

    def evaluation(self, evaluation: Evaluation) -> None:
        """Leave a line above the bar."""
        self._say(judged(evaluation), "green" if evaluation.best else "")

    def note(self, text: str) -> None:
        """Print the note above the bar, broken between words at the terminal's width."""
        for line in text.splitlines():
            self._say("\n".join(broken(line, self._progress.console.width)), "yellow")
