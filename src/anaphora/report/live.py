"""The observer that updates a run's page during training, for at most a hundredth of its time.

    draw at a validation if   spent + cost ≤ share · time so far       or, the first time,   cost ≤ share · time in all

and once more at the end. A page that cannot be drawn or written is reported once, and never ends a run: the records are
complete without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from anaphora.errors import AnaphoraError
from anaphora.report import page
from anaphora.runs.content import ReportSection
from anaphora.training.observer import Observer

SHARE = 0.01
_FIRST_COST = 2.0  # seconds; what the first drawing takes is not known, and it imports matplotlib


class _Timed(Protocol):
    @property
    def seconds(self) -> float: ...


class _Foreseen(_Timed, Protocol):
    @property
    def seconds_left(self) -> float: ...


class Page(Observer):
    """An observer that draws the page; `note` passes a note to the user, `sections` returns the task's sections of the
    present model.
    """

    def __init__(
        self,
        folder: Path,
        note: Callable[[str], None],
        sections: Callable[[], Sequence[ReportSection]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self._note, self._sections, self._clock = note, sections, clock
        self._left = 0.0
        self._spent = 0.0
        self._cost = _FIRST_COST
        self._troubled = False

    @property
    def end_seconds(self) -> float:
        """The expected time of `finish`, for which a run with a time limit leaves room."""
        return self._cost

    def step(self, step: _Foreseen) -> None:
        """Remember how long it will take."""
        self._left = step.seconds_left if step.seconds_left == step.seconds_left else 0.0

    def evaluation(self, evaluation: _Timed) -> None:
        """Draw the page if time allows."""
        time_so_far = evaluation.seconds if self._spent else evaluation.seconds + self._left
        if self._spent + self._cost <= SHARE * time_so_far:
            self._draw(during=True)

    def finish(self, report: object) -> None:
        """Draw the last page."""
        self._draw(during=False)

    def _draw(self, *, during: bool) -> None:
        begun = self._clock()
        try:
            page.write(self.folder, self._sections() if during and self._sections is not None else None)
        except AnaphoraError as error:
            self._say(str(error))
        except Exception as error:  # noqa: BLE001 — hours of training are not lost to a mistake in a picture
            self._say(f"{type(error).__name__}: {error}")
        self._cost = self._clock() - begun
        self._spent += self._cost

    def _say(self, reason: str) -> None:
        if not self._troubled:
            self._troubled = True
            self._note(f"The page {self.folder / page.NAME} could not be drawn; the run continues. {reason}")
