"""The examination of data in three stages; each stage needs that the stage before it found no error.

    files → their content → the examples to train on

Each task has its own rules; the rules that several tasks share are in `checks/`. Training runs the first two stages
itself and refuses data with errors; `anaphora check` runs all three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from anaphora.checks.findings import Finding, errors, of_taken, ordered
from anaphora.errors import AnaphoraError, DataError
from anaphora.formatting import problem_and_remedy


@dataclass(frozen=True)
class Load:
    """The load of a training: a checked spec, batches of `rows` by `steps`, batches per epoch, and size of the data."""

    tree: Mapping[str, Any]
    rows: int  # B, rows of a batch
    steps: int  # T, steps of a batch; for ragged rows the mean
    batches: int  # batches of one epoch
    data_bytes: int  # of the data in memory and of counting a baseline
    scored_lines: int = 0  # steps of all rows that are scored together
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The rows and steps of the parts of a model that have their own."""
    epochs: float | None = None  # if the task chooses them by the amount of data


class Rules(Protocol):
    """The methods of a task that checks need."""

    def check_files(self, config: Any, paths: Sequence[str | Path]) -> list[Finding]:
        """Return the problems of files that can be found before they are read."""

    def read(self, config: Any, paths: Sequence[str | Path]) -> Any:
        """Return the corpus.

        Raises DataError if the data cannot be read.
        """

    def check(self, config: Any, corpus: Any) -> list[Finding]:
        """Return the problems of a corpus."""

    def describe(self, config: Any, corpus: Any) -> tuple[list[Finding], Load | None]:
        """Return findings on the examples (lengths, vocabulary, unknown units), and the load of training on them.

        Raises DataError if no examples can be made.
        """


def examine(task: Rules, config: Any, paths: Sequence[str | Path]) -> tuple[Any, list[Finding]]:
    """Return the corpus, or None if it cannot be read, and the findings of the first two stages."""
    found = task.check_files(config, paths)
    if errors(found):
        return None, found
    try:
        corpus = task.read(config, paths)
    except DataError as error:
        return None, [*found, unreadable(error)]
    return corpus, [*found, *of_corpus(task, config, corpus)]


def of_corpus(task: Rules, config: Any, corpus: Any) -> list[Finding]:
    """Return how a corpus was read, and the findings of the second stage."""
    return [*of_taken(corpus.taken), *task.check(config, corpus)]


def whole(
    task: Rules, config: Any, paths: Sequence[str | Path], estimate: Callable[[Load], list[Finding]]
) -> list[Finding]:
    """Return the findings of all three stages in the order of a report; `estimate` returns findings on the cost of a
    load.
    """
    corpus, found = examine(task, config, paths)
    if not errors(found):
        try:
            described, load = task.describe(config, corpus)
        except DataError as error:
            described, load = [unreadable(error)], None
        found = [*found, *described, *([] if load is None else estimate(load))]
    return ordered(found)


def unreadable(error: AnaphoraError) -> Finding:
    """Return a reader's error as a finding."""
    return Finding("unreadable", "error", "the data", (), *problem_and_remedy(str(error)))
