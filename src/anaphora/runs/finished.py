"""A run that has nothing left to do: `resume` leaves it as it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from anaphora.runs import folder as run_folder
from anaphora.runs import owner, record


class FinishedRun(NamedTuple):
    """A finished run, its steps, and its model: the output, or the copy in the run folder if the output is another."""

    folder: Path
    steps: int
    model: Path

    def lines(self) -> list[str]:
        """Return what a person reads."""
        return [
            f"The run has finished after {self.steps:,} steps: there is nothing to continue, and nothing was changed.",
            f"model    {self.model}",
            f"records  {self.folder}",
        ]


def finished(folder: Path) -> FinishedRun | None:
    """Return a run that has finished; None if it can continue: its training was cut off or diverged, its config was
    edited, or one of its two models is missing.

    Raises UsageError if the folder is no run folder, DataError if its files are damaged.
    """
    facts = run_folder.facts(folder)
    log, config = folder / run_folder.LOG, folder / run_folder.CONFIG
    output, copy = run_folder.models(folder, Path(facts["output"]))
    if not (log.exists() and output.exists() and copy.exists()):
        return None
    run = record.read(folder)
    whole = bool(run.finish) and run.events[-1] is run.finish and run.status(0) in ("finished", "early")
    if not whole or not owner.is_trained_with(copy, config, facts):
        return None
    return FinishedRun(folder, run.steps, output if owner.is_own(output, copy, config, facts) else copy)
