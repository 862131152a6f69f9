"""Writing a trained model: the bundle with its card, in the place that was asked for and in the run's folder."""

from __future__ import annotations

import datetime
import math
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from anaphora import bundle
from anaphora.errors import UsageError
from anaphora.runs import folder as run_folder
from anaphora.runs.report import Report, Tensors, TrainedWeights
from anaphora.version import __version__


def card(
    sources: Iterable[str], sha256: str, facts: Mapping[str, Any], trained: TrainedWeights, report: Report
) -> dict[str, Any]:
    """What a model file says of how it came to be; `facts` are the task's own."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sources": [Path(source).name for source in sources],
        "data_sha256": sha256,
        **finite(facts),
        "parameters": report.parameters,
        "steps": report.steps,
        "best_step": report.best_step,
        "weights": trained.weights,
        "stopped": report.stopped,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }


def write(folder: Path, output: Path, tensors: Tensors, config: Mapping[str, Any]) -> dict[Path, UsageError]:
    """Write a bundle to both its places, and give the error of each that could not be written: they may be on two
    disks.
    """
    failed: dict[Path, UsageError] = {}
    for path in run_folder.models(folder, output):
        try:
            bundle.write(path, tensors, config)
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


def finite(value: Any) -> Any:
    """The same for JSON, which has no number that is not finite: null."""
    if isinstance(value, Mapping):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
