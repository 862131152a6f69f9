"""A run as read from its folder: config, events and results; reading needs no torch.

    config.toml      the resolved config
    run.json         the task, the data, the machine, the baselines
    metrics.jsonl    plans, steps, evaluations on the held-out part, notes, the end

A folder with a `metrics.jsonl` is a run. A run in progress can be read, too: an incomplete last line is ignored.
"""

from __future__ import annotations

import datetime
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from anaphora.config.old_names import by_current_names
from anaphora.data.taken import Taken
from anaphora.errors import DataError, UsageError
from anaphora.runs import folder as run_folder
from anaphora.runs.content import Result
from anaphora.runs.cross_validation import CrossValidation
from anaphora.runs.tested import Tested, tested_of

Event = Mapping[str, Any]

_QUIET_SECONDS = 60.0  # a run that is silent this long, and this many times its longest pause, has stopped
_QUIET_PAUSES = 4.0
_UNMEASURED = ("trial", "look")  # reasons of the plans whose length is assumed, as the speed is not known yet


@dataclass(frozen=True)
class Run:
    """One run; `events` are the lines of the log in order.

    `written` is the time of the last event and `started` the time of the start, in seconds since 1970.
    """

    folder: Path
    facts: Mapping[str, Any]
    config: Mapping[str, Mapping[str, Any]]
    events: tuple[Event, ...]
    written: float
    started: float

    def of(self, event: str) -> list[Event]:
        """Return the events of one kind: plan, step, evaluation or note."""
        return [line for line in self.events if line["event"] == event]

    @property
    def finish(self) -> Event:
        """The final report; empty if there is none yet."""
        return next((line for line in reversed(self.events) if line["event"] == "finish"), {})

    @property
    def taken(self) -> Taken | None:
        """How the data were read; None in a run of an earlier version."""
        values = self.facts.get("taken")
        return None if values is None else Taken.from_json(values)

    @property
    def task(self) -> str:
        """The name of the task, or a dash if the folder does not name it."""
        return str(self.facts.get("task", "–"))

    @property
    def steps(self) -> int:
        """The number of steps in the log."""
        known = [line["step"] for line in self.events if line["event"] in ("step", "evaluation")]
        return int(self.finish.get("steps") or max(known, default=0))

    @property
    def total_steps(self) -> int | None:
        """The planned number of steps, by the last plan; None while the speed is unknown."""
        plans = self.of("plan")
        return None if not plans or plans[-1].get("reason") in _UNMEASURED else int(plans[-1]["total_steps"])

    @property
    def seconds(self) -> float:
        """The duration of the run so far."""
        known = [line["seconds"] for line in self.events if line["event"] in ("step", "evaluation")]
        return float(self.finish.get("seconds") or max(known, default=0.0))

    @property
    def best(self) -> Event | None:
        """The evaluation with the lowest loss on the held-out part."""
        evaluations = [line for line in self.of("evaluation") if line["loss"] is not None]
        return min(evaluations, key=lambda line: float(line["loss"]), default=None)

    @property
    def results(self) -> list[Result]:
        """The results with their baselines; before the end, the baselines alone."""
        return [Result.from_json(each) for each in self.finish.get("results", self.facts.get("results", ()))]

    @property
    def test(self) -> Tested | None:
        """The figures of the test part; None without one, and before the end."""
        return tested_of(self.finish.get("test"))

    @property
    def folds(self) -> CrossValidation | None:
        """The figures of the cross-validation; None without one, and before the end."""
        found = self.finish.get("folds")
        return None if found is None else CrossValidation.from_json(found)

    @property
    def in_nats(self) -> Result:
        """The result in the unit of the loss; without value and baseline if the run has none."""
        unit = str(self.config.get("data", {}).get("units", "unit"))
        return next((each for each in self.results if each.name == "nats"), Result("nats", unit, None, None, ""))

    def status(self, now: float) -> str:
        """Return how the run ended; `running?` if it may still run, `stopped` if it went silent without an end."""
        if self.finish:
            return str(self.finish.get("stopped", "finished"))
        times = [line["seconds"] for line in self.events if line["event"] in ("step", "evaluation")]
        pause = max((late - early for early, late in pairwise(times)), default=0.0)
        return "running?" if now - self.written <= max(_QUIET_SECONDS, _QUIET_PAUSES * pause) else "stopped"


def read(folder: str | Path) -> Run:
    """Read a run folder.

    Raises UsageError if the folder is no run folder, DataError if its files are damaged.
    """
    place = Path(folder)
    log, settings = place / run_folder.LOG, place / run_folder.CONFIG
    try:
        events = _events(log)
        written = log.stat().st_mtime
        config = by_current_names(tomllib.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {})
        facts = run_folder.facts(place) if (place / run_folder.FACTS).exists() else {}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(_no_run(place)) from error
    except OSError as error:
        raise DataError(f"The run '{place}' cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"The run '{place}' has a config.toml that is not TOML: {error}.") from error
    began = datetime.datetime.fromisoformat(facts["started"]).timestamp() if "started" in facts else written
    return Run(place, facts, config, tuple(events), written, began)


def _no_run(place: Path) -> str:
    why = "it is a file" if place.is_file() else f"there is no file {place / run_folder.LOG}"
    beside = place.with_suffix(".run")
    named = (
        f"Did you mean '{beside}'?"
        if place.is_file() and (beside / run_folder.LOG).exists()
        else "Name the folder that training made beside its model, such as model.run."
    )
    return f"'{place}' is not the folder of a run: {why}. {named}"


def find(folders: Sequence[str | Path]) -> tuple[list[Run], list[DataError]]:
    """Return every run in and below these folders, the oldest first, and the errors of the unreadable ones.

    Raises UsageError for a folder that does not exist.
    """
    found: dict[Path, None] = {}
    for folder in map(Path, folders):
        if not folder.is_dir():
            wrong = f"'{folder}' is a file" if folder.is_file() else f"There is no folder '{folder}'"
            raise UsageError(f"{wrong}. Expected a run, or a folder that contains runs.")
        found.update(dict.fromkeys(_under(folder)))
    runs, damaged = [], []
    for place in found:
        try:
            runs.append(read(place))
        except DataError as error:
            damaged.append(error)
    return sorted(runs, key=lambda run: (run.started, str(run.folder))), damaged


def differences(runs: Sequence[Run]) -> list[tuple[str, list[Any]]]:
    """Return the fields in which the configs of runs differ, as (section.key, value of each run); None if not set."""
    flat = [
        {f"{section}.{key}": value for section, keys in run.config.items() for key, value in keys.items()}
        for run in runs
    ]
    names = dict.fromkeys(name for config in flat for name in config)
    rows = [(name, [config.get(name) for config in flat]) for name in names]
    return [(name, values) for name, values in rows if any(value != values[0] for value in values)]


def _under(folder: Path) -> Iterator[Path]:
    for place, inside, files in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        if run_folder.LOG in files:
            yield Path(place)


def _events(log: Path) -> list[Event]:
    events = []
    for number, line in enumerate(log.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            break
        try:
            event = json.loads(line)
            if not isinstance(event.get("event"), str):
                raise ValueError("it has no event")
        except (ValueError, AttributeError) as error:
            raise DataError(f"{log}, line {number}: expected a JSON object with an event, as a run writes.") from error
        events.append(event)
    return events
