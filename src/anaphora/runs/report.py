"""What training leaves for a task to score and save, and what every task's report and model file then say of it: no
torch, so that what is saved is judged as it will be used.
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
    """A model's spec and weights, and how they came to be."""

    tree: spec.Block
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)
    sampled: float  # the held-out loss of the best look
    best_step: int
    weights: str  # raw or average
    steps: int
    stopped: str
    started: float  # on the clock of time.monotonic

    @property
    def seconds(self) -> float:
        """Since the command began."""
        return time.monotonic() - self.started


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a training ended; a task's own adds its score on the held-out part and what the simple methods have there."""

    loses: bool | None  # to a simple method; None if the run was cut off before it was scored
    sampled_nats: float  # the best look during training
    parameters: int
    steps: int
    best_step: int
    seconds: float  # of the whole command
    stopped: str
    model: Path
    run_dir: Path
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    sections: tuple[Section, ...]

    def lines(self) -> list[str]:
        """What a person reads at the end."""
        steps = f"{self.steps:,} steps (the best after {self.best_step:,})"
        lines = [f"{self.parameters:,} parameters, {steps}, {clock(self.seconds)}", *self.told()]
        lines += [f"note: {note}" for note in self.notes]
        return [*lines, f"model    {self.model}", f"records  {self.run_dir}"]

    def told(self) -> list[str]:
        """The lines about the score, if there is one."""
        return []


def ended(trained: Trained, folder: Path, output: Path) -> dict[str, Any]:
    """The fields of a report that only the training decides."""
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
    """The note of a report without a score."""
    if not math.isfinite(trained.sampled):
        return "Cut off before the model was judged. `anaphora eval` scores it."
    look = f"a look during training had {trained.sampled:.4f} nats per {unit}"
    return f"Cut off before the held-out part was scored; {look}. `anaphora eval` scores it."


def card(
    sources: Iterable[str], sha256: str, facts: Mapping[str, Any], trained: Trained, report: Ending
) -> dict[str, Any]:
    """What a model file says of how it came to be; `facts` are the task's own."""
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
    """Write a bundle to both its places, and give the error of each that could not be written: they may be on two
    disks.
    """
    failed: dict[Path, UsageError] = {}
    for path in run_folder.models(folder, output):
        try:
            bundle.write(path, tensors, settings)
        except UsageError as error:
            failed[path] = error
    return failed


def versions() -> dict[str, str | None]:
    """The versions that a model's card names."""
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
