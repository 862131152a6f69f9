"""anaphora from Python: `train`, `resume`, `load`, `check`; the door `anaphora` hands them out.

    model = anaphora.train("classify", data=(X, y), minutes=5)        model.predict(X)     model.evaluate((X, y))
    model.save("model.anaphora")                                      anaphora.load("model.anaphora").predict(X)

The same configs, checks, runs and files as on the command line. Nothing is printed. `load` and what it returns need no
torch; `train` and `resume` do.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from anaphora import runtime
from anaphora.checks import examine
from anaphora.checks.findings import SEVERITIES, Finding, errors, refuse
from anaphora.config import Config, config_fields, from_run, resolve
from anaphora.data.progress import observed_by
from anaphora.errors import AnaphoraError, DataError, MissingExtra, UsageError, closest
from anaphora.report.observers import observers
from anaphora.runs import folder as run_folder
from anaphora.runs.model_file import check_model_file
from anaphora.tasks import registry
from anaphora.tasks.base.trained_model import TrainedModel, live_with

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


# fmt: off
@overload
def train(
    task: Literal["language"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, **given: Any,
) -> LanguageModel: ...
@overload
def train(
    task: Literal["classify"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, **given: Any,
) -> Classifier: ...
@overload
def train(
    task: Literal["tag"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, **given: Any,
) -> Tagger: ...
@overload
def train(
    task: Literal["fill"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, **given: Any,
) -> GapFiller: ...
@overload
def train(
    task: Literal["translate"], data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, **given: Any,
) -> Translator: ...
@overload
def train(
    task: str, data: Any, *, output: Place | None = None, run_dir: Place | None = None,
    preset: str | None = None, config: Settings | None = None, progress: bool | Observer = False, **given: Any,
) -> TrainedModel: ...
# fmt: on
def train(
    task: str,
    data: Any,
    *,
    output: Place | None = None,
    run_dir: Place | None = None,
    preset: str | None = None,
    config: Settings | None = None,
    progress: bool | Observer = False,
    **given: Any,
) -> TrainedModel:
    """Train a model on data, as `anaphora train TASK DATA` does, and return it: a `LanguageModel`, `Classifier`,
    `Tagger`, `GapFiller` or `Translator`.

    `given` are fields by name, `learning_rate=1e-3, minutes=5`; they win over `config`, which wins over `preset`. The
    model's file goes to `output` and the records to `run_dir`, else beside it; where neither is named, both live in a
    temporary folder that goes with the model. `progress` shows what the command shows, or tells a watch of yours.

    Raises UsageError for a wrong argument, DataError for data that cannot be read or trained on; Interrupted,
    Terminated and Diverged say where the best model so far is.
    """
    started = time.monotonic()
    settings = configured(task, preset, config, given)
    trainer = _trainer("anaphora.train")
    if output is not None:
        run_folder.check_output(Path(output))
    with _read_aloud(progress):
        corpus, findings = _examined(task, settings, data)
        refuse(findings)
        work = registry.task(task).training(settings, corpus)
    with _place(output, run_dir) as (file, folder, passing), _watched(progress, work.unit) as observer:
        how: dict[str, Any] = {"data": registry.task(task).paths(data) or (), "observer": observer, "started": started}
        if passing is None:
            how["observers"] = observers(work)  # a page that nobody could open later is not drawn
        report = trainer.train(work, file, run_dir=folder, **how)
    model = load(file)
    model.report, model.run_dir = report, report.run_dir
    if passing is not None:
        live_with(model, passing)
    return model


def resume(run_dir: Place, data: Any = None, *, progress: bool | Observer = False) -> TrainedModel:
    """Go on with a run that was cut off, as `anaphora resume RUN` does, and return its model.

    `data` are those it was begun with; a run whose data were files finds them itself.

    Raises UsageError for a folder that is no run's, or where data are needed; DataError if they are others than before;
    and what `train` raises.
    """
    folder = Path(run_dir)
    facts = run_folder.facts(folder)
    task = facts["task"]
    if data is None:
        data = [Path(name) for name in facts["data"]]
        if not data or run_folder.STANDARD_INPUT in facts["data"]:
            came = "standard input" if data else "a Python program"
            raise UsageError(f"The data of {folder} came from {came}: give them again, resume(…, data=…).")
    settings = from_run(registry.task(task).config, folder / run_folder.CONFIG)
    trainer = _trainer("anaphora.resume")
    with _read_aloud(progress):
        work = registry.task(task).training(settings, _corpus(task, settings, data))
    with _watched(progress, work.unit) as observer:
        report = trainer.resume(
            work, folder, observer=observer, observers=observers(work, (folder / "tensorboard").exists())
        )
    model = load(report.model)
    model.report, model.run_dir = report, report.run_dir
    return model


def load(path: Place) -> TrainedModel:
    """Open a model's file, whatever its task; needs no torch.

    Raises DataError if it cannot be read, CorruptBundle if a byte of it is not the one that was written,
    IncompatibleBundle if this version cannot use it.
    """
    check_model_file(path)
    return registry.open_model(runtime.load(Path(path)))


def check(
    task: str, data: Any, *, preset: str | None = None, config: Settings | None = None, **given: Any
) -> list[Finding]:
    """What is wrong with data, and what would be trained on them, as `anaphora check TASK DATA` finds it; those of
    severity "error" are what `train` refuses.

    Takes what `train` takes. Raises UsageError for a wrong argument, or for what are no data at all.
    """
    from anaphora.checks import cost

    settings: Any = configured(task, preset, config, given)
    corpus, found = _examined(task, settings, data)
    if not errors(found):
        described, load = registry.task(task).describe(settings, corpus)
        folder = Path(tempfile.gettempdir())
        found += described if load is None else [*described, *cost.findings(load, settings.training, folder)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def configured(task: str, preset: str | None, config: Settings | None, given: Mapping[str, Any]) -> Config:
    """Preset, config and fields by name put together, as a config of the task.

    Raises UsageError, naming the nearest, for what is not declared, and for a value that a field does not take.
    """
    chosen = registry.task(task)
    file = Path(config) if isinstance(config, str | os.PathLike) else None
    above: Mapping[str, Any] = {}
    if isinstance(config, Config):
        above = config.model_dump()
    elif isinstance(config, Mapping):
        above = config
    values: dict[str, dict[str, Any]] = {}
    for layer in (above, given):
        for name, value in layer.items():
            if isinstance(value, Mapping):
                values.setdefault(name, {}).update({key: _plain(item) for key, item in value.items()})
            else:
                values.setdefault(_section(chosen.config, name), {})[name] = _plain(value)
    found: Config = resolve(
        chosen.config, chosen.presets, preset=preset or chosen.default_preset, file=file, values=values
    )
    return found


def _section(config: type[Config], name: str) -> str:
    """The section of a field that only one section has."""
    declared = config_fields(config)
    sections = [field.section for field in declared if field.key == name]
    if len(sections) == 1:
        return sections[0]
    if sections:
        raise UsageError(f"{name!r} stands in several sections: say {{{sections[0]!r}: {{{name!r}: …}}}} in config.")
    near = closest(name, [field.key for field in declared])
    hint = f" Did you mean {near!r}?" if near else ""
    raise UsageError(f"There is no field {name!r}.{hint} `anaphora config` shows them all.")


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
    return corpus, chosen.check(settings, corpus)


def _corpus(task: str, settings: Config, data: Any) -> Any:
    chosen = registry.task(task)
    files = chosen.paths(data)
    return chosen.from_memory(settings, data) if files is None else chosen.read(settings, files)


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
    """Let whoever watches hear how far the reading of long data is."""
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
    """The model's file, the run's folder, and the temporary folder that they are in, if they are; it stays where a run
    that was cut off has left something in it.
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
