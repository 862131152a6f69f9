"""A search over a few options in a time budget: trials are short trainings, stored in a study on disk.

    trial n:   options drawn by TPE from the results of earlier trials (the first: as they were set)
               trained for budget / trials of the time, its loss is the best validation loss
               stopped at a validation worse than the median of the others at that tenth of their run

    FOLDER/study.jsonl    every trial, a line at a time: an interrupted search continues after the finished trials
    FOLDER/best.toml      the settings of the best trial
    FOLDER/trials/0007/   the records of one, as any run's: `anaphora runs FOLDER` lists them

Several processes may work on one study. Sources: Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS
2011 (TPE); Akiba et al., "Optuna", KDD 2019, whose sampler, pruner and journal these are.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from anaphora.config import Config, without_useless
from anaphora.config.old_names import field_by_current_name, search_by_current_names
from anaphora.config.search_space import SearchChoice, Space, Value
from anaphora.config.toml import render
from anaphora.errors import DataError, Interrupted, MissingExtra, Terminated, UsageError
from anaphora.formatting import counted, duration_text
from anaphora.runs import folder as run_folder
from anaphora.runs.search import STUDY, TRIALS, write_best
from anaphora.training import device
from anaphora.training.initial import first_model
from anaphora.training.length import lengths
from anaphora.training.loop import Loop
from anaphora.training.metrics_log import MetricsLog
from anaphora.training.observer import Evaluation, Observer, Observers
from anaphora.training.outcome import Outcome
from anaphora.training.task import TrainingTask

if TYPE_CHECKING:
    from optuna import Study, Trial

USUAL_TRIALS = 12  # that a budget of time is divided among

_NAME = "anaphora"
_TENTHS = 10  # of a run, after which validations are compared
_EARLY = 3  # tenths in which no trial is given up
_FIRST = 4  # trials that are not given up, to have something to compare with
_REFUSED = 10  # trials in a row that could not be trained end a search
_SHORTEST = 0.5  # of a trial's time: with less of it left none is begun


@dataclass(frozen=True)
class Tried:
    """A trial in the study: `state` is finished, pruned (stopped early), diverged, refused (its settings cannot be
    trained), running or cut off; `why` gives details.
    """

    number: int
    state: str
    loss: float | None
    seconds: float
    values: Mapping[str, Value]
    why: str


@dataclass(frozen=True)
class _End:
    """The end of a trial, for its log."""

    trial: int
    stopped: str
    steps: int
    seconds: float
    results: tuple[Any, ...] = ()


@dataclass
class Search:
    """One process's part in a search; `config` makes a trial's config from options added to the user's, `work` makes
    the training of a config.
    """

    config: Callable[[Sequence[str]], Config]
    work: Callable[[Config], TrainingTask[Any]]
    spaces: Mapping[str, Space]
    folder: Path
    minutes: float
    trials: int | None
    facts: Mapping[str, Any]  # what must be the same for a search to go on: the task, the data, the settings
    note: Callable[[str], None]
    begin: Callable[[str], None] = lambda _: None  # receives the name of the trial that begins

    def __post_init__(self) -> None:
        self._refused = 0  # trials in a row whose settings could not be trained

    def run(self) -> None:
        """Run trials until the time is up, or the requested number of trials exists.

        Raises MissingExtra without optuna, UsageError if the folder holds another search; Interrupted or Terminated
        after the present trial was marked.
        """
        deadline = time.monotonic() + 60 * self.minutes
        study = self.open()
        length = float(study.user_attrs["seconds"])
        self._keep_best(study)  # an earlier version, or a process that was killed, may have left another one
        try:
            while True:
                left = deadline - time.monotonic()
                count = sum(trial.state.name not in ("FAIL", "WAITING") for trial in study.get_trials(deepcopy=False))
                if left < _SHORTEST * length or (self.trials is not None and count >= self.trials):
                    return
                self.begin(f"trial {count}, {duration_text(left)} left")
                self._one(study, min(left, length))
        except (KeyboardInterrupt, Interrupted) as cut:
            self._keep_best(study)  # Ctrl-C may have come between a trial's end and its record
            raise Interrupted(f"Stopped by Ctrl-C; {self._kept(study)}") from cut
        except Terminated as cut:
            self._keep_best(study)
            raise Terminated(f"Stopped by a signal; {self._kept(study)}") from cut

    def open(self) -> Study:
        """Open the study of the folder, or make it."""
        try:
            import optuna
            from optuna.storages.journal import JournalFileBackend
        except ImportError as error:
            raise MissingExtra("train", "anaphora tune", missing="optuna") from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        path = self.folder / STUDY
        try:
            (self.folder / TRIALS).mkdir(parents=True, exist_ok=True)
            _whole_lines(path)
            storage = optuna.storages.JournalStorage(JournalFileBackend(str(path)))
            study = optuna.create_study(study_name=_NAME, storage=storage, load_if_exists=True)
        except OSError as error:
            raise UsageError(f"'{path}' cannot be written: {error.strerror or error}. Name another folder.") from error
        facts = {**self.facts, "fields": {name: str(space) for name, space in self.spaces.items()}}
        if not study.user_attrs:
            study.set_user_attr("facts", facts)
            study.set_user_attr("seconds", 60 * self.minutes / (self.trials or USUAL_TRIALS))
            study.enqueue_trial(self._as_set(), skip_if_exists=True)
        other = [name for name, value in self._known(study).items() if value != facts.get(name)]
        if other:
            raise UsageError(
                f"{self.folder} holds another search: its {' and '.join(other)} differ. Name another --run-dir."
            )
        _bury(study)
        # Another seed for every process that opens the study, or it would draw the same fields again.
        seed = int(self.facts["seed"]) + len(study.get_trials(deepcopy=False))
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_FIRST)
        study.pruner = optuna.pruners.MedianPruner(_FIRST, n_warmup_steps=_EARLY)
        return study

    def _known(self, study: Study) -> dict[str, Any]:
        """Return the facts of a study; a field that an earlier version did not have has its default value."""
        known = search_by_current_names(study.user_attrs["facts"])
        defaults = type(self.config(()))().model_dump()
        for section, keys in known.get("settings", {}).items():
            known["settings"][section] = {**defaults[section], **keys}
        known.get("settings", {}).get("training", {}).pop("minutes", None)
        return known

    def _as_set(self) -> dict[str, Value]:
        """Return the options as the user set them, if the search space contains them."""
        set_to = self.config(()).model_dump()
        found: dict[str, Value] = {}
        for name, space in self.spaces.items():
            section, _, key = name.partition(".")
            value = set_to[section][key]
            if isinstance(space, SearchChoice):
                fits = value in space.values
            else:
                fits = value is not None and space.low <= value <= space.high
                fits = fits and (space.step is None or (value - space.low) % space.step == 0)
            if fits:
                found[name] = value
        return found

    def _one(self, study: Study, seconds: float) -> None:
        from optuna import TrialPruned
        from optuna.trial import TrialState

        begun = time.monotonic()
        trial = study.ask()
        trial.set_user_attr("process", os.getpid())
        values = {name: _suggested(trial, name, space) for name, space in self.spaces.items()}
        try:
            outcome = self._train(trial, values, seconds, begun)
        except TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except (DataError, UsageError, torch.OutOfMemoryError) as error:
            _give_up(study, trial, "refused", str(error))
            self._refused += 1
            if trial.number == 0 or self._refused == _REFUSED:
                raise
        except BaseException:
            study.tell(trial, state=TrialState.FAIL)
            raise
        else:
            self._refused = 0
            if outcome.stopped in ("interrupted", "terminated", "unwritable"):
                study.tell(trial, state=TrialState.FAIL)
                raise outcome.error("") or AssertionError(outcome)
            if outcome.stopped == "diverged" or outcome.best is None:
                _give_up(study, trial, "diverged", outcome.diagnosis)
            else:
                study.tell(trial, outcome.best.loss)
        finally:
            shutil.rmtree(self._place(trial) / run_folder.CHECKPOINTS, ignore_errors=True)
        self._say(study, trial.number, values)

    def _train(self, trial: Trial, values: Mapping[str, Value], seconds: float, begun: float) -> Outcome:
        config = self.config([*_options(values), "--training.minutes", repr(seconds / 60)])
        work = self.work(config)
        folder = self._place(trial)
        machine = device.describe(device.pick(work.training.device, work.training.precision))
        started = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        known = {"task": work.task, "data": [], "data_sha256": work.sha256, "output": "", "machine": machine}
        run_folder.begin(folder, render(config), {**known, "started": started})
        log = MetricsLog(folder / run_folder.LOG)
        stopped, loop = "pruned", None
        try:
            with torch.random.fork_rng(devices=[]):
                model = first_model(work.tree, work.training.seed, work.initialise)
                model.to(device.pick(work.training.device, work.training.precision))
                schedule, budget = lengths(work, begun)
                if budget is not None:
                    budget.divides = False  # trials are compared by one validation
                    budget.validations_per_score = 0.0  # nothing is scored at the end: all the time is for training
                loop = Loop(
                    model=model,
                    batches=work.batches,
                    loss=work.batch_loss,
                    evaluate=work.validation_loss,
                    schedule=schedule,
                    training=work.training,
                    folder=folder / run_folder.CHECKPOINTS,
                    observer=Observers((log, _Prune(trial))),
                    budget=budget,
                )
                outcome = loop.run()
                stopped = outcome.stopped
                if stopped == "exhausted":
                    raise UsageError(outcome.diagnosis)
                return outcome
        finally:
            log.finish(_End(trial.number, stopped, 0 if loop is None else loop.step, time.monotonic() - begun))

    def _place(self, trial: Trial) -> Path:
        return self.folder / TRIALS / f"{trial.number:04}"

    def _say(self, study: Study, number: int, values: Mapping[str, Value]) -> None:
        """Write the best config to disk if it is this trial's, and report the trial."""
        each = next(each for each in tried(study) if each.number == number)
        best = best_of(study)
        said = ", ".join(f"{name.partition('.')[2]} {value:.4g}" if isinstance(value, float) else
                         f"{name.partition('.')[2]} {value}" for name, value in values.items())  # fmt: skip
        loss = "no loss" if each.loss is None else f"{each.loss:.4f}"
        if best == each:
            self._keep_best(study)
        self.note(f"trial {number}: {loss}, {each.state}{'; best so far' if best == each else ''} ({said}).")

    def _keep_best(self, study: Study) -> None:
        best = best_of(study)
        if best is not None:
            write_best(self.folder, render(without_useless(self.config(_options(best.values)))))

    def _kept(self, study: Study) -> str:
        finished = sum(each.state not in ("cut off", "running") for each in tried(study))
        return f"{counted(finished, 'finished trial')} kept in {self.folder}. The same command continues the search."


