"""The Python interface of anaphora: `train`, `resume`, `load` and `check`, which the package exports.

    model = anaphora.train("classify", data=(X, y), minutes=5)        model.predict(X)     model.evaluate((X, y))
    model.save("model.anaphora")                                      anaphora.load("model.anaphora").predict(X)

Configs, checks, runs and files are those of the command line. Nothing is printed. `train` and `resume` need torch;
`load` and the models that it returns do not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from anaphora import runtime
from anaphora.arguments.accept import PATH, TEXT, TRUTH, Rule, instance, optional
from anaphora.arguments.synonyms import argument_meant
from anaphora.checks import examine
from anaphora.checks.findings import Finding, errors, ordered, refuse, warnings
from anaphora.config import Config, config_fields, from_run, resolve
from anaphora.data.parts import part_files
from anaphora.data.progress import observed_by
from anaphora.errors import (
    AnaphoraError,
    DataError,
    DataWarning,
    MissingExtra,
    UsageError,
    WrongCall,
    closest,
    warn_caller,
)
from anaphora.report.observers import observers
from anaphora.runs import folder as run_folder
from anaphora.runs.finished import finished
from anaphora.runs.model_file import check_model_file
from anaphora.tasks import registry
from anaphora.tasks.base.python_words import in_python, public
from anaphora.tasks.base.trained_model import TrainedModel

if TYPE_CHECKING:
    from anaphora.tasks.classify.predict import Classifier
    from anaphora.tasks.fill.predict import GapFiller
    from anaphora.tasks.language.predict import LanguageModel
    from anaphora.tasks.tag.predict import Tagger
    from anaphora.tasks.translate.predict import Translator
    from anaphora.training.observer import Observer

Place = str | os.PathLike[str]
Settings = Place | Mapping[str, Any] | Config
"""A TOML file, a mapping of fields or of sections with fields, or the `config` of a model."""


_PROGRESS = Rule(
    "True, False or an Observer", lambda value: isinstance(value, bool) or hasattr(type(value), "evaluation")
)
_ARGUMENTS = {
    "task": TEXT,
    "output": optional(PATH),
    "run_dir": optional(PATH),
    "preset": optional(TEXT),
    "config": optional(instance("a TOML file, a mapping of fields, or a config", str, os.PathLike, Mapping, Config)),
    "progress": _PROGRESS,
    "force": TRUTH,
}


# fmt: off
@overload
def train(
    task: Literal["language"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, force: bool = False,
    **given: Any,
) -> LanguageModel: ...
@overload
def train(
    task: Literal["classify"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, force: bool = False,
    **given: Any,
) -> Classifier: ...
@overload
def train(
    task: Literal["tag"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, force: bool = False,
    **given: Any,
) -> Tagger: ...
@overload
def train(
    task: Literal["fill"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, force: bool = False,
    **given: Any,
) -> GapFiller: ...
@overload
def train(
    task: Literal["translate"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, force: bool = False,
    **given: Any,
) -> Translator: ...
@overload
def train(
    task: str, data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, force: bool = False,
    **given: Any,
) -> TrainedModel: ...
# fmt: on
@public(**_ARGUMENTS)
def train(
    task: str,
    data: Any,
    *,
    output: Place | None = None,
    run_dir: Place | None = None,
    preset: str | None = None,
    config: Settings | None = None,
    progress: bool | Observer = False,
    force: bool = False,
    **given: Any,
) -> TrainedModel:
    """Train a model on data, as `anaphora train TASK DATA` does, and return the model.

    `data` are files, or values in memory in the form of the task, such as rows X (B, T, C) with labels (B,). `given`
    are fields by name, such as `learning_rate=1e-3, minutes=5`; they override `config`, and `config` overrides
    `preset`. The model file is written to `output` and the records to `run_dir`, by default beside the model file;
    without both, they are in a temporary folder that is removed with the model. Neither is written over data or config
    that are read, nor over an existing file that is not a model; `force=True` permits the latter. `progress=True` shows
    the progress of the command; an observer receives the events of the run.

    Returns a `LanguageModel`, `Classifier`, `Tagger`, `GapFiller` or `Translator`, with its `report` and `run_dir`.
    Raises UsageError for a wrong argument, DataError for data that cannot be read or trained on, MissingExtra without
    torch; Interrupted, Terminated or Diverged with a message that names the place of the best model so far.
    """
    started = time.monotonic()
    settings = configured(task, preset, config, given)
    trainer = _trainer("anaphora.train")
    read = _files(task, data, config, settings)
    if output is not None or run_dir is not None:
        place = Path(run_dir or "", run_folder.MODEL) if output is None else output
        run_folder.check_places(place, run_dir, read, force=force)
    with _read_aloud(progress):
        corpus, findings = _examined(task, settings, data)
        refuse(findings)
        said = _warned(findings)
        work = registry.task(task).training(settings, corpus)
    with _place(output, run_dir) as (file, folder, passing), _watched(progress, work.unit) as observer:
        how: dict[str, Any] = {"data": registry.task(task).paths(data) or (), "inputs": read, "force": force}
        how |= {"observer": observer, "started": started, "notes": said}
        if passing is None:
            how["observers"] = observers(work)  # no page in a temporary folder
        report = trainer.train(work, file, run_dir=folder, **how)
    model = load(file)
    model.report, model.run_dir = replace(report, notes=(*said, *report.notes)), report.run_dir
    if passing is not None:
        _live_with(model, passing)
    return model


@public(run_dir=PATH, progress=_PROGRESS)
def resume(run_dir: Place, data: Any = None, *, progress: bool | Observer = False) -> TrainedModel:
    """Continue an interrupted run, as `anaphora resume RUN` does, and return its model; the model of a run that has
    finished is only loaded, without a report.

    `data` are the data with which the run was begun; they are read again by default if they were files. Raises
    UsageError if the folder is not that of a run or the data are missing, DataError if the data have changed, and the
    errors of `train`.
    """
    folder = Path(run_dir)
    facts = run_folder.facts(folder)
    task = facts["task"]
    done = finished(folder)
    if done is not None:
        model = load(done.model)
        model.run_dir = folder
        return model
    if data is None:
        data = [Path(name) for name in facts["data"]]
        if not data or run_folder.STANDARD_INPUT in facts["data"]:
            came = "standard input" if data else "a Python program"
            raise UsageError(f"The data of {folder} came from {came}: give the data again, resume(…, data=…).")
    settings = from_run(registry.task(task).config, folder / run_folder.CONFIG)
    trainer = _trainer("anaphora.resume")
    with _read_aloud(progress):
        work = registry.task(task).training(settings, _corpus(task, settings, data))
    with _watched(progress, work.unit) as observer:
        report = trainer.resume(
            work, folder, observer=observer, observers=observers(work, (folder / run_folder.TENSORBOARD).exists())
        )
    model = load(report.model)
    model.report, model.run_dir = report, report.run_dir
    return model


@public(path=PATH)
def load(path: Place) -> TrainedModel:
    """Return the model in a file, of any task; needs no torch.

    Raises DataError if the file cannot be read, CorruptBundle if its bytes differ from the bytes that were written,
    IncompatibleBundle if it is not a model file or if this version cannot use it.
    """
    check_model_file(path)
    return registry.open_model(runtime.load(Path(path)))


@public(**{name: _ARGUMENTS[name] for name in ("task", "preset", "config")})
def check(
    task: str, data: Any, *, preset: str | None = None, config: Settings | None = None, **given: Any
) -> list[Finding]:
    """Return the findings of `anaphora check TASK DATA`: faults of the data, and estimates of memory and time.

    The arguments are those of `train`, which refuses data with a finding of severity "error". Raises UsageError for a
    wrong argument, or for values that are not data of the task.
    """
    from anaphora.checks import cost

    settings: Any = configured(task, preset, config, given)
    corpus, found = _examined(task, settings, data)
    if not errors(found):
        described, load = registry.task(task).describe(settings, corpus)
        folder = Path(tempfile.gettempdir())
        found += described if load is None else [*described, *cost.findings(load, settings.training, folder)]
    return [in_python(finding) for finding in ordered(found)]


def configured(task: str, preset: str | None, config: Settings | None, given: Mapping[str, Any]) -> Config:
    """Return the config of a task from a preset, a config and fields by name, later ones overriding earlier ones.

    Raises UsageError for an unknown name, with the nearest one, and for a value that its field does not accept.
    """
    chosen = registry.task(task)
    file = Path(config) if isinstance(config, str | os.PathLike) else None
    above: Mapping[str, Any] = {}
    if isinstance(config, Config):
        above = config.model_dump()
    elif isinstance(config, Mapping):
        above = config
    base, values = (_by_section(chosen.config, layer) for layer in (above, given))
    found: Config = resolve(
        chosen.config, chosen.presets, preset=preset or chosen.default_preset, file=file, base=base, values=values
    )
    return found


def _by_section(config: type[Config], fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return fields by section and key, of a mapping of fields, or of sections with fields."""
    values: dict[str, dict[str, Any]] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            values.setdefault(name, {}).update({key: _plain(item) for key, item in value.items()})
        else:
            values.setdefault(_section(config, name), {})[name] = _plain(value)
    return values


