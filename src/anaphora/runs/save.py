"""Saving a trained model: the bundle with its model card, at the output and in the run folder."""

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
from anaphora.runs.content import judged_card
from anaphora.runs.report import Report, Tensors, TrainedWeights
from anaphora.version import __version__


def card(
    sources: Iterable[str], sha256: str, facts: Mapping[str, Any], trained: TrainedWeights, report: Report
) -> dict[str, Any]:
    """Return the model card of a model file: how the model was made; `facts` are the task's own."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "sources": [Path(source).name for source in sources],
        "data_sha256": sha256,
        **({"taken": report.taken.without_folders().as_json()} if report.taken else {}),
        **finite(facts),
        **judged_card(report.results),
        **({"folds": finite(report.folds.card())} if report.folds else {}),
        **({"test": finite(report.test.card())} if report.test else {}),
        "parameters": report.parameters,
        "steps": report.steps,
        "best_step": report.best_step,
        "weights": trained.weights,
        "stopped": report.stopped,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }


def write(folder: Path, output: Path, tensors: Tensors, config: Mapping[str, Any]) -> dict[Path, UsageError]:
    """Write a bundle to both its places, and return the error of each failed place, because they may be on two disks.

    `tensors` are named arrays of any shape (n, …).
    """
    force = run_folder.is_forced(folder)
    failed: dict[Path, UsageError] = {}
    for path in run_folder.models(folder, output):
        try:
            bundle.write(path, tensors, config, force=force)
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


def finite(value: Any) -> Any:
    """Return a value for JSON, with null for every number that is not finite."""
    if isinstance(value, Mapping):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
