"""``anaphora tune TASK``: hyperparameter search within a time limit; writes the best config as a file."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anaphora.commands import options as config_options
from anaphora.commands.options import option, parameter
from anaphora.commands.train_arguments import as_typed, as_words, given_fields, with_data, with_pipe
from anaphora.errors import UsageError
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch

if TYPE_CHECKING:
    from anaphora.config import Config
    from anaphora.config.search_space import Space
    from anaphora.tasks.base.declaration import Task
    from anaphora.training.tuning import Tried

_HELP = """Search hyperparameters: train many short trials with different values, and write the best config.

--minutes is the time limit of the whole search; with --trials N, each trial gets one N-th of it. A trial that is worse
than the median is stopped early. Ctrl-C keeps all finished trials, and the same command continues the search. A field
that you set as an option has that value in every trial.

Fields that are searched by default: {fields}. --option searches other fields instead, each with a range or a list of
values: --option model.hidden=64..512, --option model.cell=gru,lstm.
"""


def make() -> Any:
    """Return the group of all tasks."""
    return config_options.for_each_task("tune", "Search hyperparameters within a time limit.", _command)


def _command(task: str) -> Any:
    chosen = registry.task(task)

    def command(
        data: list[str], preset: str | None, config: str | None, trials: int | None, field: list[str] | None,
        folder: str, jobs: int, as_json: bool, **values: Any,
    ) -> None:  # fmt: skip
        fields = given_fields(task, values)
        data = with_pipe(task, data, fields)
        _tune(task, data, preset, config, trials, field or [], folder, jobs, as_json, fields)

    named = "Field to search: NAME, NAME=LOW..HIGH or NAME=A,B,C; may be repeated."
    own = [
        config_options.data_parameter(task),
        *config_options.config_parameters(task),
        parameter(
            "trials",
            int,
            option("Maximum number of trials; the time is divided among them.", "N", "--trials", min=1),
            None,
        ),
        parameter("field", list[str], option(named, "FIELD", "--option"), None),
        parameter("folder", str, option("Folder of the search.", "FOLDER", "--run-dir", "--folder"), "tune.run"),
        parameter("jobs", int, option("Number of parallel processes.", "N", "--jobs", min=1), 1),
        parameter("as_json", bool, option("Print one JSON object per trial.", None, "--json"), False),
    ]
    return config_options.with_fields(task, own, command, _HELP.format(fields=", ".join(chosen.search_space)))


def _tune(
    task: str, data: Sequence[str], preset: str | None, file: str | None, trials: int | None, words: list[str],
    named: str, jobs: int, as_json: bool, fields: dict[str, Any],
) -> None:  # fmt: skip
    started = time.monotonic()
    launch.refuse(f"anaphora tune {task}")
    from anaphora.commands.train import import_torch_side
    from anaphora.config import with_given
    from anaphora.data.progress import observed_by
    from anaphora.runs import search

    settings = registry.task(task)
    spaces = _spaces(settings, words, fields)
    configured = _configured(settings, preset, file, as_words(task, fields), spaces)
    config = configured(())
    minutes, folds = config.training.minutes, config.training.folds  # type: ignore[attr-defined]
    if folds is not None:
        raise UsageError(
            f"--folds {folds} has no effect on a search, whose trials are compared by their validation loss. Leave it"
            " out here, and add it to the `anaphora train` command that the search prints."
        )
    if minutes is None:
        raise UsageError("tune needs a time limit: --minutes 30.")
    folder = _checked(named, config_options.inputs(data, file, config))
    with show("") as early, observed_by(early.stage), search.undone_if_refused(folder):
        corpus = settings.read(with_given(config, spaces), data)  # refuses what has no effect on the data
        import_torch_side(f"anaphora tune {task}")
        from anaphora.training import tuning

        set_to = config.model_dump()
        set_to["training"].pop("minutes")
        work = tuning.Search(
            config=configured,
            work=lambda config: settings.training(config, corpus),
            spaces=spaces,
            folder=folder,
            minutes=minutes,
            trials=trials,
            facts={"task": task, "data": corpus.sha256, "settings": set_to, "seed": set_to["training"]["seed"]},
            note=early.note,
            begin=early.stage if sys.stderr.isatty() else lambda _: None,
        )
        work.open()
        work.minutes -= (time.monotonic() - started) / 60
        kept = as_typed(task, {name: value for name, value in fields.items() if name != "training.minutes"})
        own = [*_again(preset, file, trials, words, folder), *kept, "--minutes", repr(work.minutes)]
        try:
            with _others(jobs, ["tune", task, *with_data(data, own)], folder, early.note):
                work.run()
        finally:
            found = tuning.tried(work.open())
            _show(found, list(spaces), as_json)
    best = tuning.best_of(work.open())
    if best is not None and not as_json:
        own = ["--config", str(folder / search.BEST), "--minutes", f"{minutes:g}"]
        line = shlex.join([task, *with_data(data, own)])
        print(f"\nbest config  {folder / search.BEST}\ntrain with   anaphora train {line}")


def _configured(
    task: Task, preset: str | None, file: str | None, options: Sequence[str], varied: Collection[str]
) -> Callable[[Sequence[str]], Config]:
    """Return the function from the options of a trial to its config."""
    from anaphora.config import resolve

    def configured(more: Sequence[str]) -> Config:
        chosen = preset or task.default_preset
        words = [*options, *more]
        found: Config = resolve(task.config, task.presets, preset=chosen, file=file, options=words, varied=varied)
        return found

    return configured


def _checked(folder: str, inputs: Sequence[str]) -> Path:
    """Return the folder of the search; raises UsageError if it cannot be one."""
    from anaphora.files import outputs
    from anaphora.runs import search

    outputs.check([outputs.Output("--run-dir", folder, search.KIND)], inputs)
    return Path(folder)


def _spaces(task: Task, words: list[str], fixed: Collection[str]) -> dict[str, Space]:
    """Return the fields to search: those of `words`, else those of the task without the fields `fixed` by an option.

    Raises UsageError for a field that is also set, or that must be equal in all trials.
    """
    from anaphora.config import config_fields
    from anaphora.config.search_space import chosen

    known = [f"{field.section}.{field.key}" for field in config_fields(task.config)]
    free = {name: space for name, space in task.search_space.items() if name not in fixed}
    spaces = chosen(words, free, known)
    for name in spaces:
        if name in fixed:
            raise UsageError(
                f"--option {name}: the command also sets this field to one value. Remove --option {name} or"
                f" --{name.partition('.')[2].replace('_', '-')}."
            )
        if name == "training.folds":
            raise UsageError(
                "--option training.folds: a trial is compared by its validation loss, so folds cannot be searched."
            )
        if name in ("training.minutes", "training.max_steps", "training.epochs", "training.evaluations"):
            raise UsageError(f"--option {name}: all trials have the same length, so this field cannot be searched.")
    return spaces


def _again(preset: str | None, file: str | None, trials: int | None, field: Sequence[str], folder: Path) -> list[str]:
    """Return the options of the command, for another process of the same search."""
    own = [("--preset", preset), ("--config", file), ("--trials", trials), ("--run-dir", folder)]
    words = [word for name, value in own if value is not None for word in (name, str(value))]
    return [*words, *(word for each in field for word in ("--option", each))]


@contextlib.contextmanager
def _others(jobs: int, same: Sequence[str], folder: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Run `jobs` − 1 other processes during a `with` block; each has an equal share of the threads."""
    if jobs == 1:
        yield
        return
    import torch

    from anaphora import kernels

    threads = max(1, torch.get_num_threads() // jobs)
    torch.set_num_threads(threads)
    kernels.set_threads(threads)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "ANAPHORA_THREADS": str(threads)}
    words = [sys.executable, "-m", "anaphora", *same]
    with contextlib.ExitStack() as stack:
        children = []
        for number in range(2, jobs + 1):
            output = stack.enter_context((folder / f"job-{number}.txt").open("wb"))
            children.append(subprocess.Popen(words, stdout=output, stderr=output, env=environment))
        try:
            yield
        except BaseException:
            for child in children:
                child.terminate()
            raise
        finally:
            for number, child in enumerate(children, 2):
                if child.wait() not in (0, 130, 143):
                    note(f"Job {number} ended with an error. Its messages are in {folder / f'job-{number}.txt'}.")


def _show(found: Sequence[Tried], names: Sequence[str], as_json: bool) -> None:
    from dataclasses import asdict

    from anaphora.formatting import as_text, columns, duration_text

    if as_json:
        for each in found:
            print(json.dumps(asdict(each), ensure_ascii=False))
        return
    order = ("finished", "running", "pruned", "diverged", "refused", "cut off")
    rows = [
        [
            str(each.number), each.state, "–" if each.loss is None else f"{each.loss:.4f}", duration_text(each.seconds),
            *(as_text(each.values.get(name)) for name in names), each.why,
        ]
        for each in sorted(found, key=lambda each: (order.index(each.state), each.loss or 0.0, each.number))
    ]  # fmt: skip
    head = ["trial", "state", "validation loss", "time", *(name.partition(".")[2] for name in names), ""]
    print("\n".join(columns(head, rows, right=(0, 2, 3, *range(4, 4 + len(names))))))
