"""The result of a training, and the report and model file that every task makes of it.

The module needs no torch: a saved model is scored in the way in which it is used.
"""

from __future__ import annotations

import datetime
import math
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anaphora import bundle
from anaphora.bundle import spec
from anaphora.errors import UsageError
from anaphora.formatting import clock
from anaphora.runs import folder as run_folder
from anaphora.runs.content import Result, Section
from anaphora.version import __version__

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Trained:
    """The spec and weights of a trained model, and the facts of its training."""

    tree: spec.Block
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)
    sampled: float  # the best validation loss
    best_step: int
    weights: str  # raw or average
    steps: int
    stopped: str
    started: float  # by time.monotonic

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self.started


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The report of a training; the report of a task adds its score on the held-out part and the baselines' scores."""

    loses: bool | None  # whether it is worse than the baseline; None if the run stopped before its score
    sampled_nats: float  # the best validation loss
    parameters: int
    steps: int
    best_step: int
    seconds: float  # duration of the whole command
    stopped: str
    model: Path
    run_dir: Path
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    sections: tuple[Section, ...]

    def lines(self) -> list[str]:
        """Return the lines of the report at the end of a command."""
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {clock(self.seconds)}", *self.told()]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]

    def told(self) -> list[str]:
        """Return the lines about the score, if there is one."""
        return []


def ended(trained: Trained, folder: Path, output: Path) -> dict[str, Any]:
    """Return the fields of a report that depend on the training alone."""
    return {
        "sampled_nats": trained.sampled,
        "parameters": sum(math.prod(shape) for shape in spec.tensors(trained.tree).values()),
        "steps": trained.steps,
        "best_step": trained.best_step,
        "seconds": trained.seconds,
        "stopped": trained.stopped,
        "model": output,
        "run_dir": folder,
    }


def cut_off(trained: Trained, unit: str) -> str:
    """Return the note of a report without a score."""
    if not math.isfinite(trained.sampled):
        return "Cut off before the model was judged. `anaphora eval` scores it."
    best = f"a look during training had {trained.sampled:.4f} nats per {unit}"
    return f"Cut off before the held-out part was scored; {best}. `anaphora eval` scores it."


def card(
    sources: Iterable[str], sha256: str, facts: Mapping[str, Any], trained: Trained, report: Ending
) -> dict[str, Any]:
    """Return the model card in a model file: how the model was made; `facts` are the task's own."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sources": [Path(source).name for source in sources],
        "data_sha256": sha256,
        **facts,
        "parameters": report.parameters,
        "steps": report.steps,
        "best_step": report.best_step,
        "weights": trained.weights,
        "stopped": report.stopped,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }


def write(folder: Path, output: Path, tensors: Tensors, settings: Mapping[str, Any]) -> dict[Path, UsageError]:
    """Write a bundle to both its places, and return the error of each failed place, because they may be on two disks.

    `tensors` are named arrays of any shape (n, …).
    """
    failed: dict[Path, UsageError] = {}
    for path in run_folder.models(folder, output):
        try:
            bundle.write(path, tensors, settings)
        except UsageError as error:
            failed[path] = error
    return failed


def versions() -> dict[str, str | None]:
    """Return the versions on a model card."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    return {
        "anaphora": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch,
    }
