"""``anaphora train TASK``: every option of a task is read from its config, so help, TOML and command line never
disagree.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.progress import show
from anaphora.tasks import table

if TYPE_CHECKING:
    from anaphora.config import Config


def make() -> Any:
    """Return the group of all tasks."""
    tasks = {name: (f"anaphora.commands.train:make_{name}", line) for name, line in table.TASKS.items()}
    return parser.group(
        tasks, "train", "Train a network on your data. Each task has its own options: `anaphora train TASK --help`."
    )


def __getattr__(name: str) -> Any:
    """Give ``make_TASK``, which makes a task's command."""
    if not name.startswith("make_"):
        raise AttributeError(name)
    return lambda: _command(name.removeprefix("make_"))


def _command(task: str) -> Any:
    """Return ``train TASK``: a few options of its own, then one per knob of the task's config."""
    chosen = table.settings(task)

    def command(
        data: list[str], output: str, preset: str | None, config: str | None, run_dir: str | None, **knobs: Any
    ) -> None:
        _train(task, data, output, preset, config, run_dir, given(chosen.CONFIG, knobs))

    own = [
        parameter("data", list[str], typer.Argument(metavar=chosen.METAVAR, help=chosen.DATA)),
        parameter("output", str, option("Where the model goes.", "FILE", "-o", "--output"), "model.anaphora"),
        *config_parameters(task),
        parameter("run_dir", str, option("Where the records go; else beside the model.", "FOLDER", "--run-dir"), None),
    ]
    return with_knobs(task, own, command, chosen.HELP)


def with_knobs(task: str, own: Sequence[inspect.Parameter], function: Any, text: str) -> Any:
    """Return a command over a task's data: parameters of its own, then one option per knob."""
    parameters = [*own, *_knob_parameters(table.settings(task).CONFIG)]
    function.__signature__ = inspect.Signature(parameters)
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    function.__doc__ = text
    return parser.command(function, task)


def config_parameters(task: str) -> list[inspect.Parameter]:
    """Return ``--preset`` and ``--config``."""
    chosen = table.settings(task)
    presets = "|".join(chosen.PRESETS)
    return [
        parameter(
            "preset", str, option(f"Settings to start from.  [default: {chosen.USUAL}]", presets, "--preset"), None
        ),
        parameter("config", str, option("Settings from a TOML file.", "FILE", "--config"), None),
    ]


def _train(
    task: str,
    data: Sequence[str],
    output: str,
    preset: str | None,
    file: str | None,
    run_dir: str | None,
    options: Sequence[str],
) -> None:
    started = time.monotonic()
    from anaphora.config import resolve
    from anaphora.places import check_output

    chosen = table.settings(task)
    config = resolve(chosen.CONFIG, chosen.PRESETS, preset=preset or chosen.USUAL, file=file, options=options)
    check_output(Path(output))
    corpus = table.task(task).read(config, data)
    run = import_torch_side(f"anaphora train {task}")
    work = table.model(task).Work(config, corpus)
    with show(work.unit) as watch:
        report = run.train(work, output, data=data, run_dir=run_dir, watch=watch, started=started)
    print("\n".join(report.lines()))


def import_torch_side(wanted_by: str) -> Any:
    """Return the module that trains; raises MissingExtra where torch is not installed."""
    import importlib.util

    from anaphora.errors import MissingExtra

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("train", wanted_by, missing="torch")
    from anaphora.training import run

    return run


def given(config: type[Config], values: dict[str, Any]) -> list[str]:
    """Return the knobs that were set on the command line, as the words that ``config.resolve`` reads."""
    from anaphora.config import knobs

    words = []
    for knob in knobs(config):
        value = values.get(f"{knob.section}__{knob.key}")
        if value is not None:
            words += [knob.flag, str(value).lower() if knob.is_truth else value]
    return words


def _knob_parameters(config: type[Config]) -> list[inspect.Parameter]:
    from anaphora.config import knobs

    parameters = []
    for knob in knobs(config):
        flags = [knob.short or knob.flag]
        if knob.is_truth:
            flags = [f"{flags[0]}/--no-{flags[0][2:]}"]
        elif knob.short:
            flags.append(knob.flag)
        metavar = "|".join(knob.choices) or {"a whole number": "N", "a number": "X"}.get(knob.type, "VALUE")
        default = ("off", "on")[knob.default] if knob.is_truth else knob.default
        meaning = knob.meaning if default is None else f"{knob.meaning}  [default: {default}]"
        panel = f"[{knob.section}], also as --{knob.section}.NAME"
        wanted = option(meaning, None if knob.is_truth else metavar, *flags, show_default=False, rich_help_panel=panel)
        kind = bool if knob.is_truth else str
        parameters.append(parameter(f"{knob.section}__{knob.key}", kind, wanted, None))
    return parameters


def parameter(name: str, kind: Any, meant: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """Return a command's parameter; one whose default is None may be left out."""
    kind = kind | None if default is None else kind
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, meant])


def option(text: str, metavar: str | None, *names: str, **more: Any) -> Any:
    """Return an option with its help."""
    return typer.Option(*names, help=text, metavar=metavar, **more)
