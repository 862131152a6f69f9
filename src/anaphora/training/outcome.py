"""The outcome of a run, and its error after the model is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from anaphora.errors import AnaphoraError, Diverged, Interrupted, Terminated, UsageError

Stopped = Literal["finished", "early", "interrupted", "terminated", "diverged", "unwritable", "exhausted"]


@dataclass(frozen=True)
class Best:
    """The best validation and its weights; the checkpoint holds the same, if it could be written.

    `loss` is NaN if a run ended before its first validation.
    """

    step: int
    loss: float
    weights: str  # raw or average
    tensors: Mapping[str, NDArray[Any]] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    stopped: Stopped
    steps: int
    best: Best | None
    seconds: float
    diagnosis: str = ""

    def error(self, saved: str) -> AnaphoraError | None:
        """Return the error of a run that was cut off, after the task has saved its model; `saved` names the saved model
        and its place.
        """
        if self.stopped == "interrupted":
            return Interrupted(f"Stopped by Ctrl-C after step {self.steps}. {saved}")
        if self.stopped == "terminated":
            return Terminated(f"Stopped by a signal after step {self.steps}. {saved}")
        if self.stopped == "diverged":
            return Diverged(
                f"{self.diagnosis} {saved} A lower --learning-rate, a longer --warmup or a smaller --clip usually"
                " helps."
            )
        if self.stopped in ("unwritable", "exhausted"):
            return UsageError(f"{self.diagnosis} {saved}")
        return None
