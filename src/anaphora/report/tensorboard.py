"""An observer that writes a run's numbers for TensorBoard, in addition to the log.

    loss/train  loss/validation  learning_rate  gradient/norm  gradient/clipped  update/ratio  units_per_second
    probe/name/key

The steps are those of the log, some 400 of a run. The files are TensorBoard's own, in a folder `tensorboard` inside
the run's: `tensorboard --logdir RUN`. A resumed run removes the numbers of repeated steps. A file that cannot
be written is reported once, and does not end the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from anaphora.errors import MissingExtra
from anaphora.runs import folder as run_folder
from anaphora.training.observer import Evaluation, Observer, Step

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = run_folder.TENSORBOARD


class TensorBoard(Observer):
    """An observer that writes TensorBoard's file; `note` passes a note to the user."""

    def __init__(self, run: Path, note: Callable[[str], None]) -> None:
        """Raises MissingExtra without tensorboard."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtra("train", "--tensorboard", missing="tensorboard") from error
        self.folder = run / FOLDER
        self._note = note
        self._made = SummaryWriter
        self._writer: SummaryWriter | None = None
        self._broken = False

    def step(self, step: Step) -> None:
        """Write a marked step's numbers; the first step of all opens the file."""
        if self._writer is None:
            self._attempt(lambda: self._begin(step.step))
        if step.marked:
            self._write(
                step.step,
                {
                    "loss/train": step.loss,
                    "learning_rate": step.learning_rate,
                    "gradient/norm": step.gradient_norm,
                    "gradient/clipped": step.clip_rate,
                    "update/ratio": step.update_ratio,
                    "units_per_second": step.units_per_second,
                },
            )

    def evaluation(self, evaluation: Evaluation) -> None:
        """Write a validation's numbers, and flush the file."""
        found = {
            f"probe/{name}/{key}": value for name, probe in evaluation.probes.items() for key, value in probe.items()
        }
        self._write(evaluation.step, {"loss/validation": evaluation.loss, **found})
        if self._writer is not None:
            self._attempt(self._writer.flush)

    def finish(self, report: object) -> None:
        """Close the file."""
        if self._writer is not None:
            self._attempt(self._writer.close)

    def _begin(self, step: int) -> None:
        self._writer = self._made(str(self.folder), purge_step=step)

    def _write(self, step: int, numbers: Mapping[str, float]) -> None:
        def write() -> None:
            for name, value in numbers.items():
                if self._writer is not None and math.isfinite(value):
                    self._writer.add_scalar(name, value, step)

        self._attempt(write)

    def _attempt(self, write: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            write()
        except OSError as error:
            self._broken = True
            self._note(f"{self.folder} cannot be written any more; the run continues. {error.strerror or error}.")
