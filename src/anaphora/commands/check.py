"""``anaphora check TASK DATA``: faults of the data, and an estimate of training's memory and time, without training."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from anaphora.commands import options as config_options
from anaphora.commands.options import option, parameter
from anaphora.commands.train_arguments import TrainArguments, train_parameters
from anaphora.errors import UsageError
from anaphora.formatting import counted
from anaphora.report.terminal import show
from anaphora.tasks import registry

if TYPE_CHECKING:
    from anaphora.checks.findings import Finding

_HELP = """Check your data before training: each fault with its place and its remedy, the lengths of the rows, the share
of unknown symbols, and an estimate of the memory and time that training takes on this machine.

    anaphora check TASK DATA --preset small

The arguments are those of `train`. The exit code is 3 if the data have an error; training refuses such data. Warnings
do not stop training.
"""


def make() -> Any:
    """Return the group of all tasks."""
    text = "Check your data before training: `anaphora check TASK DATA`."
    return config_options.for_each_task("check", text, _command)


def _command(task: str) -> Any:
    def command(as_json: bool, force: bool, **values: Any) -> None:
        _check(TrainArguments.of(task, values), as_json, force)

    own = [
        *train_parameters(task),
        parameter("as_json", bool, option("Print one JSON object.", None, "--json"), False),
        config_options.force_parameter(),
    ]
    text = _HELP.replace("TASK", task).replace("DATA", registry.task(task).metavar)
    return config_options.with_fields(task, own, command, text)


def _check(asked: TrainArguments, as_json: bool, force: bool) -> None:
    from anaphora.checks.cost import findings as estimate
    from anaphora.checks.examine import whole
    from anaphora.checks.findings import errors
    from anaphora.data.progress import observed_by
    from anaphora.runs.folder import check_places

    chosen, task, data = registry.task(asked.task), asked.task, asked.data
    folder = Path(asked.output).parent if asked.run_dir is None else Path(asked.run_dir)
    config = asked.resolved()
    with _json_of_usage_errors(task, data, as_json), show("") as early, observed_by(early.stage):
        check_places(asked.output, asked.run_dir, asked.inputs(config), force=force)
        found = whole(chosen, config, data, lambda load: estimate(load, config.training, folder))
    if as_json:
        _print_json(task, data, found)
    else:
        for finding in found:
            print("\n".join(finding.lines()))
        print(f"\n{_summary(found)}")
        if not errors(found):
            print(f"Next: {asked.line(force)}")
    if errors(found):
        raise typer.Exit(3)


@contextlib.contextmanager
def _json_of_usage_errors(task: str, data: Sequence[str], as_json: bool) -> Iterator[None]:
    """Print a UsageError about the data as JSON, too, before it ends the command."""
    from anaphora.checks.examine import unreadable

    try:
        yield
    except UsageError as error:
        if as_json:
            _print_json(task, data, [unreadable(error)])
        raise


def _print_json(task: str, data: Sequence[str], found: Sequence[Finding]) -> None:
    from anaphora.checks.findings import errors

    counts = {"task": task, "data": list(data), "errors": len(errors(found))}
    print(json.dumps({**counts, "findings": [finding.as_json() for finding in found]}, ensure_ascii=False))


def _summary(found: Sequence[Finding]) -> str:
    counts = [sum(finding.severity == severity for finding in found) for severity in ("error", "warning")]
    words = [counted(count, name) for count, name in zip(counts, ("error", "warning"), strict=True)]
    return (
        f"{', '.join(words)}. {'Training refuses data with errors.' if counts[0] else 'You can train on these data.'}"
    )
