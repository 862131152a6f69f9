"""``anaphora train TASK``: every option of a task is read from its config, so help, TOML and command line never
disagree.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from anaphora.commands import options as config_options
from anaphora.commands.train_arguments import TrainArguments, train_parameters
from anaphora.extras import require_torch
from anaphora.report.observers import observers
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch

if TYPE_CHECKING:
    from anaphora.checks.findings import Finding

_PRECEDENCE = "Options override --config, and --config overrides --preset. Ctrl-C keeps the best model so far."


def make() -> Any:
    """Return the group of all tasks."""
    text = "Train a network on your data. Each task has its own options: `anaphora train TASK --help`."
    return config_options.for_each_task("train", text, _command)


def _command(task: str) -> Any:
    """Return ``train TASK``: a few options of its own, then one per field of the task's config."""

    def command(force: bool, **values: Any) -> None:
        _train(TrainArguments.of(task, values), force)

    own = [*train_parameters(task), config_options.force_parameter()]
    return config_options.with_fields(task, own, command, f"{registry.task(task).help} {_PRECEDENCE}")


def _train(asked: TrainArguments, force: bool) -> None:
    started = time.monotonic()
    from anaphora.checks.examine import examine
    from anaphora.checks.findings import refuse, warnings
    from anaphora.data.progress import observed_by
    from anaphora.runs.folder import check_places

    chosen, task, data, output = registry.task(asked.task), asked.task, asked.data, asked.output
    with launch.processes(f"anaphora train {task}") as here:
        restarted = here.was_restarted()
        with here.each():
            here.refuse_standard_input(data)
            config = asked.resolved()
            read = asked.inputs(config)
            if here.first and not restarted:
                check_places(output, asked.run_dir, read, force=force)
            with show("", here.stream) as early, observed_by(early.stage):
                corpus, found = examine(chosen, config, data)
                for text in _said(corpus, found) if here.first else ():
                    early.note(text)
                refuse(found)
                run = import_torch_side(f"anaphora train {task}")
                work = chosen.training(config, corpus)
        with show(work.unit, here.stream) as observer:
            how: dict[str, Any] = {"data": data, "inputs": read, "run_dir": asked.run_dir, "force": force}
            how |= {"observer": observer, "observers": observers(work, asked.tensorboard), "started": started}
            how |= {"workers": here.workers, "notes": [finding.in_one_line() for finding in warnings(found)]}
            report = run.train(work, output, **how)
    if here.first:
        print("\n".join(report.lines()))


def _said(corpus: Any, found: Sequence[Finding]) -> Iterator[str]:
    """Yield how the data were read, then every warning."""
    from anaphora.checks.findings import warnings

    if corpus is not None and corpus.taken is not None:
        yield f"read {corpus.taken.where}: {corpus.taken.message()}"
    yield from ("\n".join(finding.lines()) for finding in warnings(found))


def import_torch_side(wanted_by: str) -> Any:
    """Return the module that trains; raises MissingExtra where torch is not installed."""
    require_torch(wanted_by)
    from anaphora.training import run

    return run
