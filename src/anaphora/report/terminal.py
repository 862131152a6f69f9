"""Progress of a training for the user: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import math
import re
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from anaphora.files.streams import ForgivingStream
from anaphora.formatting import ENDS, as_sentence, counted, duration_text, ended
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
    out = cast("TextIO", ForgivingStream(sys.stderr if stream is None else stream))
    if out.isatty():
        with Bar(units, out) as bar:
            yield bar
    else:
        yield PlainProgress(units, out)


def described(plan: Plan) -> str:
    """Return a plan as a sentence."""
    if plan.reason == "trial":
        return "Measuring the speed over the first steps; the time left is not known yet."
    if plan.reason == "look":
        long = f"would take about {plan.seconds_per_evaluation:,.0f} s"
        return f"A validation of the whole held-out part {long}: each validation uses {plan.look_share:.1%} of it."
    why = {
        "minutes": "Speed measured",
        "slower": "Slower than before",
        "faster": "Faster than before",
        "time": "The time is up",
    }.get(plan.reason, "Planned")
    end = "" if plan.seconds_left is None else f", about {duration_text(plan.seconds_left)} left"
    score = "" if plan.score_share == 1 else f", then a final score on {plan.score_share:.1%} of the usual sample"
    return f"{why}: {counted(plan.total_steps, 'step')} in all{end}{score}."


def pace(step: Step, units: str, measuring: bool) -> str:
    """Return speed and remaining time in words; the time is not known as long as the speed is being measured."""
    known = math.isfinite(step.units_per_second) and math.isfinite(step.seconds_left)
    speed = f"{step.units_per_second:,.0f} {units}/s, " if known else ""
    left = f"{duration_text(step.seconds_left)} left" if known and not measuring else "measuring the time left"
    return f"{speed}{left}"


def judged(evaluation: Evaluation, measuring: bool) -> str:
    """Return a validation in words, without an end mark."""
    of = "" if measuring else f" of {evaluation.total_steps:,} ({evaluation.step / max(1, evaluation.total_steps):.0%})"
    losses = f"training loss {evaluation.train_loss:.4f}, validation loss {evaluation.loss:.4f} nats"
    return f"Step {evaluation.step:,}{of}: {losses}{', the best so far' if evaluation.best else ''}"


def one_line(text: str) -> str:
    """Return a text of several lines as one line of sentences: a line without an end mark gets a colon, a wide gap in
    it a comma.

    >>> one_line("warning  empty-row  a.csv: line 7\\n    No text.\\n    Drop it")
    'warning, empty-row, a.csv: line 7: No text. Drop it.'
    """
    *before, last = [re.sub(r" {2,}", ", ", line.strip()) for line in text.splitlines() if line.strip()]
    return " ".join([*(line if line.endswith(ENDS) else f"{line}:" for line in before), ended(last)])


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
    """One line per validation, and one now and then between validations; each line is one sentence or more."""

    def __init__(self, units: str, out: TextIO) -> None:
        self._units = units
        self._out = out
        self._spoken = time.monotonic()
        self._measuring = False

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)
        self._spoken = time.monotonic()

    def stage(self, text: str) -> None:
        """Print the new stage."""
        self._say(as_sentence(text))

    def plan(self, plan: Plan) -> None:
        """Print the plan."""
        self._measuring = plan.unmeasured
        self._say(described(plan))

    def step(self, step: Step) -> None:
        """Print the progress if nothing was printed for a while."""
        if time.monotonic() - self._spoken >= QUIET_SECONDS:
            of = "" if self._measuring else f" of {step.total_steps:,}"
            self._say(f"Step {step.step:,}{of}: loss {step.loss:.4f}, {pace(step, self._units, self._measuring)}.")

    def evaluation(self, evaluation: Evaluation) -> None:
        """Print the validation."""
        self._say(f"{judged(evaluation, self._measuring)}, after {duration_text(evaluation.seconds)}.")

    def note(self, text: str) -> None:
        """Print the note as one line."""
        self._say(f"note: {one_line(text)}")


class Bar(Observer):
    """A bar with loss, speed and time left; validations stay above it as lines."""

    def __init__(self, units: str, out: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._units = units
        self._measuring = False
        self._part = ""
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

    def part(self, text: str) -> None:
        """Name the part beside the bar."""
        self._part = f"{text}, " if text else ""

    def plan(self, plan: Plan) -> None:
        """Give the bar its length."""
        self._measuring = plan.unmeasured
        self._say(described(plan), "dim")
        total = None if self._measuring else plan.total_steps
        self._progress.update(self._task, description=f"{self._part}training", total=total, completed=plan.from_step)

    def step(self, step: Step) -> None:
        """Move the bar."""
        of = "" if self._measuring else f"/{step.total_steps:,}"
        facts = f"{step.step:,}{of}  loss {step.loss:.3f}  {pace(step, self._units, self._measuring)}"
        self._progress.update(self._task, completed=step.step, facts=facts)

    def evaluation(self, evaluation: Evaluation) -> None:
        """Leave a line above the bar."""
        self._say(f"{judged(evaluation, self._measuring)}.", "green" if evaluation.best else "")

    def note(self, text: str) -> None:
        """Print the note above the bar, broken between words at the terminal's width."""
        for line in text.splitlines():
            self._say("\n".join(broken(line, self._progress.console.width)), "yellow")
