"""``anaphora resume RUN``: continue an interrupted run; the weights are those of an uninterrupted run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.train import import_torch_side
from anaphora.errors import UsageError
from anaphora.report.observers import observers
from anaphora.report.terminal import show
from anaphora.runs.finished import FinishedRun, finished
from anaphora.tasks import registry
from anaphora.training.distributed import launch


def make() -> Any:
    """Return the command."""
    return parser.command(resume, "resume")


def resume(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Run folder, which training created beside the model file, such as model.run."
        ),
    ],
) -> None:
    """Continue a run that was stopped, was killed or crashed.

    Training continues from the newest checkpoint, with the config of the run. On the same instruction set, number of
    threads and versions, the weights and the log are bit for bit those of an uninterrupted run. On another machine the
    run continues, too, and a note says so. A run that has finished is not changed.

    Example: anaphora resume novel.run
    """
    from anaphora.config import from_values
    from anaphora.data.progress import observed_by
    from anaphora.runs import folder as run_folder

    folder = Path(run)
    with launch.processes("anaphora resume") as here:
        with here.each():
            kept = _kept(folder) if here.first else None
        kept = here.broadcast(kept)
        if isinstance(kept, FinishedRun):
            print("\n".join(kept.lines() if here.first else []), end="\n" * here.first)
            return
        facts, values = kept
        with here.each():
            config = from_values(registry.task(facts["task"]).config, values)
            trainer = import_torch_side("anaphora resume")
            with show("", here.stream) as early, observed_by(early.stage):
                task = registry.task(facts["task"])
                work = task.training(config, task.read(config, facts["data"]))
        with show(work.unit, here.stream) as observer:
            tensorboard = (folder / run_folder.TENSORBOARD).exists()  # then it was wanted when the run was begun
            report = trainer.resume(
                work, folder, observer=observer, observers=observers(work, tensorboard), workers=here.workers
            )
    if here.first:
        print("\n".join(report.lines()))


def _kept(folder: Path) -> FinishedRun | tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts and the config of a run folder, or a run that has finished."""
    from anaphora.config import from_run
    from anaphora.runs import folder as run_folder
    from anaphora.runs.claim import check_free

    facts = run_folder.facts(folder)
    check_free(folder)
    done = finished(folder)
    if done is not None:
        return done
    if not facts["data"] or run_folder.STANDARD_INPUT in facts["data"]:
        raise UsageError(
            f"The data of {folder} came from {'standard input' if facts['data'] else 'a Python program'}, which this"
            " command cannot read again. Train anew from files, or call anaphora.resume with the data."
        )
    config = from_run(registry.task(facts["task"]).config, folder / run_folder.CONFIG)
    return facts, config.model_dump()
