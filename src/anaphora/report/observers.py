"""The observers of a run besides the one on the screen: its page, and TensorBoard's file if it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anaphora.runs.content import ReportSection
    from anaphora.training.observer import Observer
    from anaphora.training.task import ObserverFactory, TrainingTask


def observers(work: TrainingTask[Any], tensorboard: bool = False) -> ObserverFactory:
    """Return the observers of a run of this task; needs torch.

    The page shows `work.sections` of the best weights. Calling the returned function raises MissingExtra if TensorBoard
    is wanted and not installed.
    """
    from anaphora.report.live import Page
    from anaphora.report.tensorboard import TensorBoard
    from anaphora.runs import folder as run_folder
    from anaphora.training import checkpoint

    shown: Callable[[Any], Sequence[ReportSection]] | None = getattr(work, "sections", None)

    def made(folder: Path, note: Callable[[str], None]) -> list[Observer]:
        def sections() -> Sequence[ReportSection]:
            tensors, _ = checkpoint.read(folder / run_folder.CHECKPOINTS / checkpoint.BEST)
            return [] if shown is None else shown(tensors)

        page = Page(folder, note, None if shown is None else sections)
        return [page, *([TensorBoard(folder, note)] if tensorboard else [])]

    return made
