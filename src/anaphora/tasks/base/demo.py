"""A demo: generated data, the options of a minute's training, and the output after training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

Say = Callable[[str], None]
"""Writes a text, line ends included."""


class Shown(NamedTuple):
    """The state after training, for the output of a demo."""

    model: Any  # the task's trained model
    report: Any
    data: Path
    page: Path  # that the demo draws


@dataclass(frozen=True)
class Demo:
    """The demo of a task."""

    summary: str  # a line of `anaphora demo --help`
    help: str
    ending: str  # of the file of data
    options: tuple[str, ...]
    data: Callable[[], str]
    about: str  # the data, with {data} for their file
    show: Callable[[Shown, Say], None]
    next: Sequence[str]  # commands to try, with {model} and {data}
    draws: bool = False  # whether `show` writes a page
