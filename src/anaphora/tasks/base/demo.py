"""A demo: data that our own code makes, the options of a minute's training, and what to show of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

Say = Callable[[str], None]
"""Writes a text, line ends included."""


class Shown(NamedTuple):
    """What there is to show after training."""

    model: Any  # the task's trained model
    report: Any
    data: Path
    output: Path


@dataclass(frozen=True)
class Demo:
    """A task's demo."""

    summary: str  # a line of `anaphora demo --help`
    help: str
    ending: str  # of the file of data
    options: tuple[str, ...]
    data: Callable[[], str]
    about: str  # the data, with {data} for their file
    show: Callable[[Shown, Say], None]
    next: Sequence[str]  # commands to try, with {model} and {data}
