"""Cross-validation: a training for each fold, before the training of the model that is kept.

    model.run/folds/1/        the run of a fold while it trains        model.run/folds/1.json        its figures

A fold whose figures are there is not trained again. The time of `minutes` is that of all trainings together: each fold
gets an equal share of what is left.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anaphora.config import from_run
from anaphora.errors import AnaphoraError, Interrupted, Terminated
from anaphora.files import atomic
from anaphora.runs import folder as run_folder
from anaphora.runs.cross_validation import CrossValidation, Fold
from anaphora.training.observer import Evaluation, Observer, Step
from anaphora.training.plan import Plan
from anaphora.training.task import TrainingTask

_LEAST = 0.01  # minutes


class FoldObserver(Observer):
    """An observer of the run of one fold, which passes everything on but the end."""

    def __init__(self, observer: Observer, name: str) -> None:
        self._observer, self._name = observer, name

    def stage(self, text: str) -> None:
        """Pass the stage on, with the fold."""
        self._observer.stage(f"{self._name}: {text}")

    def plan(self, plan: Plan) -> None:
        """Pass the plan on."""
        self._observer.plan(plan)

    def step(self, step: Step) -> None:
        """Pass the step on."""
        self._observer.step(step)

    def evaluation(self, evaluation: Evaluation) -> None:
        """Pass the validation on."""
        self._observer.evaluation(evaluation)

    def note(self, text: str) -> None:
        """Pass the note on, with the fold."""
        self._observer.note(f"{self._name}: {text}")


def finished_folds(folder: Path) -> dict[int, Fold]:
    """Return the figures of the folds of a run that have been trained, by their numbers from 1."""
    files = {int(path.stem): path for path in (folder / run_folder.FOLDS).glob("*.json") if path.stem.isdecimal()}
    return {number: Fold.from_json(json.loads(files[number].read_text(encoding="utf-8"))) for number in sorted(files)}


def cross_validated(
    work: TrainingTask[Any],
    folder: Path,
    observer: Observer,
    started: float,
    train: Callable[..., Any],
    resume: Callable[..., Any],
    begin: Callable[[str], None],
) -> CrossValidation:
    """Train every fold that has not been trained yet, and return the figures of all.

    `train` and `resume` are those of a run, which began at `started`; `begin` receives the name of each fold that is
    trained. Raises the errors of a run, with the fold in front.
    """
    count = work.training.folds
    assert count is not None
    done = finished_folds(folder)
    for number in range(1, count + 1):
        name = f"fold {number} of {count}"
        if number in done:
            continue
        begin(name)
        observer.part(name)
        place, seen = folder / run_folder.FOLDS / str(number), FoldObserver(observer, name)
        left = None if work.training.minutes is None else (started + 60 * work.training.minutes - time.monotonic()) / 60
        minutes = None if left is None else max(left, _LEAST) / (count + 2 - number)
        try:
            if (place / run_folder.FACTS).exists():
                kept = from_run(type(work.config), place / run_folder.CONFIG)
                report = resume(work.fold(number - 1, kept.training.minutes), place, observer=seen)  # type: ignore[attr-defined]
            else:
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(parents=True)
                report = train(work.fold(number - 1, minutes), place / run_folder.MODEL, run_dir=place, observer=seen)
        except (Interrupted, Terminated):
            raise
        except AnaphoraError as error:
            error.args = (f"In {name}: {error}", *error.args[1:])
            raise
        done[number] = Fold(report.test.results, report.test.count, report.test.unit, report.steps, report.seconds)
        atomic.write(place.with_suffix(".json"), [_text(asdict(done[number]))])
        shutil.rmtree(place, ignore_errors=True)
    observer.part("")
    return CrossValidation(tuple(done[number] for number in sorted(done)))


def _text(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False) + "\n").encode()