def _section(config: type[Config], name: str) -> str:
    """Return the section of a field. Raises UsageError if no section or several sections have it."""
    declared = config_fields(config)
    sections = [field.section for field in declared if field.key == name]
    if len(sections) == 1:
        return sections[0]
    if sections:
        raise UsageError(
            f"Several sections have a field {name!r}: name its section, config={{{sections[0]!r}: {{{name!r}: …}}}}."
        )
    keys = [field.key for field in declared]
    near = argument_meant(name, keys) or closest(name, keys)
    hint = f" Did you mean {near!r}?" if near else ""
    raise WrongCall(f"There is no field {name!r}.{hint} `anaphora config TASK` shows all fields.")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _examined(task: str, settings: Config, data: Any) -> tuple[Any, list[Finding]]:
    chosen = registry.task(task)
    files = chosen.paths(data)
    if files is not None:
        return examine.examine(chosen, settings, files)
    try:
        corpus = chosen.from_memory(settings, data)
    except DataError as error:
        return None, [examine.unreadable(error)]
    return corpus, examine.of_corpus(chosen, settings, corpus)


def _warned(findings: Sequence[Finding]) -> list[str]:
    """Warn the caller of this package of every warning, and return the warnings in words."""
    said = [in_python(finding).in_one_line() for finding in warnings(findings)]
    for text in said:
        warn_caller(text, DataWarning)
    return said


