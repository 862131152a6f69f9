"""``anaphora train TASK``: every option of a task is read from its config, so help, TOML and command line never
disagree.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from anaphora.commands import options as config_options
from anaphora.commands.options import given, option, parameter
from anaphora.extras import require_torch
from anaphora.report.observers import observers
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch

if TYPE_CHECKING:
    from anaphora.checks.findings import Finding

_OUTPUT = "Model file to write; missing folders are made."
_RUN_DIR = "Run folder, new or empty. Not set: beside the model file."
_PRECEDENCE = "Options override --config, and --config overrides --preset. Ctrl-C keeps the best model so far."


def make() -> Any:
    """Return the group of all tasks."""
    text = "Train a network on your data. Each task has its own options: `anaphora train TASK --help`."
    return config_options.for_each_task("train", text, _command)


def _command(task: str) -> Any:
    """Return ``train TASK``: a few options of its own, then one per field of the task's config."""
    chosen = registry.task(task)

    def command(
        data: list[str], output: str, preset: str | None, config: str | None, run_dir: str | None, tensorboard: bool,
        force: bool, **values: Any,
    ) -> None:  # fmt: skip
        _train(task, data, output, preset, config, run_dir, tensorboard, force, given(chosen.config, values))

    own = [
        config_options.data_parameter(task),
        parameter("output", str, option(_OUTPUT, "FILE", "-o", "--output"), config_options.MODEL),
        *config_options.config_parameters(task),
        parameter("run_dir", str, option(_RUN_DIR, "FOLDER", "--run-dir"), None),
        parameter("tensorboard", bool, option("Write a TensorBoard log, too.", None, "--tensorboard"), False),
        config_options.force_parameter(),
    ]
    return config_options.with_fields(task, own, command, f"{chosen.help} {_PRECEDENCE}")


def _train(
    task: str,
    data: Sequence[str],
    output: str,
    preset: str | None,
    file: str | None,
    run_dir: str | None,
    tensorboard: bool,
    force: bool,
    options: Sequence[str],
) -> None:
    started = time.monotonic()
    from anaphora.checks.examine import examine
    from anaphora.checks.findings import refuse, warnings
    from anaphora.config import resolve
    from anaphora.data.progress import observed_by
    from anaphora.runs.folder import check_places

    chosen = registry.task(task)
    with launch.processes(f"anaphora train {task}") as here:
        restarted = here.was_restarted()
        with here.each():
            here.refuse_standard_input(data)
            config = resolve(
                chosen.config, chosen.presets, preset=preset or chosen.default_preset, file=file, options=options
            )
            read = config_options.inputs(data, file, config)
            if here.first and not restarted:
                check_places(output, run_dir, read, force=force)
            with show("", here.stream) as early, observed_by(early.stage):
                corpus, found = examine(chosen, config, data)
                for text in _said(corpus, found):
                    early.note(text)
                refuse(found)
                run = import_torch_side(f"anaphora train {task}")
                work = chosen.training(config, corpus)
        with show(work.unit, here.stream) as observer:
            how: dict[str, Any] = {
                "data": data,
                "inputs": read,
                "run_dir": run_dir,
                "force": force,
                "workers": here.workers,
            }
            how |= {"observer": observer, "observers": observers(work, tensorboard), "started": started}
            how["notes"] = [finding.in_one_line() for finding in warnings(found)]
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
