"""``anaphora resume RUN``: go on with a run that was cut off, to the same weights as if it had not been."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.commands.train import import_torch_side
from anaphora.errors import UsageError
from anaphora.report.observers import observers
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch


def make() -> Any:
    """Return the command."""
    return parser.command(resume, "resume")


def resume(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The folder that training made beside its model, such as model.run.")
    ],
) -> None:
    """Go on with a run that was stopped, killed or cut off by a crash.

    It begins where the newest checkpoint stands. On the same instruction set, number of threads and versions the
    weights and the records are, to the bit, those of a run that was never cut off; on others it goes on too, and says
    so. The settings are those the run was begun with.

    Example: anaphora resume novel.run
    """
    from anaphora.config import from_values
    from anaphora.data.progress import heard_by

    folder = Path(run)
    with launch.processes("anaphora resume") as here:
        with here.each():
            kept = _kept(folder) if here.first else None
        facts, values = here.agree(kept)
        with here.each():
            config = from_values(registry.task(facts["task"]).config, values)
            trainer = import_torch_side("anaphora resume")
            with show("", here.stream) as early, heard_by(early.stage):
                task = registry.task(facts["task"])
                work = task.training(config, task.read(config, facts["data"]))
        with show(work.unit, here.stream) as observer:
            tensorboard = (folder / "tensorboard").exists()  # then it was wanted when the run was begun
            report = trainer.resume(
                work, folder, observer=observer, observers=observers(work, tensorboard), workers=here.workers
            )
    if here.first:
        print("\n".join(report.lines()))


def _kept(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the folder says of its run: facts and settings."""
    from anaphora.config import resolve
    from anaphora.runs import folder as run_folder

    facts = run_folder.facts(folder)
    if not facts["data"] or run_folder.STANDARD_INPUT in facts["data"]:
        raise UsageError(
            f"The data of {folder} came from {'standard input' if facts['data'] else 'a Python program'}, which cannot"
            " be read again here: train anew from files, or call anaphora.resume with the data."
        )
    config = resolve(registry.task(facts["task"]).config, file=folder / run_folder.CONFIG)
    return facts, config.model_dump()
