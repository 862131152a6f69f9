"""`metrics.jsonl`: the events of a run, one JSON object per line, each written before the run continues.

Every line has `event`: `plan` (written and flushed to the disk before it takes effect), `step` (some 400 of a run,
evenly spaced), `evaluation`, `note` or `finish`. Losses are nats per unit, times seconds. A number that is not finite
is written as null. A resumed run cuts the log at its checkpoint, and writes the later events again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from anaphora.errors import UsageError
from anaphora.runs.sample import plain
from anaphora.training.observer import Evaluation, Observer, Step
from anaphora.training.plan import Plan


class MetricsLog(Observer):
    """An observer that writes a run's events to a file."""

    def __init__(self, path: Path, kept: int | None = None) -> None:
        self.path = path
        try:
            self._file = path.open("ab", buffering=0)  # without a buffer, closing has nothing left to fail at
            if kept is not None:
                self._file.truncate(kept)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error

    def plan(self, plan: Plan) -> None:
        """Write a plan, and wait until it is on the disk."""
        self._write("plan", asdict(plan), to_disk=True)

    def step(self, step: Step) -> None:
        """Write a step if it is a marked one, or if its loss was not finite."""
        if step.marked or not math.isfinite(step.loss):
            self._write("step", {name: value for name, value in asdict(step).items() if name != "marked"})

    def evaluation(self, evaluation: Evaluation) -> None:
        """Write a validation."""
        self._write("evaluation", asdict(evaluation))

    def note(self, text: str) -> None:
        """Write a note."""
        self._write("note", {"text": text})

    def finish(self, report: object) -> None:
        """Write the report and close the file."""
        facts = plain(report) if is_dataclass(report) and not isinstance(report, type) else {}
        facts.pop("headline", None)  # lines of the same figures
        self._write("finish", facts)
        self.close()

    def size(self) -> int:
        """Bytes written so far."""
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._file.close()

    def _write(self, event: str, facts: Mapping[str, Any], *, to_disk: bool = False) -> None:
        line = json.dumps({"event": event, **_plain(facts)}, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            while line:
                line = line[self._file.write(line) :]
            if to_disk:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise UsageError(
                f"{self.path} could not be written: {error.strerror or error}. Free disk space and train again."
            ) from error


def plans_after(path: Path, kept: int) -> list[Plan]:
    """Return the plans in a log after its first `kept` bytes; an incomplete line does not count."""
    try:
        lines = path.read_bytes()[kept:].splitlines(keepends=True)
    except FileNotFoundError:
        return []
    events = (json.loads(line) for line in lines if line.endswith(b"\n"))
    names = {field.name for field in fields(Plan)}
    plans = [event for event in events if event["event"] == "plan"]
    return [Plan(**{name: value for name, value in event.items() if name in names}) for event in plans]


def _plain(value: Any) -> Any:
    """Return a value for JSON: paths as text, numbers that are not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
