"""The observers of a run besides the one on the screen: its page, and TensorBoard's file if that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anaphora.runs.content import Section
    from anaphora.training.observer import Observer
    from anaphora.training.task import ObserverFactory, TrainingTask


def observers(work: TrainingTask[Any], tensorboard: bool = False) -> ObserverFactory:
    """Give them, for a run of this work; needs torch. The page shows what `work.sections` says of the best weights.

    Calling what is returned raises MissingExtra where TensorBoard is wanted and not installed.
    """
    from anaphora.report.live import Page
    from anaphora.report.tensorboard import TensorBoard
    from anaphora.runs import folder as run_folder
    from anaphora.training import checkpoint

    shown: Callable[[Any], Sequence[Section]] | None = getattr(work, "sections", None)

    def made(folder: Path, tell: Callable[[str], None]) -> list[Observer]:
        def sections() -> Sequence[Section]:
            tensors, _ = checkpoint.read(folder / run_folder.CHECKPOINTS / checkpoint.BEST)
            return [] if shown is None else shown(tensors)

        page = Page(folder, tell, None if shown is None else sections)
        return [page, *([TensorBoard(folder, tell)] if tensorboard else [])]

    return made
