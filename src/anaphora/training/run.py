"""A whole run of any task, from its data to its report: a task brings a `TrainingTask`, and everything else is here.

    folder, log → baseline → first weights → loop → best weights saved → scored → saved with the score

A run that was cut off continues from its newest checkpoint. The log is cut there too, and the plans that it recorded
later are repeated, so that weights and records equal those of an uninterrupted run.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from anaphora.bundle import spec
from anaphora.config.toml import render
from anaphora.errors import Interrupted, Terminated, UsageError
from anaphora.formatting import counted, duration_text
from anaphora.runs import folder as run_folder
from anaphora.runs import machine
from anaphora.runs.claim import Claim
from anaphora.runs.cross_validation import CrossValidation
from anaphora.runs.report import TrainedWeights
from anaphora.training import checkpoint, device
from anaphora.training.changed_data import check_data
from anaphora.training.distributed.workers import Alone, Workers, check_same, each
from anaphora.training.folds import cross_validated, finished_folds
from anaphora.training.initial import first_model
from anaphora.training.length import SAVING_SECONDS, lengths, limits
from anaphora.training.loop import Loop, Probe
from anaphora.training.memory import enough_memory
from anaphora.training.metrics_log import MetricsLog, plans_after
from anaphora.training.non_finite import explained
from anaphora.training.observer import Observer, Observers
from anaphora.training.outcome import Outcome
from anaphora.training.plan import Plan
from anaphora.training.task import ObserverFactory, TrainingTask

_ONCE = "Standard input is read once: if this run is cut off, only Python can continue it. Save a long text as a file."
_SHORT_SHARE = 5.0  # seconds of one training of several
_LATE = 0.5  # of the time is gone before the first step


def nobody(folder: Path, note: Callable[[str], None]) -> tuple[Observer, ...]:
    """Return no observers."""
    return ()


def train(
    work: TrainingTask[Any],
    output: str | Path,
    *,
    data: Iterable[str] = (),
    inputs: Iterable[str | os.PathLike[str]] = (),
    run_dir: str | Path | None = None,
    force: bool = False,
    observer: Observer | None = None,
    observers: ObserverFactory = nobody,
    probes: Mapping[str, Probe] | None = None,
    workers: Workers | None = None,
    started: float | None = None,
    notes: Sequence[str] = (),
) -> Any:
    """Train, score beside the baseline, write the model to `output`, and return the task's report.

    The time of `minutes` began at `started`, on the clock of `time.monotonic`; `resume` will read the paths `data`;
    `inputs` are the other files that were read; `force` permits to replace a file that is not a model. `observers`
    returns more observers for the run's folder, and `notes` on the data go to the run's records. Every worker calls
    this function, and the first returns the report; after a restart by torchrun, the workers continue the run that they
    had begun. Raises UsageError before training, and then no folder is left; Interrupted, Terminated or Diverged after
    the best model so far was saved, if the disk allows; UsageError also for a file of the run that cannot be written.
    """
    started = time.monotonic() if started is None else started
    workers, seen = workers or Alone(), observer or Observer()
    _refuse_folds(work, workers)
    output, data = Path(output), list(data)
    begun = workers.remembered()
    if workers.broadcast(begun is not None and (Path(begun) / run_folder.FACTS).exists()):
        return resume(work, str(begun), observer=observer, observers=observers, probes=probes, workers=workers)
    _check_same(work, workers)
    facts = {
        "task": work.task,
        "data": run_folder.whole_paths(data),
        "data_sha256": work.sha256,
        "taken": None if work.taken is None else work.taken.as_json(),
        "output": str(output.resolve()),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": _machine(work, workers),
        **({"force": True} if force else {}),
    }
    with Claim(run_folder.OWN, seen.note) as claim:
        with each(workers):
            if workers.rank == 0:
                for note in run_folder.check_places(output, run_dir, [*data, *inputs], force=force):
                    seen.note(note)
                if run_folder.STANDARD_INPUT in data:
                    seen.note(_ONCE)
                run_folder.begin(run_folder.made(output, run_dir, claim), render(work.config), facts)
        claim.folder = Path(workers.broadcast(str(claim.folder)))
        workers.remember(str(claim.folder))
        run = _TrainingRun(work, output, claim, seen, observers, dict(probes or {}), workers, started)
        return run.whole(None, notes=notes)


def resume(
    work: TrainingTask[Any],
    folder: str | Path,
    *,
    observer: Observer | None = None,
    observers: ObserverFactory = nobody,
    probes: Mapping[str, Probe] | None = None,
    workers: Workers | None = None,
) -> Any:
    """Continue the run of a folder from its newest checkpoint, and end as `train` does.

    Raises UsageError if another process trains in the folder, DataError if the data have changed, CorruptBundle if
    every checkpoint is damaged, and the errors of `train`.
    """
    folder, workers, seen = Path(folder), workers or Alone(), observer or Observer()
    _refuse_folds(work, workers)
    workers.remember(str(folder))
    _check_same(work, workers)
    facts: dict[str, Any] = {}
    found = None
    with Claim((), seen.note) as claim:
        with each(workers):
            if workers.rank == 0:
                facts = run_folder.facts(folder)
                claim.take(folder)
                claim.make_parents(Path(facts["output"]))
                for note in run_folder.check_output(folder, facts["output"], force=facts.get("force", False)):
                    seen.note(note)
                check_data(work, facts, folder)
                found = checkpoint.newest(folder / run_folder.CHECKPOINTS)
        facts = workers.broadcast(facts)
        known, note = workers.broadcast((found[1], found[2]) if found else ({"logged": 0, "seconds": 0.0}, ""))
        tensors = workers.broadcast_arrays(found[0] if found else {})
        started = time.monotonic() - known["seconds"]
        claim.folder = folder
        run = _TrainingRun(work, Path(facts["output"]), claim, seen, observers, dict(probes or {}), workers, started)
        changes = machine.differences(facts["machine"], _machine(work, workers))
        return run.whole((tensors, known, note), changes)


def _refuse_folds(work: TrainingTask[Any], workers: Workers) -> None:
    """Raise UsageError for folds in several processes."""
    if work.training.folds is not None and workers.ranks > 1:
        raise UsageError(
            f"--folds {work.training.folds} trains in one process, and there are {workers.ranks}. Leave --folds out and"
            " hold out a test part (--test 0.1), or start one process without torchrun."
        )


class _TrainingRun:
    """One run from its folder to its report."""

    def __init__(
        self,
        work: TrainingTask[Any],
        output: Path,
        claim: Claim,
        observer: Observer,
        observers: ObserverFactory,
        probes: Mapping[str, Probe],
        workers: Workers,
        started: float,
    ) -> None:
        self.work, self.output, self.started, self.observers = work, output, started, observers
        self.claim, self.folder = claim, claim.folder
        self.observer, self.probes, self.workers = observer, probes, workers
        self.others: tuple[Observer, ...] = ()
        self.saved = ""
        self.diagnosis = ""
        self.where = "outside of the training loop"
        self.folds: CrossValidation | None = None

    def whole(self, found: tuple[Any, Any, str] | None, changes: str = "", notes: Sequence[str] = ()) -> Any:
        """Run everything from the log to the report; `found` is the checkpoint to continue from, and `notes` are for
        the records of a new run.
        """
        kept = None if found is None else found[1]["logged"]
        first = self.workers.rank == 0
        plans = [] if kept is None or not first else plans_after(self.folder / run_folder.LOG, kept)
        log = MetricsLog(self.folder / run_folder.LOG, kept) if first else None
        try:
            self.others = tuple(self.observers(self.folder, self.observer.note)) if first else ()
            records = Observers((log, *self.others) if log else ())
            all_observers = Observers((records, self.observer))
            for note in notes:
                records.note(note)
            if self.work.training.folds is not None:
                self._cross_validate(resumed=found is not None)
            if first:
                size = 4 * spec.parameters(self.work.tree)
                for place in (self.folder, self.output.parent):
                    run_folder.check_room(place, size)
                with enough_memory(alone=self.workers.ranks == 1):
                    self.work.fit_baseline(all_observers)
                run_folder.add(self.folder, results=[asdict(result) for result in self.work.results()])
                if found is None and self.folds is None:
                    self._note_late_start()
            foreseen = [Plan(**plan) for plan in self.workers.broadcast([asdict(plan) for plan in plans])]
            with torch.random.fork_rng(devices=[]):
                loop = self._loop(all_observers, log)
                if found is not None and found[0]:
                    loop.restore(found[0], found[1], foreseen)
                elif found is not None:
                    loop.foresee(foreseen)
                for note in _said(found, loop, changes):
                    self.observer.note(note)
                outcome = self._trained(loop)
            self.workers.leave()
            if not first:
                return None
            report = self._end(loop, outcome, all_observers)
        except (KeyboardInterrupt, Interrupted) as cut:
            raise Interrupted(f"Stopped by Ctrl-C {self.where}. {self._kept()}") from cut
        except Terminated as cut:
            raise Terminated(f"Stopped by a signal {self.where}. {self._kept()}") from cut
        except UsageError as error:
            if not self.saved:
                raise
            raise UsageError(f"{self.diagnosis}{error} {self.saved}") from error
        finally:
            if log is not None:
                log.close()
        ended = outcome.error(self.saved if outcome.stopped == "diverged" else self._kept())
        if ended is not None:
            raise ended
        return report

    def _cross_validate(self, resumed: bool) -> None:
        """Train the folds that have not been trained yet; the time of those that have been trained counts."""
        if resumed:
            self.started -= sum(fold.seconds for fold in finished_folds(self.folder).values())
        outside, minutes, trainings = self.where, self.work.training.minutes, (self.work.training.folds or 0) + 1
        if minutes is not None and 60 * minutes / trainings < _SHORT_SHARE and not resumed:
            self.observer.note(
                f"--minutes {minutes:g} gives each of the {trainings} trainings (one for each fold, and the final one)"
                f" {60 * minutes / trainings:.1f} seconds, which is too little to read the data and train."
                " Raise --minutes, or use fewer folds."
            )

        def begin(name: str) -> None:
            self.where = f"in {name}"
            if finished_folds(self.folder):
                self.claim.keep()

        self.folds = cross_validated(self.work, self.folder, self.observer, self.started, train, resume, begin)
        self.where = outside
        self.observer.stage("training on all data")

    def _trained(self, loop: Loop[Any]) -> Outcome:
        """Run the loop; the folder stays if it has trained, or if it tells what stopped it before its first update."""
        try:
            outcome = loop.run()
        finally:
            if loop.step:
                self.claim.keep()
        if outcome.stopped not in ("exhausted", "unwritable"):
            self.claim.keep()
        return outcome

    def _model(self) -> Any:
        """Return the model with its first weights; raises UsageError if the memory is not enough."""
        work, training = self.work, self.work.training
        with enough_memory(alone=self.workers.ranks == 1):
            model = first_model(work.tree, training.seed, work.initialise)
            if self.workers.rank > 0:
                torch.manual_seed(training.seed + self.workers.rank)  # another dropout mask for other rows
            return model.to(device.pick(training.device, training.precision))

    def _loop(self, observer: Observer, log: MetricsLog | None) -> Loop[Any]:
        work, training = self.work, self.work.training
        model = self._model()
        schedule, budget = lengths(work, self.started, self._ending)
        return Loop(
            model=model,
            batches=work.batches,
            loss=work.batch_loss,
            evaluate=lambda model: work.validation_loss(model),
            schedule=schedule,
            training=training,
            folder=self.folder / run_folder.CHECKPOINTS,
            observer=observer,
            budget=budget,
            probes=self.probes,
            limit=limits(work),
            explain=lambda model, batches, carry: explained(model, work.batch_loss, batches, carry, work.describe),
            logged=int if log is None else log.size,
            workers=self.workers,
        )

    def _end(self, loop: Loop[Any], outcome: Outcome, observer: Observer) -> Any:
        """Save the best model, score it if the run was not cut off, and save it with the score."""
        if outcome.best is None:
            raise outcome.error("No model was saved: the run stopped before its first validation.") or AssertionError(
                outcome
            )
        if outcome.stopped in ("unwritable", "exhausted"):
            self.diagnosis = f"{outcome.diagnosis} "
        best = outcome.best
        trained = TrainedWeights(
            self.work.tree,
            best.tensors,
            best.loss,
            best.step,
            best.weights,
            outcome.steps,
            outcome.stopped,
            self.started,
        )
        whole = outcome.stopped in ("finished", "early", "diverged")
        if not whole:
            observer.stage("saving the best model so far")
        report, failed = self.work.save(trained, self.folder, self.output, None, folds=self.folds)
        best_path = loop.folder / checkpoint.BEST
        kept = next((place for place in run_folder.models(self.folder, self.output) if place not in failed), best_path)
        self.saved = f"The best model so far, from step {outcome.best.step}, is saved in {kept}."
        if not kept.exists():
            self.saved = "No model could be saved."
        if whole and kept != best_path:
            observer.stage("scoring the held-out part")
            score = self.work.score(trained)
            if self.work.has_test_part:
                observer.stage("scoring the test part")
            test = self.work.test(trained, score) if self.work.has_test_part else None
            report, failed = self.work.save(trained, self.folder, self.output, score, test, self.folds)
        if failed:
            raise next(iter(failed.values()))
        if outcome.stopped not in ("unwritable", "exhausted"):
            observer.finish(report)
        return report

    def _ending(self) -> float:
        """Return the seconds for saving, and for the other work at the end."""
        return SAVING_SECONDS + sum(getattr(observer, "end_seconds", 0.0) for observer in self.others)

    def _note_late_start(self) -> None:
        """Note that reading and counting took most of the time."""
        minutes, took = self.work.training.minutes, time.monotonic() - self.started
        if minutes is not None and took > _LATE * 60 * minutes:
            trainings = self.work.trainings
            shared = f"this training's share of --minutes ({trainings} trainings)"
            whose = "--minutes" if trainings == 1 else shared
            self.observer.note(
                f"Reading and preparing the data and computing the baseline took {duration_text(took)} of"
                f" the {duration_text(60 * minutes)} of {whose}: little time is left for training."
            )

    def _kept(self) -> str:
        saved = self.saved or f"The checkpoints are in {self.folder}."
        return f"{saved} Continue the run{run_folder.how_to_continue(self.folder)}"


def _machine(work: TrainingTask[Any], workers: Workers) -> dict[str, Any]:
    chosen = device.pick(work.training.device, work.training.precision)
    return {**device.describe(chosen), "ranks": workers.ranks}


def _check_same(work: TrainingTask[Any], workers: Workers) -> None:
    """Raise UsageError unless all workers train the same thing in the same way."""
    names = {"instruction_set": "instruction set", "anaphora": "version of anaphora", "torch": "version of torch"}
    here = _machine(work, workers)
    facts = {words: str(here[name]) for name, words in names.items()}
    device_type = device.pick(work.training.device, work.training.precision).type
    settings = hashlib.sha256(render(work.config).encode()).hexdigest()
    check_same(
        workers, {**facts, "device": device_type, "SHA-256 of data": work.sha256, "SHA-256 of settings": settings}
    )


def _said(found: tuple[Any, Any, str] | None, loop: Loop[Any], changes: str) -> list[str]:
    """Return the notes for a user who resumes."""
    if found is None:
        return []
    notes = [found[2]] if found[2] else []
    if loop.step == 0:
        notes.append("There was no checkpoint yet: the run begins again from step 0.")
    elif loop.step >= loop.schedule.total_steps:
        notes.append(f"Training is done after {counted(loop.step, 'step')}: only scoring and saving remain.")
    else:
        notes.append(f"Continuing after step {loop.step:,} of {loop.schedule.total_steps:,}.")
    if changes:
        notes.append(
            f"{changes} The run continues, but its weights will not equal those of an uninterrupted run bit for bit."
        )
    return notes