class _Prune(Observer):
    """Stop a trial at a validation that is worse than those of other trials."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._last = -1

    def evaluation(self, evaluation: Evaluation) -> None:
        """Compare a validation, at most one in each tenth of the run."""
        from optuna import TrialPruned

        tenth = _TENTHS * evaluation.step // max(1, evaluation.total_steps)
        if tenth > self._last and tenth < _TENTHS:
            self._last = tenth
            self._trial.report(evaluation.best_loss, tenth)
            if self._trial.should_prune():
                raise TrialPruned


def _give_up(study: Study, trial: Trial, how: str, why: str) -> None:
    """Mark the trial as bad for the sampler."""
    from optuna.trial import TrialState

    trial.set_user_attr("how", how)
    trial.set_user_attr("why", why)
    study.tell(trial, state=TrialState.PRUNED)


def tried(study: Study) -> list[Tried]:
    """Return every trial of a study, in the order of their numbers."""
    names = {"COMPLETE": "finished", "PRUNED": "pruned", "RUNNING": "running", "FAIL": "cut off"}
    return [
        Tried(
            trial.number,
            str(trial.user_attrs.get("how", names[trial.state.name])),
            trial.value if trial.state.name == "COMPLETE" else min(trial.intermediate_values.values(), default=None),
            0.0 if trial.duration is None else trial.duration.total_seconds(),
            {field_by_current_name(name): value for name, value in trial.params.items()},
            str(trial.user_attrs.get("why", "")),
        )
        for trial in study.get_trials(deepcopy=False)
        if trial.state.name in names
    ]


def best_of(study: Study) -> Tried | None:
    """Return the finished trial with the least loss."""
    finished = [each for each in tried(study) if each.state == "finished" and each.loss is not None]
    return min(finished, key=lambda each: each.loss or 0.0, default=None)


def _suggested(trial: Trial, name: str, space: Space) -> Value:
    if isinstance(space, SearchChoice):
        return trial.suggest_categorical(name, list(space.values))  # type: ignore[return-value]
    if space.whole:
        return trial.suggest_int(name, int(space.low), int(space.high), step=space.step or 1, log=space.log)
    return trial.suggest_float(name, space.low, space.high, log=space.log)


def _options(values: Mapping[str, Value]) -> list[str]:
    """Return options as words of the command line."""
    words: list[str] = []
    for name, value in values.items():
        words += [
            f"--{name.replace('_', '-')}",
            str(value).lower() if isinstance(value, bool) else repr(value).strip("'"),
        ]
    return words


def _whole_lines(path: Path) -> None:
    """Remove an incomplete last line of a killed process, because the journal cannot be read past it.

    Another process may be in the middle of that line: the lock of the journal tells.
    """
    from optuna.storages.journal import JournalFileSymlinkLock

    if not path.exists() or path.read_bytes()[-1:] in (b"", b"\n"):
        return
    lock = JournalFileSymlinkLock(str(path))
    lock.acquire()
    try:
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
    finally:
        lock.release()


def _bury(study: Study) -> None:
    """Mark the trials of ended processes as failed."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        process = trial.user_attrs.get("process")
        if process is None or not Path(f"/proc/{process}").exists():
            study.tell(trial.number, state=TrialState.FAIL)
