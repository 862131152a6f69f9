"""Data are looked at in three turns, each of which needs that the one before found no error.

    files → what was read from them → what would be trained on it

The rules of a turn are the task's; rules that several tasks need are in `data/`. Training makes the first two turns
itself and refuses what they call errors; `anaphora check` makes all three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from anaphora.checks.findings import SEVERITIES, Finding, errors
from anaphora.errors import DataError


@dataclass(frozen=True)
class Load:
    """What training would have to carry: a checked spec, batches of `rows` by `steps`, so many per pass, and data."""

    tree: Mapping[str, Any]
    rows: int  # B, side by side in a batch
    steps: int  # T, of a batch; for ragged rows the mean
    batches: int  # in one pass over the training part
    data_bytes: int  # that stay in memory, and what counting a baseline takes
    scored_lines: int = 0  # steps of all rows that are scored at once
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """For a part of a model that sees others: its rows and steps."""
    passes: float | None = None  # where the task takes as many as suit the amount of data


class Rules(Protocol):
    """A task's `task.py`, as far as checks go."""

    def check_files(self, config: Any, paths: Sequence[str | Path]) -> list[Finding]:
        """What is wrong with files before anything is read from them."""

    def read(self, config: Any, paths: Sequence[str | Path]) -> Any:
        """The corpus.

        Raises DataError for what cannot be read.
        """

    def check(self, config: Any, corpus: Any) -> list[Finding]:
        """What is wrong with what was read."""

    def describe(self, config: Any, corpus: Any) -> tuple[list[Finding], Load | None]:
        """What would be trained on: lengths, vocabulary, what is unknown; and how much work that is.

        Raises DataError for what cannot be.
        """


def examine(task: Rules, config: Any, paths: Sequence[str | Path]) -> tuple[Any, list[Finding]]:
    """The corpus, None where it cannot be read, and what was found in the first two turns."""
    found = task.check_files(config, paths)
    if errors(found):
        return None, found
    try:
        corpus = task.read(config, paths)
    except DataError as error:
        return None, [*found, unreadable(error)]
    return corpus, [*found, *task.check(config, corpus)]


def whole(
    task: Rules, config: Any, paths: Sequence[str | Path], estimate: Callable[[Load], list[Finding]]
) -> list[Finding]:
    """What is found in all three turns, the worst first; `estimate` says what a load takes."""
    corpus, found = examine(task, config, paths)
    if not errors(found):
        try:
            described, load = task.describe(config, corpus)
        except DataError as error:
            described, load = [unreadable(error)], None
        found = [*found, *described, *([] if load is None else estimate(load))]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def unreadable(error: DataError) -> Finding:
    """What a reader refused, as a finding."""
    message, _, remedy = str(error).partition("; ")
    return Finding("unreadable", "error", "the data", (), _sentence(message), _sentence(remedy))


def _sentence(words: str) -> str:
    end = "" if words.endswith((".", "?", "!")) or not words else "."
    return f"{words[:1].upper()}{words[1:]}{end}"