def _corpus(task: str, settings: Config, data: Any) -> Any:
    chosen = registry.task(task)
    files = chosen.paths(data)
    return chosen.from_memory(settings, data) if files is None else chosen.read(settings, files)


def _files(task: str, data: Any, config: Settings | None, settings: Config) -> list[Place]:
    """Return the files and folders that a training reads."""
    named = [config] if isinstance(config, str | os.PathLike) else []
    return [*(registry.task(task).paths(data) or ()), *named, *part_files(settings)]


def _trainer(wanted_by: str) -> Any:
    try:
        from anaphora.training import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "anaphora":
            raise
        raise MissingExtra("train", wanted_by, missing=error.name.partition(".")[0]) from error
    return run


@contextmanager
def _read_aloud(progress: bool | Observer) -> Iterator[None]:
    """Report the reading of long data to the observer, inside a `with` block."""
    with _watched(progress, "") as observer:
        if observer is None:
            yield
        else:
            with observed_by(observer.stage):
                yield


@contextmanager
def _watched(progress: bool | Observer, unit: str) -> Iterator[Observer | None]:
    if not isinstance(progress, bool):
        yield progress
    elif progress:
        from anaphora.report.terminal import show

        with show(unit) as observer:
            yield observer
    else:
        yield None


@contextmanager
def _place(output: Place | None, run_dir: Place | None) -> Iterator[tuple[Path, Path | None, Path | None]]:
    """Yield the model file, the run folder, and the temporary folder that holds both, or None.

    The temporary folder is removed after an error, unless an interrupted run has left a checkpoint in it.
    """
    folder = None if run_dir is None else Path(run_dir)
    if output is not None:
        yield Path(output), folder, None
    elif folder is not None:
        yield folder / run_folder.MODEL, folder, None
    else:
        passing = Path(tempfile.mkdtemp(prefix="anaphora-"))
        try:
            yield passing / run_folder.MODEL, passing, passing
        except BaseException as error:
            if not (isinstance(error, AnaphoraError) and any((passing / run_folder.CHECKPOINTS).glob("*"))):
                shutil.rmtree(passing, ignore_errors=True)
            raise


def _live_with(holder: object, folder: Path) -> None:
    """Remove a folder when the object that holds it is deleted, or when the program ends, but not in a forked
    process.
    """
    weakref.finalize(holder, _remove, folder, os.getpid())


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
