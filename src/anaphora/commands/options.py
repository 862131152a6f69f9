"""Commands of which there is one per task, with an option for every field of the task's config."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.errors import UsageError
from anaphora.formatting import capitalised
from anaphora.tasks import registry

if TYPE_CHECKING:
    from anaphora.config import Config
    from anaphora.tasks.base.declaration import Option, Task


ENCODING = "Text encoding of the files.  [default: that of the training data]"


def for_each_task(name: str, text: str, make: Callable[[str], Any]) -> parser.LateGroup:
    """Return a group of all tasks; ``make`` gives the command of one."""
    return parser.group(
        {task.name: (task.name, task.summary) for task in registry.tasks()}, name, text, make, noun="task"
    )


def with_parameters(task: str, parameters: Sequence[inspect.Parameter], function: Any, text: str) -> Any:
    """Return a command that calls a function with these parameters."""
    function.__signature__ = inspect.Signature(list(parameters))
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    function.__doc__ = text
    return parser.command(function, task)


def with_fields(
    task: str, own: Sequence[inspect.Parameter], function: Any, text: str, sections: Sequence[str] = ()
) -> Any:
    """Return a command with parameters of its own, then one option per field, of these sections or of all."""
    return with_parameters(task, [*own, *_field_parameters(registry.task(task).config, sections)], function, text)


def with_task_options(
    name: str,
    own: Sequence[inspect.Parameter],
    declared: Callable[[Task], Sequence[Option]],
    function: Any,
    text: str,
) -> Any:
    """Return a command with parameters of its own, then every option that a task declares for it, grouped by tasks."""
    known = {option.name: option for task in registry.tasks() for option in declared(task)}
    users = {name: [task.name for task in registry.tasks() if name in _names(declared(task))] for name in known}
    theirs = [_task_parameter(option, f"Options of {_listed(users[name])} models") for name, option in known.items()]
    return with_parameters(name, [*own, *theirs], function, text)


def _names(declared: Sequence[Option]) -> set[str]:
    return {option.name for option in declared}


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + [*words[-1:]])


def _task_parameter(declared: Option, panel: str) -> inspect.Parameter:
    kind = list[declared.type] if declared.many else declared.type  # type: ignore[name-defined]
    without = declared.default is None or declared.default is False or declared.default == ""
    default = "" if without else f"  [default: {declared.default}]"
    meant = option(
        f"{declared.help}{default}",
        declared.metavar or None,
        declared.flags,
        min=declared.least,
        show_default=False,
        rich_help_panel=panel,
    )
    return parameter(declared.name, kind, meant, None)


def chosen(task: Task, declared: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every option that a task declares, as it was given or by default.

    Raises UsageError for a given option that the task does not declare, or that has no effect beside the others.
    """
    known = {option.name: option for option in declared}
    everywhere = {
        option.name: option.flags for task in registry.tasks() for option in (*task.run_options, *task.eval_options)
    }
    strange = [everywhere[name] for name, value in given.items() if value is not None and name not in known]
    if strange:
        raise UsageError(f"{capitalised(task.described)} has no option {' and no option '.join(strange)}.")
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{everywhere[name]} takes a finite number; it was given {value}.")
    refusals = [requirement.refusal(everywhere, given) for requirement in task.requirements]
    for refusal in filter(None, refusals):
        raise UsageError(refusal)
    return {name: option.default if given[name] is None else given[name] for name, option in known.items()}


def data_parameter(task: str) -> inspect.Parameter:
    """Return the argument that names the data."""
    chosen = registry.task(task)
    return parameter("data", list[str], typer.Argument(metavar=chosen.metavar, help=chosen.data_help))


def config_parameters(task: str) -> list[inspect.Parameter]:
    """Return ``--preset`` and ``--config``."""
    chosen = registry.task(task)
    presets = "|".join(chosen.presets)
    return [
        parameter(
            "preset",
            str,
            option(f"Preset to start from.  [default: {chosen.default_preset}]", presets, "--preset"),
            None,
        ),
        parameter("config", str, option("Config file (TOML).", "FILE", "--config"), None),
    ]


def force_parameter(text: str = "Replace an existing file of another kind, but never an input.") -> inspect.Parameter:
    """Return ``--force``."""
    return parameter("force", bool, option(text, None, "--force"), False)


def check_force(force: bool, places: Mapping[str, str | None]) -> None:
    """Raise UsageError for `--force` without one of the outputs that it is for, by their options."""
    if force and all(place is None for place in places.values()):
        wanted = " or ".join(places)
        raise UsageError(f"--force has no effect without {wanted}: set {wanted}, or leave --force out.")


def say(notes: Sequence[str]) -> None:
    """Print notes on standard error."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def inputs(data: Sequence[str], file: str | None, config: Config) -> list[str]:
    """Return the files and folders that a command reads: the data, the config file, the files of other parts."""
    from anaphora.data.parts import part_files

    return [*data, *([file] if file else []), *part_files(config)]


def _field_parameters(config: type[Config], sections: Sequence[str]) -> list[inspect.Parameter]:
    from anaphora.config import config_fields

    parameters = []
    for field in config_fields(config):
        if sections and field.section not in sections:
            continue
        flags = [field.short, field.flag] if field.short else [field.flag]
        if field.is_truth:
            flags = [f"{flag}/--no-{flag[2:]}" for flag in flags]
        metavar = "|".join(field.choices) or {"a whole number": "N", "a number": "X"}.get(field.type, "VALUE")
        default = ("off", "on")[field.default] if field.is_truth else field.default
        meaning = field.meaning if default is None else f"{field.meaning}  [default: {default}]"
        panel = f"[{field.section}], also as --{field.section}.NAME"
        wanted = option(meaning, None if field.is_truth else metavar, *flags, show_default=False, rich_help_panel=panel)
        kind = bool if field.is_truth else str
        parameters.append(parameter(f"{field.section}__{field.key}", kind, wanted, None))
    return parameters


def parameter(name: str, kind: Any, meant: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """Return a command's parameter; one whose default is None may be left out."""
    kind = kind | None if default is None else kind
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, meant])


def option(text: str, metavar: str | None, *names: str, **more: Any) -> Any:
    """Return an option with its help."""
    return typer.Option(*names, help=text, metavar=metavar, **more)
